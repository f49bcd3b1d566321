"""Fluid model of the load: utilization is load ÷ cores, at most 100 %; the queue has no segments.

The smallest model that an allocation rule can run in, and a fast one: a thousand hours in a minute.
Whole segments, workers and sessions are in `world`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from supervisor.core.allocation.policy import Command, Sampled


class CountRule(Protocol):
    """A rule that decides on the number of cores, ours or a rival."""

    @property
    def cores(self) -> int:
        """Cores in force."""
        ...

    def handle(self, event: Sampled, /) -> list[Command]:
        """Decide on one sample."""
        ...


class CountChange(NamedTuple):
    """The number of cores changed at `time_s`."""

    time_s: float
    before: int
    after: int


def run_fluid(
    rule: CountRule,
    load: Callable[[float], float],
    *,
    seconds: float,
    usable: int,
    interval: float = 1.0,
    start: float = 0.0,
    waits: bool = True,
) -> list[CountChange]:
    """Sample `load(time)` (in cores) every `interval` seconds; return every change of the count.

    Work that finds no free core waits, first come first served, so a pool that was
    too small has a backlog to work off. Without `waits` it is lost instead, and only the
    utilization tells of it. The clock starts at `start`.
    """
    changes: list[CountChange] = []
    backlog = 0.0
    age = 0.0
    steps = round(seconds / interval)
    for step in range(1, steps + 1):
        now = start + step * interval
        offered = load(now)
        done = min(backlog + offered * interval, rule.cores * interval)
        backlog = backlog + offered * interval - done if waits else 0.0
        age = _age_after(age, offered, backlog, done, interval)
        before = rule.cores
        sample = Sampled(
            now,
            100.0 * done / (before * interval),
            usable,
            backlog_s=age,
            demand=backlog + done / interval,
            waiting=backlog,
            finished=done,
        )
        if rule.handle(sample):
            changes.append(CountChange(now, before, rule.cores))
    return changes


def _age_after(age: float, offered: float, backlog: float, done: float, interval: float) -> float:
    """Age of the head of the queue: it ages by the clock, less the arrivals that were served."""
    if backlog <= 1e-9:
        return 0.0
    if offered <= 0:
        return age + interval
    return max(0.0, age + interval - done / offered)
