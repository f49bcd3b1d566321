"""Topology: logical CPUs that share a physical core, a cache, a memory node or a package.

Read from sysfs at the start and whenever CPUs have come or gone. Where sysfs has no topology, each
CPU counts as a core of its own in one common domain.
"""

from __future__ import annotations

import re

from supervisor.core.machine import CoreKind, Cpu, Machine
from supervisor.host.cpulist import parse_cpulist
from supervisor.host.limits import read_online
from supervisor.host.roots import Host

_HYBRID_UNITS: tuple[tuple[str, CoreKind], ...] = (
    ("cpu_core", "performance"),
    ("cpu_atom", "efficiency"),
    ("cpu_lowpower", "efficiency"),
)
"""Performance-monitoring units of hybrid x86; each lists the CPUs of its kind."""

_EFFICIENCY_CAPACITY = 0.75
"""A CPU below this part of the largest capacity is an efficiency core. Little Arm cores
report 0.25 to 0.6 of the largest; the middle cores of a three-tier chip 0.8 and more."""


def read_machine(host: Host) -> Machine:
    """Every CPU that is online. Raises OSError or ValueError."""
    online = read_online(host)
    nodes = _nodes(host)
    kinds = _kinds(host, online)
    cpus = [
        Cpu(
            id=cpu,
            core=_core(host, cpu),
            package=max(0, _number(host, cpu, "topology/physical_package_id", 0)),
            cache=_cache(host, cpu),
            node=nodes.get(cpu, 0),
            kind=kinds.get(cpu, "unknown"),
        )
        for cpu in online
    ]
    return Machine(tuple(cpus))


def _directory(host: Host, cpu: int) -> str:
    return f"{host.sys}/devices/system/cpu/cpu{cpu}"


def _number(host: Host, cpu: int, name: str, default: int) -> int:
    text = host.read_if_present(f"{_directory(host, cpu)}/{name}")
    return default if text is None else int(text)


def _core(host: Host, cpu: int) -> int:
    """The lowest id among the SMT siblings.

    The kernel's own core_id repeats in each package, on Arm even in each cluster.
    """
    for name in ("core_cpus_list", "thread_siblings_list"):
        text = host.read_if_present(f"{_directory(host, cpu)}/topology/{name}")
        if text and (siblings := parse_cpulist(text)):
            return siblings[0]
    return cpu


def _cache(host: Host, cpu: int) -> int:
    """The lowest id among those that share this CPU's last-level data cache."""
    directory = f"{_directory(host, cpu)}/cache"
    last, domain = 0, 0
    for name in host.list(directory):
        if not name.startswith("index"):
            continue
        level = int(host.read_if_present(f"{directory}/{name}/level") or 0)
        kind = host.read_if_present(f"{directory}/{name}/type") or b""
        shared = parse_cpulist(host.read_if_present(f"{directory}/{name}/shared_cpu_list") or b"")
        if level > last and kind.strip() != b"Instruction" and shared:
            last, domain = level, shared[0]
    return domain


def _nodes(host: Host) -> dict[int, int]:
    directory = f"{host.sys}/devices/system/node"
    return {
        cpu: int(name.removeprefix("node"))
        for name in host.list(directory)
        if re.fullmatch(r"node\d+", name)
        for cpu in parse_cpulist(host.read_if_present(f"{directory}/{name}/cpulist") or b"")
    }


def _kinds(host: Host, online: tuple[int, ...]) -> dict[int, CoreKind]:
    """Kinds of the CPUs, by x86's hybrid units or by capacities; empty if all are alike."""
    kinds: dict[int, CoreKind] = {}
    for unit, kind in _HYBRID_UNITS:
        text = host.read_if_present(f"{host.sys}/devices/{unit}/cpus")
        kinds |= dict.fromkeys(parse_cpulist(text or b""), kind)
    if kinds:
        return kinds
    capacities = {cpu: _number(host, cpu, "cpu_capacity", 0) for cpu in online}
    bar = _EFFICIENCY_CAPACITY * max(capacities.values(), default=0)
    if not any(0 < capacity < bar for capacity in capacities.values()):
        return {}
    return {
        cpu: "efficiency" if capacity < bar else "performance"
        for cpu, capacity in capacities.items()
        if capacity > 0
    }
