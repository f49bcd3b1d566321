"""Which job's next segment runs first: fair between clients, urgent before patient, nobody starved.

Start-time fair queueing (Goyal, Vin, Cheng 1996) with real time as the virtual
clock's floor: every client has a finish tag, a segment's start tag is
max(now, the client's finish tag), and the finish tag then grows by the segment's
predicted cost in seconds. A client that asks for a book pushes its own tags into
the future; somebody else's sentence starts at `now`.

Priority is a head start in seconds, so everything ages at the same rate, ranks
never change once given, and a heap is enough: no job waits for ever behind
more urgent ones that come after it has waited AGEING_S per level.

A segment that was lost with its worker goes before all others: it has waited for its
turn already, and audio spoken after it is held in memory until it is there.
"""

from __future__ import annotations

import math
from heapq import heapify, heappop, heappush

from supervisor.core.job import Job
from supervisor.core.request import HIGHEST_PRIORITY

AGEING_S = 10.0
"""Head start of one priority level: seconds of waiting that outweigh it."""

_SWEEP = 64
"""Entries left behind from which sweeping is worth its while."""


class FairQueue:
    """Jobs that have a segment to run, best rank first. Each job is in it at most once."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Job]] = []
        self._finish: dict[str, float] = {}
        self._pushes = 0
        self._dropped = 0

    def __bool__(self) -> bool:
        """Whether a job waits."""
        return len(self._heap) > self._dropped

    def push(self, job: Job, now: float, cost_s: float) -> None:
        """Queue `job` for its next segment, predicted to take `cost_s` seconds."""
        if job.queued:
            return
        start = max(now, self._finish.get(job.flow, now))
        self._finish[job.flow] = start + cost_s
        self._insert(start + (HIGHEST_PRIORITY - job.request.priority) * AGEING_S, job)

    def push_back(self, job: Job) -> None:
        """Queue `job` again at the rank it last had: it has paid for its segment."""
        if not job.queued:
            self._insert(job.rank, job)

    def push_first(self, job: Job) -> None:
        """Queue `job` before all others, wherever it stood: a retry does not pay twice."""
        if not job.queued or job.rank > -math.inf:
            self.drop(job)
            self._insert(-math.inf, job)

    def pop(self) -> Job | None:
        """Take the best job that still has something to run, or None."""
        while self._heap:
            _rank, ticket, job = heappop(self._heap)
            if job.ticket != ticket:
                self._dropped -= 1
                continue
            job.ticket = 0
            if job.dispatchable:
                return job
        return None

    def drop(self, job: Job) -> None:
        """A job gives up its place. Its entry stays, until most of the heap is of that kind."""
        if not job.queued:
            return
        job.ticket = 0
        self._dropped += 1
        if self._dropped > _SWEEP and self._dropped * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if entry[2].ticket == entry[1]]
            heapify(self._heap)
            self._dropped = 0

    def forget(self, flow: str) -> None:
        """A flow has no jobs left: its tag would only remember a debt that nobody waits for."""
        self._finish.pop(flow, None)

    def _insert(self, rank: float, job: Job) -> None:
        self._pushes += 1
        job.rank = rank
        job.ticket = self._pushes
        heappush(self._heap, (rank, self._pushes, job))
