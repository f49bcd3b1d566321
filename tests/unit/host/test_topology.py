"""What the CPUs of each host share."""

from __future__ import annotations

from collections import Counter

from supervisor.core.machine import Cpu
from supervisor.host.governor import read_governors
from supervisor.host.topology import read_machine
from tests.unit.host.conftest import MakeHost


def test_server_has_two_sockets_with_siblings_apart(make_host: MakeHost) -> None:
    """64 physical cores of two threads, one package, node and cache domain per socket."""
    machine = read_machine(make_host("server-64").host)
    assert len(machine.cpus) == 128
    assert set(Counter(cpu.core for cpu in machine.cpus).values()) == {2}
    assert machine.cpus[100] == Cpu(id=100, core=36, package=1, cache=32, node=1)
    assert {(cpu.package, cpu.node, cpu.cache) for cpu in machine.cpus} == {(0, 0, 0), (1, 1, 32)}


def test_laptop_has_two_kinds(make_host: MakeHost) -> None:
    """The hybrid units of x86 tell performance from efficiency cores; only the former have SMT."""
    machine = read_machine(make_host("laptop-20").host)
    kinds = {cpu.id: cpu.kind for cpu in machine.cpus}
    assert [cpu for cpu, kind in kinds.items() if kind == "performance"] == list(range(12))
    assert [cpu for cpu, kind in kinds.items() if kind == "efficiency"] == list(range(12, 20))
    assert len({cpu.core for cpu in machine.cpus}) == 14
    assert {cpu.cache for cpu in machine.cpus} == {0}


def test_low_power_cores_without_the_last_level(make_host: MakeHost) -> None:
    """Cores outside the L3 (low-power ones of recent chips) are a domain of their own."""
    tree = make_host("laptop-20")
    for cpu in (18, 19):
        tree.remove(f"sys/devices/system/cpu/cpu{cpu}/cache/index3/shared_cpu_list")
    machine = read_machine(tree.host)
    assert {cpu.cache for cpu in machine.cpus[18:]} == {16}


def test_arm_kinds_come_from_capacity(make_host: MakeHost) -> None:
    """Little cores are those of clearly smaller capacity; a package id of -1 counts as 0."""
    machine = read_machine(make_host("arm-big-little").host)
    assert [cpu.kind[0] for cpu in machine.cpus] == list("eepppp")
    assert [cpu.cache for cpu in machine.cpus] == [0, 0, 2, 2, 2, 2]
    assert {cpu.package for cpu in machine.cpus} == {0}


def test_middle_cores_are_performance_cores(make_host: MakeHost) -> None:
    """On a chip of three tiers only the smallest are efficiency cores."""
    tree = make_host("arm-big-little")
    for cpu in (2, 3):
        tree.write(f"sys/devices/system/cpu/cpu{cpu}/cpu_capacity", "870\n")
    kinds = [cpu.kind[0] for cpu in read_machine(tree.host).cpus]
    assert kinds == list("eepppp")


def test_cpus_that_are_all_alike_have_no_kind(make_host: MakeHost) -> None:
    """Equal capacities say nothing about the kind."""
    assert {cpu.kind for cpu in read_machine(make_host("vm-2").host).cpus} == {"unknown"}


def test_two_cache_domains_in_one_package(make_host: MakeHost) -> None:
    """Each L3 is a domain, named by its first CPU."""
    machine = read_machine(make_host("container-quota-1.5").host)
    assert Counter(cpu.cache for cpu in machine.cpus) == {0: 8, 4: 8}


def test_old_kernel_names_siblings_otherwise(make_host: MakeHost) -> None:
    """Before 5.3 the siblings stand in thread_siblings_list alone."""
    tree = make_host("cgroup-v1")
    tree.write("sys/devices/system/cpu/cpu1/topology/thread_siblings_list", "0-1\n")
    assert [cpu.core for cpu in read_machine(tree.host).cpus] == [0, 0, 2, 3]


def test_without_sysfs_each_cpu_is_a_core(make_host: MakeHost) -> None:
    """Where nothing is reported, CPUs are separate cores in one common domain."""
    tree = make_host("cgroup-hybrid")
    tree.write("sys/devices/system/cpu/online", "0-9\n")
    machine = read_machine(tree.host)
    assert machine.cpus[9] == Cpu(id=9, core=9)


def test_governors(make_host: MakeHost) -> None:
    """CPUs are grouped by governor; a VM without frequency scaling reports none."""
    tree = make_host("arm-big-little")
    tree.write("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n")
    governors = read_governors(tree.host, read_machine(tree.host))
    assert governors == {"powersave": (0,), "schedutil": (1, 2, 3, 4, 5)}
    vm = make_host("vm-2")
    assert read_governors(vm.host, read_machine(vm.host)) == {}
