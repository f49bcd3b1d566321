"""Arriving load in cores, estimated from the age and the length of the queue.

A saturated pool shows 100 % whether it lacks one core or ten, and still shows it
while it works off a queue that it is already large enough for. The queue tells the
difference, in two ways; segments start in order of arrival.

By how fast its head ages. With `load` cores of work arriving and `busy` cores of work
being done, the work that arrived before the head of the queue is the work done:

    load · d(arrival of the head) = busy · dt   and   age = t − arrival of the head
    ⇒  load = busy / (1 − d age/dt)

It needs no knowledge of how long a segment takes, but two looks at the same queue.

By its length. All that arrived since the head did still waits, so of segments that
took `work` core-seconds each until now there arrive

    load = work · waiting / age

which one look tells, and soon: a burst shows in the number that waits before it shows
in how the head ages. Each is a guess of a few segments; where work arrives at random,
one of the two is often far below, so the higher one counts.

Where priorities reorder the queue the head ages faster and the load is overestimated,
never the pool starved.
"""

from __future__ import annotations

import math
from collections import deque
from typing import NamedTuple

_POINTS = 64
_REMEMBERED = 100
"""Segments over which what one takes is averaged."""


class _Point(NamedTuple):
    now: float
    age: float
    busy: float
    demand: float


class SegmentWork:
    """Recent mean cost of a segment, in core-seconds."""

    def __init__(self) -> None:
        self._busy_s = 0.0
        self._finished = 0.0

    def observe(self, busy_s: float, finished: float) -> None:
        """Count an interval: `busy_s` core-seconds of work, and the segments that ended in it."""
        self._busy_s += busy_s
        self._finished += finished
        if self._finished > _REMEMBERED:
            kept = _REMEMBERED / self._finished
            self._busy_s *= kept
            self._finished *= kept

    @property
    def mean_s(self) -> float:
        """Core-seconds of a segment; 0 before one has ended."""
        return self._busy_s / self._finished if self._finished > 0 else 0.0

    def load(self, waiting: float, age: float) -> float:
        """Cores of work arriving, where so many segments wait and the first has that `age`.

        0 where nothing waits, and before a segment has ended.
        """
        if age <= 0 or waiting <= 0 or self._finished <= 0:
            return 0.0
        return self.mean_s * waiting / age


class Backlog:
    """The ages of the queue's head since it formed, or since the pool last changed."""

    def __init__(self) -> None:
        self._points: deque[_Point] = deque(maxlen=_POINTS)

    def observe(self, now: float, age: float, busy: float, demand: float) -> None:
        """Take in one sample; `busy` is in cores. An empty queue starts afresh."""
        if age <= 0 or (self._points and now <= self._points[-1].now):
            self._points.clear()
        if age > 0:
            self._points.append(_Point(now, age, busy, demand))

    def restart(self) -> None:
        """Start afresh after a resize: earlier ages say nothing about the new size."""
        if self._points:
            last = self._points[-1]
            self._points.clear()
            self._points.append(last)

    @property
    def age(self) -> float:
        """Seconds that the oldest segment has waited."""
        return self._points[-1].age if self._points else 0.0

    @property
    def draining(self) -> bool:
        """Whether the queue has grown both younger and shorter."""
        if len(self._points) < 2:
            return False
        first, last = self._points[0], self._points[-1]
        return last.age < first.age and last.demand < first.demand

    def load(self) -> float:
        """Cores of work arriving; infinite where no segment that arrived since has started."""
        if len(self._points) < 2:
            return math.inf
        first, last = self._points[0], self._points[-1]
        rate = (last.age - first.age) / (last.now - first.now)
        done = [point.busy for point in self._points][1:]
        busy = sum(done) / len(done)
        return busy / (1.0 - rate) if rate < 1.0 else math.inf
