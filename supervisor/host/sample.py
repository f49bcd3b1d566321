"""The record that the monitor makes of the host each interval."""

from __future__ import annotations

from typing import Literal, NamedTuple

import msgspec

from supervisor.host.limits import Limits
from supervisor.host.memory import Memory
from supervisor.host.pressure import Pressure
from supervisor.host.throttling import Throttling

UtilizationSource = Literal["pool", "cores", "system"]
"""The load that counts: the workers' own, everything on their cores, or the whole machine."""


class Unread(NamedTuple):
    """A part of a sample that could not be read, and why; as text `limits: no such file`."""

    part: str
    """Constant for each part, whatever the reason."""
    why: str

    def __str__(self) -> str:
        return f"{self.part}: {self.why}"


class Sample(msgspec.Struct, frozen=True):
    """One sample of the host: its load since the last one, and its limits now.

    now: the caller's monotonic seconds.
    utilization: 0–100 by the source chosen; None when it could not be measured (first
        sample, no worker measured, a clock that jumped): then hold.
    starved: what the workers wanted and others had, in percent of the cores that the workers
        hold, 0–100; with source pool a part of the utilization. None where that is None.
    busy, foreign: load of each core, all of it and without the pool's own, 0–100 by CPU
        id; a core that is not in there is unknown.
    workers: CPU time of each worker in percent of the cores it holds, 0–100 by pid.
    leased: cores that the utilization refers to: with source pool those of the workers
        measured, else all that are leased.
    limits: usable CPUs and their number, with every limit and which one won.
    temperature: hottest processor sensor in °C, None if unknown.
    memory_pressure: percent of the last 10 s in which all tasks waited for memory; None: unknown.
    throttling, memory: memory and thermal counters are read every few seconds only; in
        between the last reading stands, its flag included.
    errors: what failed, each part once; its value is the last good one for
        limits and memory, else None or empty.
    """

    now: float
    utilization: float | None
    starved: float | None
    busy: dict[int, float]
    foreign: dict[int, float]
    workers: dict[int, float]
    leased: int
    limits: Limits
    temperature: float | None
    throttling: Throttling
    memory: Memory | None
    pressure: Pressure | None
    memory_pressure: float | None
    errors: tuple[Unread, ...]
