"""Throttling by quota."""

from __future__ import annotations

from supervisor.host.cgroups import GroupFinder
from supervisor.host.throttling import QuotaCounters, read_quota_counters, rising
from tests.fixtures.hosts.tree import HostTree
from tests.unit.host.conftest import MakeHost


def counters_of(tree: HostTree) -> dict[str, QuotaCounters]:
    """Read them anew."""
    return read_quota_counters(tree.host, GroupFinder(tree.host).current())


def test_units_of_both_versions(make_host: MakeHost) -> None:
    """Microseconds in v2 and nanoseconds in v1 both come out as seconds."""
    (container,) = counters_of(make_host("container-quota-1.5")).values()
    assert container == QuotaCounters(periods=4, seconds=0.25)
    assert [c.seconds for c in counters_of(make_host("cgroup-v1")).values()] == [0.125, 0.125]


def test_only_groups_with_a_quota_are_asked(make_host: MakeHost) -> None:
    """A group without a quota cannot throttle: its statistics, dear to collect, stay unread."""
    assert counters_of(make_host("vm-2")) == {}
    assert len(counters_of(make_host("cgroup-v1"))) == 2


def test_rising() -> None:
    """Only a counter that grew is rising; no earlier reading or no counter is unknown."""
    assert rising(None, {"a": 1}) is None
    assert rising({"a": 1}, {}) is None
    assert rising({"a": 1}, {"a": 1, "b": 7}) is False
    assert rising({"a": 5}, {"a": 0}) is False
    assert rising({"a": 1, "b": 1}, {"a": 1, "b": 2}) is True
