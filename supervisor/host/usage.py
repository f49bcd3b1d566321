"""Two readings of CPU time to percentages: of a core, of the pool, of other programs.

Pure arithmetic. All percentages are 0–100; of a core unless said otherwise.
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
    """Percent of its time that each CPU was busy; one that came, went or stood still is left out.

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
    """Seconds that the kernel accounted for in between, by the median CPU; None if it does not."""
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

    starved: the part of it that they did not get because others had it.
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
    """CPU time that the workers used and waited for ÷ the time of their cores.

    None if no worker was measured. A worker without two readings is in neither part of
    the fraction, so that its coming or going makes no spike.

    What counts is what a worker wanted: the time that its threads ran, and the time that
    they were ready to run and did not (`waits`, seconds by pid), together at most all the
    time of its cores, for threads of one worker also wait for each other. So a pool that
    strangers keep from its cores counts as busy and grows onto others, and one that wants
    little counts as idle, however busy the strangers are. Of the time waited strangers had
    as much as they used on these cores (`foreign`, percent by CPU; unknown: none); the rest
    a quota held back.
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
    """Estimate the waits of workers, by pid, from their work, where the kernel does not tell.

    `running` segments were under way, on average, in as many of these workers. A worker in
    which one is wants its cores; what it did not get it waited for, unless nobody had it: a
    wide session uses some of its cores a part of the time only. So it is no more than strangers
    used there (all of a core of which that is unknown), and a quota held back (`throttled`,
    seconds of all of them).
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
    """The mean over these CPUs, as far as they are known; None if none is."""
    known = [busy[cpu] for cpu in cpus if cpu in busy]
    return sum(known) / len(known) if known else None


def foreign_percent(
    busy: Mapping[int, float],
    seconds: Mapping[int, float],
    before: Leases,
    after: Leases,
    elapsed: float,
) -> dict[int, float]:
    """Load of each core without the pool's own.

    A worker's time is not reported per core; it is laid on the cores it held at either
    end of the interval in proportion to how busy they were, because a worker of which
    one thread runs keeps one core busy and not each a little. Cores of a worker whose
    time is unknown are left out: what is strangers' there cannot be told.
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
