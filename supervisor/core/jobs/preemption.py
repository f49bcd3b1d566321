"""Preemption: which running segment gives up its worker to somebody who waits for a sentence.

A segment of batch work does, if most of it is still to be done; what was done of it is thrown
away. So that this stays little: not if any worker is about to be free, a worker not twice in
`WORKER_S`, and a segment `MOST_TIMES` times at most. To interrupt it, and to queue it again, is
left to `queue`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from supervisor.core.jobs.job import Job

WORKER_S: Final = 5.0
"""Time in which a worker is interrupted once at most."""

MOST_TIMES: Final = 2
"""Times that one segment is interrupted at most: it ends, however many wait."""

_HAD: Final = 0.5
"""Part of its predicted time from which a segment is left to end."""


class Running(msgspec.Struct, gc=False):
    """The segment that a worker runs since `begun`: predicted to take `cost_s`, of which it is
    `guessed` where nothing is known. `yielding`: it was told to stop for another.
    """

    job: Job
    segment: int
    begun: float
    cost_s: float
    guessed: bool = False
    yielding: bool = False

    def left_s(self, now: float) -> float:
        """Predicted seconds until it is done; negative if it is overdue."""
        return self.begun + self.cost_s - now


class Preemption:
    """Picks segments that are to be interrupted, and counts what that cost."""

    def __init__(self) -> None:
        self.segments = 0
        """Segments that were interrupted for others."""
        self.thrown_away_s = 0.0
        """Seconds of workers that were spent on them."""
        self._last: dict[int, float] = {}
        """By worker, when it was last interrupted."""

    def pick(
        self, now: float, workers: Mapping[int, Running | None], least_left_s: float
    ) -> int | None:
        """The worker to be interrupted for one more segment, of several the one with most to do;
        None if no one is, or if one is about to be free anyway.
        """
        best, most = None, least_left_s
        for worker, run in workers.items():
            if run is None or run.yielding:
                return None  # A worker is free, or will be in a moment.
            left = run.left_s(now)
            if not run.guessed and abs(left) <= least_left_s:
                return None
            if left > most and self._may(now, worker, run):
                best, most = worker, left
        return best

    def _may(self, now: float, worker: int, run: Running) -> bool:
        job = run.job
        return (
            job.request_class == "batch"
            and not run.guessed
            and now - run.begun < run.cost_s * _HAD
            and job.segments[run.segment].preempted < MOST_TIMES
            and now - self._last.get(worker, now - WORKER_S) >= WORKER_S
        )

    def interrupted(self, now: float, worker: int) -> None:
        """Note that a worker is told to stop."""
        self._last[worker] = now

    def yielded(self, now: float, run: Running) -> None:
        """Note that a segment gave up its worker."""
        self.segments += 1
        self.thrown_away_s += now - run.begun

    def forget(self, worker: int) -> None:
        """Forget a worker, which is gone."""
        self._last.pop(worker, None)
