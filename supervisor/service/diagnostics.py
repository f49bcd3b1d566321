"""The diagnostics document: the seed's fields, unchanged in name and place, and more beside them.

The supervisor fills it in as a part of the status document (`wire.status.Allocation`); the
gateway serves it as `GET /diagnostics/cpu-allocation`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeVar

import msgspec

from supervisor.core.allocation.policy import Decision
from supervisor.pool.process_stats import thread_affinities
from supervisor.service.control import ControlLoop
from supervisor.wire.status import (
    Allocation,
    AllocationDecision,
    AllocationStats,
    CacheStatus,
    CoreBounds,
    CoreShare,
    CpuPressure,
    CurrentAllocation,
    DecisionInputs,
    EffectiveCpus,
    Leases,
    MemoryBytes,
    MemoryCare,
    PoolInUse,
    SystemInfo,
    Thresholds,
    ThrottlingCounters,
    WorkerLease,
)

if TYPE_CHECKING:
    from supervisor.service.supervisor import Service
    from supervisor.wire.worker import Shaped

T = TypeVar("T", bound=msgspec.Struct)


def allocation(service: Service) -> Allocation:
    """The allocation document: cores held, the last decision, and the inputs of it."""
    control = service.control
    policy, error = control.policy, control.error
    return Allocation(
        status="error" if error else "success" if policy.enabled else "disabled",
        error=error,
        dynamic_allocation_enabled=policy.enabled,
        allocation_stats=_stats(service),
        policy=msgspec.to_builtins(policy),
        recommended_settings=_in_use(service),
        system_info=_system(control),
        leases=_leases(service),
        configuration_error=service.configuration_error,
        restart_needed_for=sorted(service.restart_needed_for),
        profiles=service.profiles.status(),
        memory=_memory(service),
        cache=_cache(service),
        forecast=service.foresight.status(policy),
    )


def _memory(service: Service) -> MemoryCare:
    keeper = service.memory
    return MemoryCare(
        state=service.control.allocator.limits.memory.state,
        reserve_bytes=keeper.reserve,
        available_bytes=None if keeper.seen is None else keeper.seen.available,
        claimed_by_others_bytes=keeper.claimed_by_others,
        pressure_percent=keeper.pressure,
        predicted_worker_bytes=dict(service.load.bytes_by_engine()),
        last_event=keeper.last_event,
    )


def _cache(service: Service) -> CacheStatus:
    repeats = service.jobs.repeats
    wanted = repeats.hits + repeats.misses
    return CacheStatus(
        enabled=service.settings.cache.enabled,
        entries=len(repeats.cache),
        bytes=repeats.cache.bytes,
        hits=repeats.hits,
        misses=repeats.misses,
        hit_ratio=round(repeats.hits / wanted, 4) if wanted else None,
        evicted=repeats.cache.evicted,
        saved_s=round(repeats.saved_s, 3),
        disk_bytes=service.segments.bytes,
    )


def _stats(service: Service) -> AllocationStats:
    control = service.control
    policy, allocator = control.policy, control.allocator
    return AllocationStats(
        monitoring_active=control.sample is not None,
        total_cores=len(control.monitor.machine.cpus),
        current_allocation=_current(service),
        thresholds=Thresholds(
            cpu_target=policy.cpu_target,
            scale_up_threshold=policy.cpu_target,
            scale_down_threshold=policy.scale_down_threshold,
            hysteresis_factor=policy.hysteresis_factor,
            monitoring_interval=policy.monitoring_interval,
        ),
        utilization_history=[round(u, 2) for u in allocator.utilization_history],
        average_utilization=_rounded(
            _first_known([allocator.average, *(d.average for d in reversed(allocator.history))])
        ),
        starved_by_others_percent=_rounded(allocator.starved_percent),
        cooldown_remaining_s=round(allocator.cooldown_remaining, 2),
        scale_down_wait_s=round(allocator.scale_down_wait, 2),
        reallocations=control.reallocations,
        shape_reason=control.allocation.shaper.reason,
        demand=round(control.allocation.shaper.demand, 2),
        decision_counts={str(kind): n for kind, n in allocator.decision_counts.items()},
        decisions=[_decision(decision) for decision in allocator.history],
    )


def _reported(service: Service) -> list[Shaped]:
    """Shapes that the wanted workers report, which differ from a target that was refused."""
    shaped = (service.shaped(slot.epoch) for slot in service.pool.slots.values())
    return [each for each in shaped if each is not None]


def _current(service: Service) -> CurrentAllocation:
    control, workers = service.control, _reported(service)
    allocator = control.allocator
    past = list(allocator.history)[::-1]
    last = past[0] if past else None
    return CurrentAllocation(
        allocated_cores=sum(len(worker.cpus) for worker in workers),
        decided_cores=allocator.cores,
        inter_op_threads=1,
        intra_op_threads=max((worker.threads for worker in workers), default=0),
        utilization_percent=_rounded(_first_known(decision.utilization for decision in past)),
        allocation_reason=last.reason if last is not None else "start",
        timestamp=control.changed_at,
    )


def _in_use(service: Service) -> PoolInUse:
    """Workers and threads that the pool runs with now; the seed calls them recommended."""
    workers = _reported(service)
    return PoolInUse(
        workers=len(workers),
        onnx_inter_op_threads=1,
        onnx_intra_op_threads=max((worker.threads for worker in workers), default=0),
        batch_size=1,
        concurrent_requests=len(workers),
        allocated_cores=sum(len(worker.cpus) for worker in workers),
    )


def _system(control: ControlLoop) -> SystemInfo:
    limits, sample, bounds = control.monitor.limits, control.sample, control.allocator.bounds
    temperature = sample.temperature if sample is not None else None
    memory = sample.memory if sample is not None else None
    pressure = sample.pressure if sample is not None else None
    return SystemInfo(
        total_cpu_cores=len(control.monitor.machine.cpus),
        current_pid=os.getpid(),
        effective_cpus=EffectiveCpus(
            online=list(limits.online),
            affinity=list(limits.affinity),
            cpuset=None if limits.cpuset is None else list(limits.cpuset),
            quota_cores=limits.quota,
            usable=list(limits.cpus),
            usable_count=limits.count,
            won=limits.won,
        ),
        bounds=_convert(CoreBounds, bounds),
        temperature_c="unknown" if temperature is None else temperature,
        throttling=None if sample is None else _convert(ThrottlingCounters, sample.throttling),
        memory=None if memory is None else _convert(MemoryBytes, memory),
        pressure=None if pressure is None else _convert(CpuPressure, pressure),
        utilization_source=control.monitor.source,
        core_busy_percent=_by_core(sample.busy if sample is not None else {}),
        core_foreign_percent=_by_core(sample.foreign if sample is not None else {}),
        monitor_errors=list(map(str, sample.errors)) if sample is not None else [],
    )


def _leases(service: Service) -> Leases:
    """Per core: the slot that holds it; affinity and session of each worker, asked and observed."""
    leases = service.control.leases
    return Leases(
        cores={str(cpu): slot for cpu, slot in sorted(service.pool.core_holders.items())},
        leased_by_others=sorted(leases.others),
        error=leases.error or service.control.claims.error,
        shares=_shares(service.control),
        workers=[
            WorkerLease(
                slot=slot.number,
                requested_affinity=list(slot.shape.cpus),
                observed_affinity=[list(mask) for mask in thread_affinities(shaped.pid)],
                intra_op_threads=shaped.threads,
                session_generation=shaped.session_generation,
                reshape_error=shaped.error,
                environment=shaped.environment,
            )
            for slot in service.pool.workers
            if (shaped := service.shaped(slot.epoch)) is not None
        ],
    )


def _shares(control: ControlLoop) -> list[CoreShare]:
    """What each supervisor has of the cores, and should have."""
    shared = control.allocator.limits.shared
    if shared is None:
        return []
    return [
        CoreShare(
            pid=claim.pid,
            weight=claim.weight,
            held=len(claim.holds),
            wanted=claim.wanted,
            fair=fair,
            own=index == 0,
        )
        for index, (claim, fair) in enumerate(zip(shared.claims, shared.fair, strict=True))
    ]


def _decision(decision: Decision) -> AllocationDecision:
    return AllocationDecision(
        now=decision.now,
        before=decision.before,
        after=decision.after,
        utilization=_rounded(decision.utilization),
        average=_rounded(decision.average),
        reason=decision.reason,
        kind=decision.kind,
        figures=tuple(round(figure, 2) for figure in decision.figures),
        inputs=None if decision.inputs is None else _convert(DecisionInputs, decision.inputs),
        profile=decision.profile,
    )


def _convert(kind: type[T], record: object) -> T:
    """Convert an internal record to the record of the document that has its fields."""
    return kind(**{name: getattr(record, name) for name in kind.__struct_fields__})


def _first_known(values: Iterable[float | None]) -> float | None:
    """The first value that is not None; the latest comes first."""
    return next((value for value in values if value is not None), None)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _by_core(percent: dict[int, float]) -> dict[str, float]:
    return {str(cpu): round(value, 1) for cpu, value in sorted(percent.items())}
