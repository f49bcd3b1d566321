"""How many cores may be used, and what says so."""

from __future__ import annotations

import pytest

from supervisor.host.cgroups import GroupFinder
from supervisor.host.limits import Limits, read_limits
from tests.fixtures.hosts.tree import HostTree
from tests.unit.host.conftest import MakeHost


def limits_of(tree: HostTree) -> Limits:
    """Read them anew."""
    return read_limits(tree.host, GroupFinder(tree.host).current())


@pytest.mark.parametrize(
    ("name", "cpus", "count", "quota", "won"),
    [
        ("vm-2", range(2), 2, None, "online"),
        ("laptop-20", range(20), 20, None, "online"),
        ("server-64", range(128), 128, 128.0, "online"),
        ("container-quota-1.5", range(16), 1, 1.5, "quota"),
        ("container-cpuset-3", range(3, 6), 3, None, "cpuset"),
        ("cgroup-v1", range(4), 2, 2.5, "quota"),
        ("cgroup-hybrid", range(6), 3, 3.0, "quota"),
        ("arm-big-little", range(6), 6, None, "online"),
    ],
)
def test_each_host(
    make_host: MakeHost, name: str, cpus: range, count: int, quota: float | None, won: str
) -> None:
    """Every host of the catalogue gives the cores that an administrator would count."""
    limits = limits_of(make_host(name))
    assert limits.cpus == tuple(cpus)
    assert (limits.count, limits.quota, limits.won) == (count, quota, won)


def test_the_smallest_quota_up_the_tree_is_named(make_host: MakeHost) -> None:
    """The parent's smaller quota wins over the own one, and its directory is reported."""
    limits = limits_of(make_host("cgroup-v1"))
    assert limits.quota_directory is not None
    assert limits.quota_directory.endswith("/cpu,cpuacct/batch.slice")


@pytest.mark.parametrize(
    ("quota", "count", "won"),
    [
        ("200000 100000", 2, "online"),
        ("199999 100000", 1, "quota"),
        ("50000 100000", 1, "quota"),
        ("66666 33333", 2, "online"),
        ("max 100000", 2, "online"),
    ],
)
def test_rounding_is_down_with_a_floor_of_one(
    make_host: MakeHost, quota: str, count: int, won: str
) -> None:
    """Only whole cores count, exactly; less than one core is still one."""
    tree = make_host("vm-2")
    tree.write("sys/fs/cgroup/system.slice/tts.service/cpu.max", quota + "\n")
    limits = limits_of(tree)
    assert (limits.count, limits.won) == (count, won)


def test_affinity_alone_wins(make_host: MakeHost) -> None:
    """A process started under taskset is held by its affinity, not by the cpuset."""
    tree = make_host("laptop-20")
    tree.write("proc/self/status", "Name:\tsupervisor\nCpus_allowed_list:\t4-7\nThreads:\t1\n")
    limits = limits_of(tree)
    assert (limits.cpus, limits.count, limits.won) == ((4, 5, 6, 7), 4, "affinity")


def test_cpus_that_are_not_online_do_not_count(make_host: MakeHost) -> None:
    """An affinity mask that names CPUs not plugged in gives only those that are there."""
    limits = limits_of(make_host("vm-2"))
    assert limits.affinity == (0, 1)


def test_masks_that_do_not_overlap_leave_the_affinity(make_host: MakeHost) -> None:
    """While a cpuset moves, the two files may disagree; there is always a CPU to run on."""
    tree = make_host("container-cpuset-3")
    tree.write("sys/fs/cgroup/cpuset.cpus.effective", "8-9\n")
    assert limits_of(tree).cpus == (3, 4, 5)


def test_no_cpu_online_is_an_error(make_host: MakeHost) -> None:
    """A list without a CPU is a fault, not a machine without one."""
    tree = make_host("vm-2")
    tree.write("sys/devices/system/cpu/online", "\n")
    with pytest.raises(ValueError, match="names no CPU"):
        limits_of(tree)


def test_a_quota_that_is_nonsense_is_an_error(make_host: MakeHost) -> None:
    """A file that says something impossible is a fault, not a limit of nothing."""
    tree = make_host("container-quota-1.5")
    tree.write("sys/fs/cgroup/cpu.max", "0 100000\n")
    with pytest.raises(ValueError, match="a quota of 0"):
        limits_of(tree)
