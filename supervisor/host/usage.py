"""Percentages of CPU use from two readings: of a core, of the pool, of other programs.

Pure arithmetic. All percentages are 0–100, of a core unless stated otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from statistics import median

import msgspec

from supervisor.host.cputimes import TICKS_PER_SECOND, CpuTime, ProcessTime

Leases = Mapping[int, tuple[int, ...]]
"""The CPU ids that each worker holds, by pid."""


def cores_of(leases: Leases, pids: Iterable[int]) -> set[int]:
    """The CPU ids that these workers hold between them."""
    return {cpu for pid in pids for cpu in leases[pid]}


def busy_percent(before: Mapping[int, CpuTime], after: Mapping[int, CpuTime]) -> dict[int, float]:
    """Percent of time that each CPU was busy; one that came, went or stood still is left out.

    The kernel's count of waiting for I/O may step back (proc_stat(5)), hence the bounds.
    """
    percent: dict[int, float] = {}
    for cpu, new in after.items():
        old = before.get(cpu)
        if old is not None:
            total = new.total - old.total
            if total > 0:
                load = 100.0 * (new.busy - old.busy) / total
                percent[cpu] = load if 0.0 <= load <= 100.0 else min(100.0, max(0.0, load))
    return percent


def kernel_elapsed(before: Mapping[int, CpuTime], after: Mapping[int, CpuTime]) -> float | None:
    """Seconds that the kernel accounted to the median CPU in between; None if it accounts none."""
    ticks = [new.total - before[cpu].total for cpu, new in after.items() if cpu in before]
    elapsed = median(ticks) / TICKS_PER_SECOND if ticks else 0.0
    return elapsed if elapsed > 0 else None


def worker_seconds(
    before: Mapping[int, ProcessTime], after: Mapping[int, ProcessTime]
) -> dict[int, float]:
    """CPU seconds by pid, for each process that was there at both readings."""
    return {
        pid: max(0, new.used - before[pid].used) / TICKS_PER_SECOND
        for pid, new in after.items()
        if pid in before and before[pid].started == new.started
    }


class Demand(msgspec.Struct, frozen=True):
    """Demand of the workers on their cores, in percent of them, 0–100.

    starved: the part of it that they did not get because other programs had it.
    """

    wanted: float
    starved: float


def pool_demand(
    seconds: Mapping[int, float],
    waits: Mapping[int, float],
    leases: Leases,
    elapsed: float,
    foreign: Mapping[int, float],
) -> Demand | None:
    """CPU time that the workers used and waited for, divided by the time of their cores.

    None if no worker was measured. A worker without two readings is in neither part of
    the fraction, so that its coming or going makes no spike.

    A worker wanted the time that its threads ran, and the time that they were ready to run and did
    not (`waits`, seconds by pid), together at most all the time of its cores, for threads of one
    worker also wait for each other. So a pool that other programs keep from its cores counts as
    busy and grows onto others, and one that wants little counts as idle, however busy the other
    programs are. Of the time waited, other programs had as much as they used on these cores
    (`foreign`, percent by CPU; unknown: none); a quota held back the rest.
    """
    cores = cores_of(leases, seconds)
    if not cores:
        return None
    got = wanted = starved = 0.0
    for pid, spent in seconds.items():
        offered = len(leases[pid]) * elapsed
        used = min(spent, offered)
        waited = min(waits.get(pid, 0.0), offered - used)
        others = sum(foreign.get(cpu, 0.0) for cpu in leases[pid]) / 100.0 * elapsed
        got += used
        wanted += used + waited
        starved += min(waited, others)
    scale = 100.0 / (len(cores) * elapsed)
    return Demand(min(100.0, scale * wanted), min(scale * starved, max(0.0, 100.0 - scale * got)))


def stand_in_waits(
    seconds: Mapping[int, float],
    leases: Leases,
    elapsed: float,
    foreign: Mapping[int, float],
    running: float,
    throttled: float,
) -> dict[int, float]:
    """Estimate the waits of workers, in seconds by pid, where the kernel does not count them.

    `running` segments were under way, on average, in as many of these workers. A worker with a
    segment wants all its cores, and waited for the time that it did not get; but a wide session
    leaves some of its cores idle at times. So the wait is at most what other programs used there
    (all of a core of which that is unknown) and what a quota held back (`throttled`, seconds of all
    workers together).
    """
    if not seconds:
        return {}
    busy = min(1.0, running / len(seconds))
    return {
        pid: min(
            max(0.0, busy * len(leases[pid]) * elapsed - used),
            sum(foreign.get(cpu, 100.0) for cpu in leases[pid]) / 100.0 * elapsed
            + throttled / len(seconds),
        )
        for pid, used in seconds.items()
    }


def waited_seconds(
    before: Mapping[int, float], after: Mapping[int, float], known: Iterable[int]
) -> dict[int, float]:
    """Seconds waited by pid, of the processes `known` to be the same at both readings."""
    return {
        pid: max(0.0, after[pid] - before[pid]) for pid in known if pid in before and pid in after
    }


def worker_percent(
    seconds: Mapping[int, float], leases: Leases, elapsed: float
) -> dict[int, float]:
    """CPU time of each worker measured, in percent of the cores it holds."""
    return {
        pid: min(100.0, 100.0 * used / (len(leases[pid]) * elapsed))
        for pid, used in seconds.items()
        if leases[pid]
    }


def mean_percent(busy: Mapping[int, float], cpus: Iterable[int]) -> float | None:
    """The mean over those of these CPUs that are known; None if none is."""
    known = [busy[cpu] for cpu in cpus if cpu in busy]
    return sum(known) / len(known) if known else None


def foreign_percent(
    busy: Mapping[int, float],
    seconds: Mapping[int, float],
    before: Leases,
    after: Leases,
    elapsed: float,
) -> dict[int, float]:
    """Load of each core by other programs than the pool.

    A worker's time is not reported per core; it is spread over the cores it held at either end of
    the interval in proportion to how busy they were, because a worker of which one thread runs
    keeps one core busy and not each a little. Cores of a worker whose time is unknown are left out:
    the share of other programs there is unknown, too.
    """
    own: dict[int, float] = {}
    unknown: set[int] = set()
    for pid in before.keys() | after.keys():
        cpus = set(before.get(pid, ())) | set(after.get(pid, ()))
        if pid not in seconds:
            unknown |= cpus
            continue
        total = sum(busy.get(cpu, 0.0) for cpu in cpus)
        for cpu in cpus if total > 0 else ():
            part = busy.get(cpu, 0.0) / total
            own[cpu] = own.get(cpu, 0.0) + 100.0 * seconds[pid] / elapsed * part
    return {
        cpu: max(0.0, load - own.get(cpu, 0.0)) for cpu, load in busy.items() if cpu not in unknown
    }
