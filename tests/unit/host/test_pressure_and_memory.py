"""Pressure, available memory and the memory of one process."""

from __future__ import annotations

import os

import psutil
import pytest

from supervisor.host.cgroups import GroupFinder
from supervisor.host.memory import Memory, read_memory
from supervisor.host.pressure import Pressure, read_memory_pressure, read_pressure
from tests.fixtures.hosts.confined import UNLIMITED_V1
from tests.fixtures.hosts.files import meminfo
from tests.fixtures.hosts.tree import HostTree
from tests.unit.host.conftest import MakeHost

MB = 1 << 20


def memory_of(tree: HostTree) -> Memory:
    """Read it anew."""
    return read_memory(tree.host, GroupFinder(tree.host).current())


def test_pressure_new_old_and_none(make_host: MakeHost) -> None:
    """Kernels before 5.13 have no `full`; those without PSI have nothing."""
    assert read_pressure(make_host("vm-2").host) == Pressure(1.25, 0.0)
    assert read_pressure(make_host("cgroup-v1").host) == Pressure(3.5, None)
    tree = make_host("vm-2")
    tree.remove("proc/pressure/cpu")
    assert read_pressure(tree.host) is None


def test_pressure_that_cannot_be_read(make_host: MakeHost) -> None:
    """An empty file is a fault, not a pressure of nothing."""
    tree = make_host("vm-2")
    tree.write("proc/pressure/cpu", "")
    with pytest.raises(ValueError, match="some"):
        read_pressure(tree.host)


def test_memory_without_a_limit(make_host: MakeHost) -> None:
    """The host's own numbers, where no cgroup limits."""
    assert memory_of(make_host("vm-2")) == Memory(4096 * MB, 3000 * MB, None)


def test_memory_of_a_container(make_host: MakeHost) -> None:
    """What the cgroup leaves: 2048 − (1536 − 256 of idle page cache) MB."""
    memory = memory_of(make_host("container-quota-1.5"))
    assert (memory.limit, memory.available) == (2048 * MB, 768 * MB)


def test_memory_of_version_one_takes_the_parents_limit(make_host: MakeHost) -> None:
    """v1's number for no limit is no limit; the parent's 1 GiB binds: 1024 − (600 − 100) MB."""
    memory = memory_of(make_host("cgroup-v1"))
    assert (memory.limit, memory.available) == (1024 * MB, 524 * MB)


def test_version_one_without_a_limit(make_host: MakeHost) -> None:
    """The huge number that v1 writes for no limit is reported as none."""
    tree = make_host("cgroup-v1")
    tree.write("sys/fs/cgroup/memory/batch.slice/memory.limit_in_bytes", f"{UNLIMITED_V1}\n")
    assert memory_of(tree) == Memory(8192 * MB, 6000 * MB, None)


def test_host_with_less_left_than_the_cgroup(make_host: MakeHost) -> None:
    """A generous limit does not make memory appear."""
    tree = make_host("container-quota-1.5")
    tree.write("proc/meminfo", meminfo(33554432, 1024))
    assert memory_of(tree).available == MB


def test_the_soft_limit_of_version_two_bounds_what_is_left(make_host: MakeHost) -> None:
    """Above it every allocation is slowed down, so it is as good as the hard one."""
    tree = make_host("container-quota-1.5")
    tree.write("sys/fs/cgroup/memory.high", f"{1600 * MB}\n")
    memory = memory_of(tree)
    assert (memory.limit, memory.available) == (1600 * MB, 320 * MB)
    tree.write("sys/fs/cgroup/memory.high", "max\n")
    assert memory_of(tree).limit == 2048 * MB


def test_limits_that_were_met_are_counted(make_host: MakeHost) -> None:
    """Of our own group: both kinds in version two, kills in version one; else none."""
    tree = make_host("container-quota-1.5")
    assert (memory_of(tree).high, memory_of(tree).oom) == (0, 0)
    tree.write("sys/fs/cgroup/memory.events", "low 0\nhigh 7\nmax 9\noom 2\noom_kill 1\n")
    assert (memory_of(tree).high, memory_of(tree).oom) == (7, 3)
    tree = make_host("cgroup-v1")
    (group,) = GroupFinder(tree.host).current().memory
    own = group.levels[0].removeprefix(f"{tree.root}/")
    tree.write(f"{own}/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 4\n")
    assert (memory_of(tree).high, memory_of(tree).oom) == (0, 4)


def test_pressure_on_memory_is_that_of_our_own_group(make_host: MakeHost) -> None:
    """The machine's where the group has none, and unknown where the kernel counts none."""
    tree = make_host("container-quota-1.5")
    groups = GroupFinder(tree.host).current()
    assert read_memory_pressure(tree.host, groups) is None
    line = "avg10={} avg60=0.00 avg300=0.00 total=1\n"
    tree.write("proc/pressure/memory", f"some {line.format(9)}full {line.format(3.5)}")
    assert read_memory_pressure(tree.host, groups) == 3.5
    tree.write("sys/fs/cgroup/memory.pressure", f"some {line.format(80)}full {line.format(40)}")
    assert read_memory_pressure(tree.host, groups) == 40.0


def test_memory_that_cannot_be_read(make_host: MakeHost) -> None:
    """A file that is not there, or says nothing, is a fault and not a machine without memory."""
    tree = make_host("vm-2")
    tree.write("proc/meminfo", "nothing")
    with pytest.raises(LookupError):
        memory_of(tree)
    tree.remove("proc/meminfo")
    with pytest.raises(FileNotFoundError):
        memory_of(tree)


def test_psutil_goes_on_reading_the_machine_at_hand(make_host: MakeHost) -> None:
    """Pointed at another host it is for one reading only, whether that fails or not."""
    tree = make_host("vm-2")
    memory_of(tree)
    assert psutil.Process().pid == os.getpid()
    tree.remove("proc/meminfo")
    with pytest.raises(FileNotFoundError):
        memory_of(tree)
    assert psutil.PROCFS_PATH == "/proc"
