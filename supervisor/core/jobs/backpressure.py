"""Backpressure: bounds the audio in memory that clients do not take, per client and in all.

A job whose audio is held gets no further segment once it holds its share of the room
that is left: of three quarters of the bound. That is fair among slow readers, but those
who come one after another can use it all up. The last quarter is therefore for jobs that
hold nothing and whose credit covers the largest segment seen so far: what they bring
leaves at once, so they are served however many others do not read. No job of a slow
reader has to be ended for it.

Why nothing waits for ever. Segments of a job start in order, and one whose worker was
lost goes before all others and needs no room (`queue`). So audio that is held either
waits for a segment that runs, or for nothing but its reader: with credit it leaves, and
what leaves makes room. The room is looked at before a segment starts, and while a lost
segment waits no new one does; so the total is never above the bound by more than one
segment for each worker.
"""

from __future__ import annotations

from collections.abc import Iterable

from supervisor.core.jobs.job import Job
from supervisor.core.jobs.limits import HeldLimits

HELD_BYTES_MAX = 2 * 1024 * 1024
"""Spoken and unreleased audio at which a job gets no further worker: about 20 s at 24 kHz."""

SHARE = 0.25
"""Part of the free room that one job may hold."""

RESERVE = 0.25
"""Part of a bound that is kept for jobs whose audio leaves at once."""


class Backpressure:
    """Sums the held audio of jobs; `settle` brings a job's part in them up to date."""

    def __init__(self, limits: HeldLimits) -> None:
        self.limits = limits
        self.bytes = 0
        self._largest = 0
        """Bytes of the largest segment so far."""
        self._jobs: dict[str, int] = {}
        """By job, the bytes that are counted of it, where it holds any; and by flow."""
        self._flows: dict[str, int] = {}

    def settle(self, job: Job) -> bool:
        """Count what `job` holds now; True if that made room."""
        held = job.audio.held
        change = held - self._jobs.get(job.id, 0)
        if change:
            if held:
                self._jobs[job.id] = held
            else:
                del self._jobs[job.id]
            self._add(job.flow, change)
        return change < 0

    def leave(self, job: Job) -> bool:
        """Count the job, which is no longer looked after, no more; True if that made room."""
        held = self._jobs.pop(job.id, 0)
        if held:
            self._add(job.flow, -held)
        return held > 0

    def expect(self, size: int) -> None:
        """Expect the next segment to be as large as this one, which was spoken, may be."""
        self._largest = max(self._largest, size)

    def allows(self, job: Job) -> bool:
        """Whether there is room for one more segment of this job."""
        limits, flow, held = self.limits, self._flows.get(job.flow, 0), job.audio.held
        # Has its reader taken everything, and will it take the next segments, too?
        brought = max(1, self._largest) * (job.running + 1)
        if held == 0 and job.audio.credit >= brought:
            return self.bytes < limits.bytes and flow < limits.bytes_per_client
        shared = 1.0 - RESERVE
        room = min(limits.bytes * shared - self.bytes, limits.bytes_per_client * shared - flow)
        return held < room * SHARE

    def _add(self, flow: str, change: int) -> None:
        self.bytes += change
        left = self._flows.get(flow, 0) + change
        if left:
            self._flows[flow] = left
        else:
            del self._flows[flow]

    def check(self, jobs: Iterable[Job]) -> None:
        """Raise AssertionError unless the sums are those of these jobs."""
        held = {job.id: job.audio.held for job in jobs if job.audio.held}
        assert self._jobs == held, f"not settled: {self._jobs}, and {held} is held"
        flows: dict[str, int] = {}
        for job in jobs:
            flows[job.flow] = flows.get(job.flow, 0) + job.audio.held
        assert self._flows == {flow: size for flow, size in flows.items() if size}
        assert self.bytes == sum(flows.values())
