"""Fills in the status document, which `supervisor status --json` prints.

Its fields and their meaning are in `wire.status`.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

import msgspec

from supervisor import __version__
from supervisor.config.sections.classes import Batch, Interactive, Stream
from supervisor.core.pool.slot import Slot
from supervisor.pool.process_stats import pss_bytes, thread_affinities
from supervisor.service.diagnostics import allocation
from supervisor.speech import RequestClass
from supervisor.wire.status import (
    JOB_OUTCOMES,
    ClassesStatus,
    ClassStatus,
    Distribution,
    HostProfile,
    JobCounts,
    JournalStatus,
    PoolStatus,
    QueueStatus,
    Status,
    SupervisorStatus,
    Timings,
    WatchersStatus,
    WorkerState,
    WorkerStatus,
)

if TYPE_CHECKING:
    from supervisor.service.supervisor import Service


def status_document(service: Service) -> dict[str, Any]:
    """The status document of now: supervisor, workers and jobs."""
    document: dict[str, Any] = msgspec.to_builtins(_status(service))
    return document


def outlook_document(service: Service) -> dict[str, Any]:
    """How soon a sentence of a new client would be begun, and what bounds more work: the answer to
    OUTLOOK.
    """
    limits = service.control.allocator.limits
    bounds = limits.bounds
    return {
        **service.jobs.outlook(asyncio.get_running_loop().time())._asdict(),
        "cores": bounds.upper,
        "hot": bounds.winner == "thermal",
        "memory": limits.memory.state,
        "draining": service.broker.draining,
    }


def worker_state(slot: Slot, *, idle: bool, condemned: bool) -> WorkerState:
    """The slot's state, more precise where it has a worker at work.

    `idle`: the worker runs no segment; `condemned`: it hung and is being ended.
    """
    if slot.at_work and condemned:
        return "ending"
    if slot.state != "ready":
        return slot.state
    if idle:
        return "idle"
    return "busy" if slot.employed else "standby"


def _status(service: Service) -> Status:
    return Status(
        supervisor=SupervisorStatus(
            pid=os.getpid(),
            epoch=service.broker.epoch,
            version=__version__,
            state=service.state,
            template_pid=service.workers.launcher.pid,
            configuration_error=service.configuration_error,
        ),
        host_profile=HostProfile(
            engines=sorted(service.profile.engines),
            measured_at=service.profile.measured_at,
            ignored=service.profile.ignored,
        ),
        allocation=allocation(service),
        pool=PoolStatus(
            restarts=service.pool.restarts.total,
            fatal_slots=[slot.number for slot in service.pool.fatal],
        ),
        workers=[_worker(service, slot) for slot in service.pool.workers],
        jobs=_jobs(service),
        queue=_queue(service),
        classes=_classes(service),
        timings=msgspec.convert(service.jobs.timings.document(), Timings),
        journal=JournalStatus(
            enabled=service.settings.journal.enabled,
            sync=service.settings.journal.sync,
            recovered=service.broker.recovered,
            problem=service.journal.problem,
            writable=_writable(service),
            damaged_rows=service.journal.damage.rows,
            warnings=service.journal.warnings(),
            kept_bytes=service.jobs.retained.stored_bytes,
        ),
        tracing=service.tracer.document(),
        fleet=service.fleet.status,
        watchers=WatchersStatus(
            watching=len(service.broker.watchers),
            told=service.broker.watchers.told,
            lost=service.broker.watchers.lost,
        ),
    )


def _writable(service: Service) -> bool | None:
    """Whether durable jobs can be written down; None while that is not known, or not asked."""
    if not service.settings.journal.enabled or not service.broker.recovered:
        return None
    return service.journal.problem is None


def _worker(service: Service, slot: Slot) -> WorkerStatus:
    worker, shaped = service.workers.by_epoch.get(slot.epoch), service.shaped(slot.epoch)
    masks = thread_affinities(worker.pid) if worker is not None and worker.pid else []
    return WorkerStatus(
        slot=slot.number,
        epoch=slot.epoch,
        pid=(worker.pid or None) if worker is not None else None,
        state=worker_state(
            slot,
            idle=service.jobs.is_idle(slot.epoch),
            condemned=worker is not None and worker.kill_reason is not None,
        ),
        cpus=list(slot.shape.cpus),
        observed_cpus=sorted({cpu for mask in masks for cpu in mask}),
        intra_op_threads=shaped.threads if shaped is not None else slot.shape.threads,
        os_threads=len(masks),
        session_generation=shaped.session_generation if shaped is not None else 0,
        session_build_s=shaped.session_build_s if shaped is not None else None,
        reshape_error=shaped.error if shaped is not None else None,
        segments_done=worker.segments_done if worker is not None else 0,
        pss_mb=_pss_mb(worker.pid) if worker is not None and worker.pid else None,
        last_exit=slot.last_exit,
        retry_in_s=_retry_in_s(slot),
    )


def _retry_in_s(slot: Slot) -> float | None:
    """Seconds until a slot without a process is tried again."""
    if not slot.waiting or slot.wake_at is None:
        return None
    return round(max(0.0, slot.wake_at - asyncio.get_running_loop().time()), 1)


def _jobs(service: Service) -> JobCounts:
    jobs = service.jobs
    states = [job.state for job in jobs.jobs.values()]
    return JobCounts(
        queued=states.count("queued"),
        running=states.count("running"),
        **{outcome: jobs.counts[outcome] for outcome in JOB_OUTCOMES},
        spoken=jobs.counts["spoken"],
        retried=jobs.counts["retried"],
        stale=jobs.counts["stale"],
        refused=jobs.counts["refused"],
        segments_running=jobs.running_segments,
        segments_waiting=jobs.waiting_segments,
    )


def _queue(service: Service) -> QueueStatus:
    admission = service.jobs.admission
    return QueueStatus(
        jobs=admission.jobs,
        flows=admission.flows,
        largest_flow_work_s=round(admission.largest_flow_work_s, 3),
        text_bytes=admission.bytes,
        predicted_work_s=round(admission.work_s, 3),
        oldest_wait_s=round(service.jobs.oldest_wait(asyncio.get_running_loop().time()), 3),
        drain_rate=round(admission.drain.rate(len(service.pool.workers)), 3),
    )


def _classes(service: Service) -> ClassesStatus:
    jobs = service.jobs
    return ClassesStatus(
        interactive=_class(service, "interactive"),
        stream=_class(service, "stream"),
        batch=_class(service, "batch"),
        contended=jobs.contended(asyncio.get_running_loop().time()),
        preempted=jobs.preemption.segments,
        thrown_away_s=round(jobs.preemption.thrown_away_s, 3),
        shortened=jobs.shortened_segments,
    )


def _class(service: Service, name: RequestClass) -> ClassStatus:
    jobs = service.jobs
    settings: Interactive | Stream | Batch = getattr(service.settings.classes, name)
    return ClassStatus(
        jobs=sum(job.request_class == name for job in jobs.jobs.values()),
        segments_running=jobs.running_of(name),
        demoted=jobs.admission.demoted[name],
        weight=settings.weight,
        first_audio_s=msgspec.convert(jobs.timings.first_audio_of[name].document(), Distribution),
    )


def _pss_mb(pid: int) -> float | None:
    size = pss_bytes(pid)
    return None if size is None else round(size / 1e6, 1)
