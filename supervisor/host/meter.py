"""CPU use between two calls: of the pool, of each core, of other programs.

Only the last reading is kept. Faults are reported, not raised, because a reading that fails must
not stop the control loop.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from types import MappingProxyType

import msgspec

from supervisor.host.cputimes import (
    CpuTime,
    ProcessTime,
    read_cpu_times,
    read_process_time,
    stat_path,
)
from supervisor.host.roots import Host
from supervisor.host.sample import Unread, UtilizationSource
from supervisor.host.usage import (
    Demand,
    Leases,
    busy_percent,
    cores_of,
    foreign_percent,
    kernel_elapsed,
    mean_percent,
    pool_demand,
    stand_in_waits,
    waited_seconds,
    worker_percent,
    worker_seconds,
)
from supervisor.host.waits import RunQueueWaits

MIN_ELAPSED = 0.05
"""Shortest interval that is measured, in seconds: CPU time advances in steps of 10 ms."""

CLOCK_TOLERANCE = 2.0
"""Factor by which the caller's clock and the kernel's CPU accounting may differ."""


class Usage(msgspec.Struct, frozen=True):
    """The part of a sample that needs two readings; the fields are those of `Sample`."""

    utilization: float | None = None
    starved: float | None = None
    busy: dict[int, float] = {}
    foreign: dict[int, float] = {}
    workers: dict[int, float] = {}
    leased: int = 0
    errors: tuple[Unread, ...] = ()


class _Reading(msgspec.Struct, frozen=True, kw_only=True):
    now: float
    cpus: dict[int, CpuTime]
    processes: dict[int, ProcessTime]
    waits: dict[int, float]
    leases: Leases


class UsageMeter:
    """Measures CPU use since its last call."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._waits = RunQueueWaits(host)
        self._last = _Reading(
            now=-math.inf, cpus={}, processes={}, waits={}, leases=MappingProxyType({})
        )

    def measure(
        self,
        now: float,
        leases: Leases,
        source: UtilizationSource,
        running: float = 0.0,
        throttled: float = 0.0,
        busy: Collection[int] | None = None,
    ) -> Usage:
        """Usage since the last call; empty at the first, within MIN_ELAPSED, or if a clock jumped.

        `running`: segments under way on average since the last call; `throttled`: seconds for
        which a quota stopped the pool since then. Both stand in where the kernel does not count
        how long threads waited. `busy`: workers that have a segment now, whose waits are read even
        if they have not run at all; None: all.
        """
        last = self._last
        if not math.isfinite(now):
            return Usage(errors=(Unread("clock", f"{now} is not a time"),))
        if 0 <= now - last.now < MIN_ELAPSED:
            return Usage()
        errors: list[Unread] = []
        processes, waits = self._processes(leases, busy, errors)
        reading = _Reading(
            now=now,
            cpus=self._cpus(errors),
            processes=processes,
            waits=waits,
            leases=dict(leases),
        )
        self._forget(last.leases, leases)
        self._last = reading
        if last.now == -math.inf:
            return Usage(errors=tuple(errors))
        if jump := _clock_fault(last, reading):
            return Usage(errors=(*errors, jump))
        return _usage(last, reading, source, running, throttled, tuple(errors))

    def _cpus(self, errors: list[Unread]) -> dict[int, CpuTime]:
        try:
            return read_cpu_times(self._host)
        except (OSError, ValueError, LookupError) as error:
            errors.append(Unread("CPU times", str(error)))
            return {}

    def _processes(
        self, leases: Leases, busy: Collection[int] | None, errors: list[Unread]
    ) -> tuple[dict[int, ProcessTime], dict[int, float]]:
        """CPU time, and seconds waited, of each worker that exists."""
        times: dict[int, ProcessTime] = {}
        waits: dict[int, float] = {}
        for pid in leases:
            try:
                time = read_process_time(self._host, pid)
                if time is None:
                    self._waits.forget(pid)
                    continue
                times[pid] = time
                waited = self._waits.total(pid, time, busy=busy is None or pid in busy)
            except (OSError, ValueError, LookupError) as error:
                errors.append(Unread(f"CPU time of process {pid}", str(error)))
                continue
            if waited is not None:
                waits[pid] = waited
        return times, waits

    def _forget(self, before: Leases, after: Leases) -> None:
        for pid in before.keys() - after.keys():
            self._host.forget(stat_path(self._host, pid))
            self._waits.forget(pid)


def _clock_fault(last: _Reading, reading: _Reading) -> Unread | None:
    """The fault if the caller's clock went back or jumped ahead, else None.

    A jump shows by comparison with the time that the kernel accounted to the CPUs; where it
    accounts none (some sandboxes), the caller's clock is trusted.
    """
    elapsed = reading.now - last.now
    if elapsed < 0:
        return Unread("clock", f"went back by {-elapsed:.3f} s")
    kernel = kernel_elapsed(last.cpus, reading.cpus)
    if kernel is not None and not 1 / CLOCK_TOLERANCE <= elapsed / kernel <= CLOCK_TOLERANCE:
        why = f"{elapsed:.3f} s passed, but {kernel:.3f} s by the kernel's count"
        return Unread("clock", why)
    return None


def _usage(
    last: _Reading,
    reading: _Reading,
    source: UtilizationSource,
    running: float,
    throttled: float,
    errors: tuple[Unread, ...],
) -> Usage:
    elapsed = reading.now - last.now
    busy = busy_percent(last.cpus, reading.cpus)
    seconds = worker_seconds(last.processes, reading.processes)
    foreign = foreign_percent(busy, seconds, last.leases, reading.leases, elapsed)
    counted = seconds if source == "pool" else reading.leases
    waits = stand_in_waits(seconds, reading.leases, elapsed, foreign, running, throttled)
    waits |= waited_seconds(last.waits, reading.waits, seconds)
    demand = pool_demand(seconds, waits, reading.leases, elapsed, foreign)
    return Usage(
        utilization=_utilization(source, busy, demand, reading.leases),
        starved=None if demand is None else demand.starved,
        busy=busy,
        foreign=foreign,
        workers=worker_percent(seconds, reading.leases, elapsed),
        leased=len(cores_of(reading.leases, counted)),
        errors=errors,
    )


def _utilization(
    source: UtilizationSource,
    busy: dict[int, float],
    demand: Demand | None,
    leases: Leases,
) -> float | None:
    match source:
        case "pool":
            return None if demand is None else demand.wanted
        case "cores":
            return mean_percent(busy, cores_of(leases, leases))
        case "system":
            return mean_percent(busy, busy)
