"""CPU limits of a process: the number of cores, their ids, and the limit that binds.

Usable CPUs are those that are online, in the affinity mask and in the cpuset; their
number is bounded by the CFS quota, the smallest up the cgroup tree. The affinity is
that of its main thread: it is set from outside, so the supervisor must not
pin itself.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Literal

import msgspec

from supervisor.host.cgroups import Group, Groups
from supervisor.host.cpulist import parse_cpulist
from supervisor.host.roots import Host

LimitName = Literal["online", "affinity", "cpuset", "quota"]


class Limits(msgspec.Struct, frozen=True):
    """All CPU limits, and the one that binds (`won`).

    `affinity` holds online CPUs only. `cpus` are the usable ids; at most `count` of them may be
    held at once. `quota` is in cores, with the directory it was found in; None means unlimited or
    not reported.
    """

    online: tuple[int, ...]
    affinity: tuple[int, ...]
    cpuset: tuple[int, ...] | None
    quota: float | None
    quota_directory: str | None
    cpus: tuple[int, ...]
    count: int
    won: LimitName


class Quota(msgspec.Struct, frozen=True):
    """CPU time per period, in microseconds, and the cgroup directory that sets it."""

    runtime: int
    period: int
    directory: str

    @property
    def cores(self) -> float:
        """The quota in cores."""
        return self.runtime / self.period


def read_limits(host: Host, groups: Groups) -> Limits:
    """Read all limits anew. Raises OSError or ValueError."""
    online = read_online(host)
    # The mask may name CPUs that could be plugged in but are not there.
    affinity = _common(online, _affinity(host)) or online
    cpuset = _cpuset(host, groups)
    # Masks are read one after the other; while they change they may not overlap, and then
    # the kernel goes by the affinity.
    usable = affinity if cpuset is None else _common(affinity, cpuset) or affinity
    quota = min(read_quotas(host, groups), key=lambda each: each.cores, default=None)
    return Limits(
        online=online,
        affinity=affinity,
        cpuset=cpuset,
        quota=quota.cores if quota else None,
        quota_directory=quota.directory if quota else None,
        cpus=usable,
        count=_count(len(usable), quota),
        won=_winner(usable, online, cpuset, quota),
    )


def assume_unlimited() -> Limits:
    """Limits that stand in until the first reading: every CPU counts."""
    cpus = tuple(range(os.cpu_count() or 1))
    return Limits(
        online=cpus,
        affinity=cpus,
        cpuset=None,
        quota=None,
        quota_directory=None,
        cpus=cpus,
        count=len(cpus),
        won="online",
    )


def read_online(host: Host) -> tuple[int, ...]:
    """The ids of the online CPUs; where /sys has no list, one per CPU counted.

    Raises OSError or ValueError; never empty.
    """
    path = host.sys + "/devices/system/cpu/online"
    text = host.poll_if_present(path)
    if text is None:
        return tuple(range(os.cpu_count() or 1))
    online = parse_cpulist(text)
    if not online:
        raise ValueError(f"{path} names no CPU")
    return online


def read_quotas(host: Host, groups: Groups) -> Iterator[Quota]:
    """Each finite CPU quota on the way from this process's groups up to the roots."""
    for group in groups.cpu:
        for level in group.levels:
            quota = _quota(host, group, level)
            if quota is not None:
                yield quota


def _common(some: tuple[int, ...], others: tuple[int, ...]) -> tuple[int, ...]:
    return some if some == others else tuple(sorted(set(some) & set(others)))


def _count(cpus: int, quota: Quota | None) -> int:
    """Whole cores, rounded down, at least 1.

    A worker keeps its cores busy all the time, so with one core more than the quota allows every
    worker is stopped for the rest of each period. The fraction that is left runs the supervisor
    itself.
    """
    return cpus if quota is None else max(1, min(cpus, quota.runtime // quota.period))


def _winner(
    usable: tuple[int, ...],
    online: tuple[int, ...],
    cpuset: tuple[int, ...] | None,
    quota: Quota | None,
) -> LimitName:
    """The limit that binds: raising it would give more cores.

    The kernel applies the cpuset to the affinity mask, so where both are equal the cpuset is the
    cause.
    """
    if quota is not None and quota.runtime < len(usable) * quota.period:
        return "quota"
    if len(usable) >= len(online):
        return "online"
    if cpuset is not None and usable == _common(cpuset, online):
        return "cpuset"
    return "affinity"


def _affinity(host: Host) -> tuple[int, ...]:
    status = host.poll_if_present(host.process + "/status") or b""
    _, found, rest = status.partition(b"\nCpus_allowed_list:")
    return parse_cpulist(rest.partition(b"\n")[0]) if found else ()


def _cpuset(host: Host, groups: Groups) -> tuple[int, ...] | None:
    """The intersection over the hierarchies; in each, the nearest level that has a list."""
    found: set[int] | None = None
    for group in groups.cpuset:
        cpus = next((c for level in group.levels if (c := _level_cpuset(host, group, level))), None)
        if cpus:
            found = set(cpus) if found is None else found & set(cpus)
    return None if found is None else tuple(sorted(found))


def _level_cpuset(host: Host, group: Group, level: str) -> tuple[int, ...]:
    names = (
        ("cpuset.cpus.effective",)
        if group.version == 2
        else ("cpuset.effective_cpus", "cpuset.cpus")
    )
    for name in names:
        text = host.poll_if_present(f"{level}/{name}")
        if text and text.strip():
            return parse_cpulist(text)
    return ()


def _quota(host: Host, group: Group, level: str) -> Quota | None:
    """`cpu.max` of v2 (`max 100000` is none), or the CFS pair of v1 (-1 is none)."""
    if group.version == 2:
        fields = (host.poll_if_present(f"{level}/cpu.max") or b"max 100000").split()
    else:
        fields = [
            host.poll_if_present(f"{level}/cpu.cfs_quota_us") or b"-1",
            host.poll_if_present(f"{level}/cpu.cfs_period_us") or b"100000",
        ]
    if fields[0].strip() in (b"max", b"-1"):
        return None
    runtime, period = int(fields[0]), int(fields[1])
    if runtime <= 0 or period <= 0:
        raise ValueError(f"a quota of {runtime} µs per {period} µs in {level}")
    return Quota(runtime, period, level)
