"""Which job's next segment runs first: fair between flows, urgent before patient, nobody starved.

Start-time fair queueing (Goyal, Vin, Cheng 1996). A flow's segments have start tags: each
is as far behind the one before as that one cost, in predicted seconds, divided by the
job's share. The lowest tag runs first. The virtual time is the start tag of the segment
that ran last, and whoever comes begins there: what a flow used while nobody else wanted
it costs nothing later, and two flows with work never differ by more than a segment for
each worker, whatever happened before.

A segment is charged when it runs, not when it is queued: what is cancelled costs nothing.

Priority is a head start in seconds of virtual time, so everything ages at the same rate
and no job waits for ever behind more urgent ones.

A segment that was lost with its worker goes before all others: it has waited for its
turn already, and audio spoken after it is held in memory until it is there.
"""

from __future__ import annotations

import math
from collections import deque
from heapq import heapify, heappop, heappush, heapreplace

from supervisor.core.jobs.job import Job
from supervisor.core.jobs.request import HIGHEST_PRIORITY

AGEING_S = 10.0
"""Head start of one priority level: seconds of virtual time that outweigh it."""

_HEAD_STARTS = tuple((HIGHEST_PRIORITY - p) * AGEING_S for p in range(HIGHEST_PRIORITY + 1))
"""By priority, the seconds of virtual time by which less urgent jobs stand behind."""

_SWEEP = 64
"""Entries left behind from which sweeping is worth its while."""


class _Flow:
    """The jobs of one flow that wait, best rank first, and the start tag of its next segment."""

    __slots__ = ("entry", "jobs", "rank", "start")

    def __init__(self, start: float) -> None:
        self.start = start
        self.jobs: list[tuple[float, int, Job]] = []
        self.entry = 0
        """Which entry of the queue is its place there; 0 for none."""
        self.rank = 0.0
        """The rank of that entry: never more than its rank now."""

    def top(self) -> Job | None:
        """The job to run next."""
        jobs = self.jobs
        while jobs:
            _rank, ticket, job = jobs[0]
            if job.ticket == ticket:
                return job
            heappop(jobs)
        return None

    def rank_of(self, job: Job) -> float:
        """What counts of its own rank and of how much the flow has had since."""
        return max(job.rank, self.start + _HEAD_STARTS[job.request.priority])


class FairQueue:
    """Jobs that have a segment to run. Each job is in it at most once."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, _Flow]] = []
        self._flows: dict[str, _Flow] = {}
        self._first: deque[tuple[int, Job]] = deque()
        self._time = 0.0
        """Virtual time: the start tag of the segment that ran last."""
        self._tickets = 0
        self._waiting = 0
        self._left = 0
        """Entries of jobs that have given up their place."""

    def __bool__(self) -> bool:
        """Whether a job waits."""
        return self._waiting > 0

    def push(self, job: Job) -> None:
        """Queue `job` for its next segment."""
        if not job.queued:
            flow = self._flow(job)
            start = max(flow.start, self._time)
            job.rank = start + _HEAD_STARTS[job.request.priority]
            self._insert(job, flow)

    def push_back(self, job: Job) -> None:
        """Queue `job` again at the rank it last had: it has waited for its turn."""
        if not job.queued:
            self._insert(job, self._flow(job))

    def push_first(self, job: Job) -> None:
        """Queue `job` before all others, wherever it stood."""
        if not job.queued or job.rank > -math.inf:
            self.drop(job)
            job.rank = -math.inf
            self._first.append((self._ticket(job), job))

    def pop(self) -> Job | None:
        """Take the best job that still has something to run, or None. It is not charged yet."""
        while self._waiting and (job := self._take()) is not None:
            job.ticket = 0
            self._waiting -= 1
            if job.dispatchable:
                return job
        return None

    def charge(self, job: Job, cost_s: float) -> None:
        """A segment of `job`, which was popped for it, runs; a retry has been paid for."""
        if job.rank == -math.inf:
            return
        flow = self._flow(job)
        start = max(flow.start, job.rank - _HEAD_STARTS[job.request.priority])
        self._time = max(self._time, start)
        flow.start = start + cost_s / job.share

    def drop(self, job: Job) -> None:
        """A job gives up its place. Its entry stays, until most of them are of that kind."""
        if not job.queued:
            return
        job.ticket = 0
        self._waiting -= 1
        self._left += 1
        if self._left > max(_SWEEP, self._waiting):
            self._sweep()

    def forget(self, flow: str) -> None:
        """A flow has no jobs left: that its tag is a segment ahead is not worth keeping."""
        gone = self._flows.pop(flow, None)
        if gone is not None:
            gone.entry = 0

    def _flow(self, job: Job) -> _Flow:
        flow = self._flows.get(job.flow)
        if flow is None:
            flow = self._flows[job.flow] = _Flow(self._time)
        return flow

    def _ticket(self, job: Job) -> int:
        self._tickets += 1
        self._waiting += 1
        job.ticket = self._tickets
        return self._tickets

    def _insert(self, job: Job, flow: _Flow) -> None:
        ticket = self._ticket(job)
        heappush(flow.jobs, (job.rank, ticket, job))
        if flow.entry == 0 or (job.rank < flow.rank and flow.top() is job):
            flow.entry, flow.rank = ticket, job.rank
            heappush(self._heap, (job.rank, ticket, flow))

    def _take(self) -> Job | None:
        """The best job, out of its flow. A flow's entry tells the least rank it can have."""
        while self._first:
            ticket, job = self._first.popleft()
            if job.ticket == ticket:
                return job
        while self._heap:
            rank, entry, flow = self._heap[0]
            top = flow.top() if flow.entry == entry else None
            if top is None:
                heappop(self._heap)
                if flow.entry == entry:
                    flow.entry = 0
            elif flow.rank_of(top) > rank:
                self._tickets += 1
                flow.entry, flow.rank = self._tickets, flow.rank_of(top)
                heapreplace(self._heap, (flow.rank, flow.entry, flow))
            else:
                heappop(flow.jobs)
                return top
        return None

    def _sweep(self) -> None:
        self._left = 0
        self._first = deque((t, job) for t, job in self._first if job.ticket == t)
        for flow in self._flows.values():
            flow.jobs = [entry for entry in flow.jobs if entry[2].ticket == entry[1]]
            heapify(flow.jobs)
        self._heap = [entry for entry in self._heap if entry[2].entry == entry[1]]
        heapify(self._heap)
