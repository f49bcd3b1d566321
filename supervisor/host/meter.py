"""Measures CPU use between two calls: of the pool, of each core, of strangers.

It keeps the last reading and nothing more. Faults are reported, not raised, because a
reading that fails must not stop the control loop.
"""

from __future__ import annotations

import math
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
from supervisor.host.sample import UtilizationSource
from supervisor.host.usage import (
    Leases,
    busy_percent,
    cores_of,
    foreign_percent,
    kernel_elapsed,
    mean_percent,
    pool_percent,
    worker_percent,
    worker_seconds,
)

MIN_ELAPSED = 0.05
"""Seconds below which two readings say nothing: CPU time advances in steps of 10 ms."""

CLOCK_TOLERANCE = 2.0
"""Factor by which the caller's clock and the kernel's CPU accounting may differ."""


class Usage(msgspec.Struct, frozen=True):
    """The part of a sample that needs two readings; the fields are those of `Sample`."""

    utilization: float | None = None
    busy: dict[int, float] = {}
    foreign: dict[int, float] = {}
    workers: dict[int, float] = {}
    leased: int = 0
    errors: tuple[str, ...] = ()


class _Reading(msgspec.Struct, frozen=True):
    now: float
    cpus: dict[int, CpuTime]
    processes: dict[int, ProcessTime]
    leases: Leases


class UsageMeter:
    """Give it the time and the leases; it gives what happened since it was last asked."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._last = _Reading(-math.inf, {}, {}, MappingProxyType({}))

    def measure(self, now: float, leases: Leases, source: UtilizationSource) -> Usage:
        """Empty at first, after a clock that jumped, and so soon that nothing can be told."""
        last = self._last
        if not math.isfinite(now):
            return Usage(errors=(f"clock: {now} is not a time",))
        if 0 <= now - last.now < MIN_ELAPSED:
            return Usage()
        errors: list[str] = []
        reading = _Reading(now, self._cpus(errors), self._processes(leases, errors), dict(leases))
        self._forget(last.leases, leases)
        self._last = reading
        if last.now == -math.inf:
            return Usage(errors=tuple(errors))
        if jump := _clock_fault(last, reading):
            return Usage(errors=(*errors, jump))
        return _usage(last, reading, source, tuple(errors))

    def _cpus(self, errors: list[str]) -> dict[int, CpuTime]:
        try:
            return read_cpu_times(self._host)
        except (OSError, ValueError, LookupError) as error:
            errors.append(f"CPU times: {error}")
            return {}

    def _processes(self, leases: Leases, errors: list[str]) -> dict[int, ProcessTime]:
        times: dict[int, ProcessTime] = {}
        for pid in leases:
            try:
                time = read_process_time(self._host, pid)
            except (OSError, ValueError, LookupError) as error:
                errors.append(f"CPU time of process {pid}: {error}")
                continue
            if time is not None:
                times[pid] = time
        return times

    def _forget(self, before: Leases, after: Leases) -> None:
        for pid in before.keys() - after.keys():
            self._host.forget(stat_path(self._host, pid))


def _clock_fault(last: _Reading, reading: _Reading) -> str | None:
    """A line that says so if the caller's clock went back or jumped ahead.

    A step shows by comparison with the time that the kernel accounted to the CPUs; where
    it accounts none (some sandboxes), the caller's clock is believed.
    """
    elapsed = reading.now - last.now
    if elapsed < 0:
        return f"clock: went back by {-elapsed:.3f} s"
    kernel = kernel_elapsed(last.cpus, reading.cpus)
    if kernel is not None and not 1 / CLOCK_TOLERANCE <= elapsed / kernel <= CLOCK_TOLERANCE:
        return f"clock: {elapsed:.3f} s passed, but {kernel:.3f} s by the kernel's count"
    return None


def _usage(
    last: _Reading, reading: _Reading, source: UtilizationSource, errors: tuple[str, ...]
) -> Usage:
    elapsed = reading.now - last.now
    busy = busy_percent(last.cpus, reading.cpus)
    seconds = worker_seconds(last.processes, reading.processes)
    foreign = foreign_percent(busy, seconds, last.leases, reading.leases, elapsed)
    counted = seconds if source == "pool" else reading.leases
    return Usage(
        utilization=_utilization(source, busy, foreign, seconds, reading.leases, elapsed),
        busy=busy,
        foreign=foreign,
        workers=worker_percent(seconds, reading.leases, elapsed),
        leased=len(cores_of(reading.leases, counted)),
        errors=errors,
    )


def _utilization(
    source: UtilizationSource,
    busy: dict[int, float],
    foreign: dict[int, float],
    seconds: dict[int, float],
    leases: Leases,
    elapsed: float,
) -> float | None:
    match source:
        case "pool":
            return pool_percent(seconds, leases, elapsed, foreign)
        case "cores":
            return mean_percent(busy, cores_of(leases, leases))
        case "system":
            return mean_percent(busy, busy)
