"""Pressure stall information: how much of the time tasks waited for a CPU, or for memory."""

from __future__ import annotations

import msgspec

from supervisor.host.cgroups import Groups
from supervisor.host.roots import Host


class Pressure(msgspec.Struct, frozen=True):
    """Percent of the last 10 s in which some, or all, runnable tasks waited.

    `full` is None on kernels before 5.13, which do not report it.
    """

    some: float
    full: float | None


def read_pressure(host: Host) -> Pressure | None:
    """Read /proc/pressure/cpu; None where the kernel does not have it.

    Raises OSError or ValueError.
    """
    return _read(host, host.proc + "/pressure/cpu")


def read_memory_pressure(host: Host, groups: Groups) -> float | None:
    """Percent of the last 10 s in which all tasks waited for memory: those of our own cgroup, or
    of the machine where it does not count them; None where nobody does.

    Raises OSError or ValueError.
    """
    own = [f"{group.levels[0]}/memory.pressure" for group in groups.memory if group.version == 2]
    for path in [*own, host.proc + "/pressure/memory"]:
        found = _read(host, path)
        if found is not None:
            return found.full
    return None


def _read(host: Host, path: str) -> Pressure | None:
    text = host.poll_if_present(path)
    if text is None:
        return None
    averages: dict[bytes, float] = {}
    for line in text.splitlines():
        kind, average, *_ = line.split()
        averages[kind] = float(average.removeprefix(b"avg10="))
    if b"some" not in averages:
        raise ValueError(f"no line `some` in {path}")
    return Pressure(averages[b"some"], averages.get(b"full"))
