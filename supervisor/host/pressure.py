"""Pressure stall information: how much of the time tasks waited for a CPU."""

from __future__ import annotations

import msgspec

from supervisor.host.roots import Host


class Pressure(msgspec.Struct, frozen=True):
    """Percent of the last 10 s in which some, or all, runnable tasks waited for a CPU.

    `full` is None on kernels before 5.13, which do not report it.
    """

    some: float
    full: float | None


def read_pressure(host: Host) -> Pressure | None:
    """Read /proc/pressure/cpu; None where the kernel does not have it.

    Raises OSError or ValueError.
    """
    text = host.poll_if_present(host.proc + "/pressure/cpu")
    if text is None:
        return None
    averages: dict[bytes, float] = {}
    for line in text.splitlines():
        kind, average, *_ = line.split()
        averages[kind] = float(average.removeprefix(b"avg10="))
    if b"some" not in averages:
        raise ValueError("no line `some` in /proc/pressure/cpu")
    return Pressure(averages[b"some"], averages.get(b"full"))
