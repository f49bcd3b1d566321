"""Throttling of our cores, by a cgroup quota or by heat."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from supervisor.host.cgroups import Groups
from supervisor.host.limits import read_quotas
from supervisor.host.roots import Host


class Throttling(msgspec.Struct, frozen=True):
    """Counters of throttling, and whether they rose since the last reading.

    None: there is no such counter (no quota, no thermal counter on this processor), or, for a
    flag, no earlier reading. Counters run since boot or since the cgroup was made: heat events,
    periods that ended throttled, seconds spent throttled.
    """

    thermal_events: int | None = None
    thermal_rising: bool | None = None
    cgroup_periods: int | None = None
    cgroup_seconds: float | None = None
    cgroup_rising: bool | None = None


class QuotaCounters(msgspec.Struct, frozen=True):
    """`cpu.stat` of one cgroup that has a quota."""

    periods: int
    seconds: float


def read_quota_counters(host: Host, groups: Groups) -> dict[str, QuotaCounters]:
    """Counters by cgroup directory, of each that sets a quota: no other can throttle.

    Raises OSError or ValueError.
    """
    counters: dict[str, QuotaCounters] = {}
    for quota in read_quotas(host, groups):
        fields = (host.poll_if_present(f"{quota.directory}/cpu.stat") or b"").split()
        stat = dict(zip(fields[::2], fields[1::2], strict=True))
        if b"nr_throttled" in stat:
            # v2 counts microseconds, v1 nanoseconds.
            micros = int(stat.get(b"throttled_usec", 0))
            nanos = int(stat.get(b"throttled_time", 0))
            counters[quota.directory] = QuotaCounters(
                int(stat[b"nr_throttled"]), micros / 1e6 + nanos / 1e9
            )
    return counters


def rising(before: Mapping[str, int] | None, after: Mapping[str, int]) -> bool | None:
    """Whether any counter grew; one that is new or was reset does not count."""
    if before is None or not after:
        return None
    return any(count > before.get(name, count) for name, count in after.items())
