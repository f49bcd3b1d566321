"""Turns: which class of jobs is asked for next, so that each has its part of this host's work.

By start-time fair queueing (Goyal, Vin and Cheng, 1996): each class has a clock that goes on by the
predicted work of its jobs over its weight, and the one that is furthest behind is next. What counts
is work, not jobs: a part of a book takes as long as thirty sentences. One that had nothing for a
while has saved nothing up: its clock is set to that of the class that was served last.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from supervisor.core.fleet.events import CLASSES, JobClass

_MEAN: Final = 0.2
"""Part of the latest job in the mean cost of its class."""


class Turns:
    """The clock of each class."""

    def __init__(self) -> None:
        self._weights = dict.fromkeys(CLASSES, 1)
        self._ahead = dict.fromkeys(CLASSES, 0.0)
        self._clock = 0.0
        self._mean_s: dict[JobClass, float] = {}

    def configure(self, weights: Sequence[int]) -> None:
        """Take other weights, in the order of `CLASSES`."""
        self._weights = dict(zip(CLASSES, weights, strict=True))

    def took(self, name: JobClass, cost_s: float) -> None:
        """A job of this class was begun; `cost_s`: its predicted work, 0 where unknown."""
        cost = cost_s if cost_s > 0 else self._mean_s.get(name, 1.0)
        mean = self._mean_s.get(name, cost)
        self._mean_s[name] = mean + _MEAN * (cost - mean)
        self._clock = self._start(name)
        self._ahead[name] = self._clock + cost / self._weights[name]

    def pick(self, names: Sequence[JobClass], free: int) -> tuple[JobClass, int]:
        """The class that is next, of those that may have a job, the most urgent first; and for how
        many it is asked, `free` at most: until another one's turn comes, or its part of them all.
        """
        name = min(names, key=self._start)
        others = [self._start(other) for other in names if other != name]
        if not others:
            return name, free
        weight = self._weights[name]
        lead = (min(others) - self._start(name)) * weight
        part = free * weight // sum(self._weights[each] for each in names)
        return name, min(free, max(1, part, int(lead / self._mean_s.get(name, 1.0))))

    def _start(self, name: JobClass) -> float:
        return max(self._ahead[name], self._clock)
