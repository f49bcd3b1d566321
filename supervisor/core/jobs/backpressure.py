"""Backpressure: bounds the held audio, spoken and not yet released, per client and in all.

A job whose audio is held gets no further segment once it holds its share of the room
that is left: of three quarters of the bound. That is fair among slow readers, but many of
them, one after another, can use up all of it. The last quarter is therefore for jobs that
hold nothing and whose credit covers the largest segment so far: their audio is released
at once, so they are served however many slow readers there are. No job of a slow reader
has to be ended for it.

Liveness. Segments of a job start in order, and one whose worker was lost goes before all
others and needs no room (`queue`). So held audio waits either for a segment that runs, or
for its reader alone: credit releases it, and makes room. The room is checked before a
segment starts, and no new segment starts while a lost one waits; so the total exceeds the
bound by at most one segment for each worker.
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
    """Sums of held audio by job and by flow; `settle` brings a job's part up to date."""

    def __init__(self, limits: HeldLimits) -> None:
        self.limits = limits
        self.bytes = 0
        self._largest = 1
        """Bytes of the largest segment so far, one at least."""
        self._jobs: dict[str, int] = {}
        """By job, the bytes that are counted of it, where it holds any; and by flow."""
        self._flows: dict[str, int] = {}

    def settle(self, job: Job) -> bool:
        """Count the audio that `job` holds now; True if that made room."""
        held = job.audio.held
        change = held - self._jobs.get(job.id, 0)
        if change:
            if held:
                self._jobs[job.id] = held
            else:
                del self._jobs[job.id]
            self._add(job.flow, change)
        return change < 0

    def remove(self, job: Job) -> bool:
        """Take a job out of the sums; True if that made room."""
        held = self._jobs.pop(job.id, 0)
        if held:
            self._add(job.flow, -held)
        return held > 0

    def expect(self, size: int) -> None:
        """Expect later segments to be as large as this one, in bytes."""
        self._largest = max(self._largest, size)

    def allows(self, job: Job) -> bool:
        """Whether there is room for one more segment of this job."""
        limits, audio, flow = self.limits, job.audio, self._flows.get(job.flow, 0)
        held = audio.held
        # Has its reader taken everything, and will it take the next segments, too?
        if held == 0 and audio.credit >= self._largest * (job.running + 1):
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
