"""The frequency governor of each CPU, for benchmarks and `doctor`."""

from __future__ import annotations

from supervisor.core.machine import Machine
from supervisor.host.roots import Host


def read_governors(host: Host, machine: Machine) -> dict[str, tuple[int, ...]]:
    """CPU ids by governor (`performance`, `powersave`, `schedutil`, …).

    Empty where frequencies are not ours to see, as in most virtual machines. Raises OSError.
    """
    found: dict[str, tuple[int, ...]] = {}
    for cpu in machine.cpus:
        path = f"{host.sys}/devices/system/cpu/cpu{cpu.id}/cpufreq/scaling_governor"
        text = host.read_if_present(path)
        if text:
            name = text.decode().strip()
            found[name] = (*found.get(name, ()), cpu.id)
    return found
