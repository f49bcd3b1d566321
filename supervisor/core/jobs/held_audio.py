"""How much spoken audio waits in memory for clients that do not take it: per client and in all.

A job whose audio is held gets no further segment once it holds its share of the room
that is left: of three quarters of the bound. That is fair among slow readers, but those
who come one after another can use it all up. The last quarter is therefore for jobs that
hold nothing and whose credit covers the largest segment seen so far: what they bring
leaves at once, so they are served however many others do not read. No job of a slow
reader has to be ended for it.

Why nothing waits for ever. Segments of a job start in order, and one whose worker was
lost goes before all others and needs no room (`fair_queue`). So audio that is held either
waits for a segment that runs, or for nothing but its reader: with credit it leaves, and
what leaves makes room. The room is looked at before a segment starts, and while a lost
segment waits no new one does; so the total is never above the bound by more than one
segment for each worker.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from supervisor.core.jobs.job import Job

SHARE = 0.25
"""Part of the free room that one job may hold."""

RESERVE = 0.25
"""Part of a bound that is kept for jobs whose audio leaves at once."""


class HeldLimits(msgspec.Struct, frozen=True):
    """Bytes of audio that was spoken and not released, at which nothing more is spoken."""

    bytes: int = 64 << 20
    bytes_per_client: int = 16 << 20


class HeldAudio:
    """The sums over jobs that have not ended. `settle` brings a job's part up to date."""

    def __init__(self, limits: HeldLimits) -> None:
        self.limits = limits
        self.bytes = 0
        self._largest = 0
        """Bytes of the largest segment so far."""
        self._flows: dict[str, int] = {}

    def settle(self, job: Job) -> bool:
        """Count what `job` holds now, nothing once it has ended; True if that made room."""
        return self._count(job, 0 if job.ended else job.held_bytes)

    def leave(self, job: Job) -> bool:
        """The job is no longer looked after; True if that made room."""
        return self._count(job, 0)

    def spoken(self, size: int) -> None:
        """A segment of `size` bytes was spoken: the next may be as large."""
        self._largest = max(self._largest, size)

    def allows(self, job: Job) -> bool:
        """Whether there is room for one more segment of this job."""
        limits, flow = self.limits, self._flows.get(job.flow, 0)
        if self._leaves_at_once(job):
            return self.bytes < limits.bytes and flow < limits.bytes_per_client
        shared = 1.0 - RESERVE
        room = min(limits.bytes * shared - self.bytes, limits.bytes_per_client * shared - flow)
        return job.held_bytes < room * SHARE

    def _leaves_at_once(self, job: Job) -> bool:
        """Whether its reader has taken everything and will take the next segments, too."""
        return job.held_bytes == 0 and job.credit >= max(1, self._largest) * (job.running + 1)

    def _count(self, job: Job, held: int) -> bool:
        change = held - job.counted_bytes
        if change == 0:
            return False
        job.counted_bytes = held
        self.bytes += change
        left = self._flows.get(job.flow, 0) + change
        if left:
            self._flows[job.flow] = left
        else:
            del self._flows[job.flow]
        return change < 0

    def check(self, jobs: Iterable[Job]) -> None:
        """Raise AssertionError unless the sums are those of these jobs."""
        flows: dict[str, int] = {}
        for job in jobs:
            assert job.counted_bytes == job.held_bytes, f"job {job.id} is not settled"
            flows[job.flow] = flows.get(job.flow, 0) + job.held_bytes
        assert self._flows == {flow: held for flow, held in flows.items() if held}
        assert self.bytes == sum(flows.values())
