"""How much work may wait: bounded in predicted seconds and in bytes, per client and in all.

A job is charged to a *flow*, which is one client. What a flow may have waiting is
bounded, and so is the sum over flows, in which each counts with no more than its own
bound: a book that is longer than the bound is admitted into an empty queue and
still leaves room for everybody else's sentences.

How long a text takes is learned (`costs`), and how fast work is done is measured;
from both follows when there will be room again, and whether a deadline can be met.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from supervisor.core.job import Job

_MEMORY_S = 10.0
"""Time constant of the measured rate."""

_ENOUGH_S = 0.5
"""Time under load from which a measured rate means something."""

_MARGIN = 1.5
"""What a predicted wait is multiplied by before a deadline is held to be possible: texts differ,
and clients may come that are owed their share too."""

_SHORTEST_MS = 50
_LONGEST_MS = 30_000


class Limits(msgspec.Struct, frozen=True):
    """How much may wait. Work is in predicted seconds of one worker, bytes are of text."""

    jobs: int = 10_000
    jobs_per_client: int = 1_024
    work_s: float = 3_600.0
    work_s_per_client: float = 900.0
    bytes: int = 64 << 20
    bytes_per_client: int = 16 << 20


class Refusal(NamedTuple):
    """Why there is no room, and when there may be."""

    message: str
    retry_after_ms: int


class _Waiting:
    """What one flow has waiting or running."""

    __slots__ = ("bytes", "jobs", "work_s")

    def __init__(self) -> None:
        self.jobs = 0
        self.bytes = 0
        self.work_s = 0.0


class DrainRate:
    """Predicted seconds of work done for each second in which work was waiting."""

    def __init__(self) -> None:
        self._work = 0.0
        self._time = 0.0
        self._last: float | None = None

    def done(self, now: float, work_s: float, *, waiting: bool) -> None:
        """Some work was done; `waiting` tells whether there is more than the workers take."""
        if self._last is not None and now > self._last:
            elapsed = now - self._last
            fade = max(0.0, 1.0 - elapsed / _MEMORY_S)  # to first order what exp would give
            self._work = self._work * fade + work_s
            self._time = self._time * fade + elapsed
        elif self._last is not None:
            self._work += work_s
        self._last = now if waiting else None

    def rate(self, workers: int) -> float:
        """The measured rate, or one second per second and worker while nothing is measured."""
        if self._time >= _ENOUGH_S and self._work > 0:
            return self._work / self._time
        return float(max(1, workers))


class Admission:
    """Counts what waits, by flow and in all, and says whether more may come."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.drain = DrainRate()
        self.jobs = 0
        self.bytes = 0
        self.work_s = 0.0
        self._flows: dict[str, _Waiting] = {}
        self._charged_s = 0.0
        """Sum over the flows of their work, each up to its bound."""

    def refusal(
        self, flow: str, size: int, work_s: float, patience_s: float | None, workers: int
    ) -> Refusal | None:
        """Why a job of `size` bytes and `work_s` seconds has to be refused; None if it has not."""
        if self._crowded(flow, size):
            for message, excess_s in self._excesses(flow, size, work_s):
                return _refusal(message, excess_s / self.drain.rate(workers))
        if patience_s is None:
            return None
        late = self.wait_s(flow, work_s, workers) * _MARGIN - patience_s
        return _refusal(f"it would end {late:.1f} s after its deadline", late) if late > 0 else None

    def _crowded(self, flow: str, size: int) -> bool:
        """Whether any bound may be broken: the quick look that every job gets."""
        limits, mine = self.limits, self._flows.get(flow)
        return (
            self.jobs >= limits.jobs
            or self.bytes + size > limits.bytes
            or self._charged_s >= limits.work_s
            or (
                mine is not None
                and (
                    mine.jobs >= limits.jobs_per_client
                    or mine.bytes + size > limits.bytes_per_client
                    or mine.work_s >= limits.work_s_per_client
                )
            )
        )

    def _excesses(self, flow: str, size: int, work_s: float) -> Iterator[tuple[str, float]]:
        """Bounds that a job would break, and the seconds of work until there is room."""
        limits, mine = self.limits, self._flows.get(flow)
        if self.jobs >= limits.jobs:
            yield f"{self.jobs} jobs are waiting", self.work_s / self.jobs
        if self.jobs and self.bytes + size > limits.bytes:
            yield f"{self.bytes} bytes of text are waiting", self.work_s * size / limits.bytes
        if self._charged_s >= limits.work_s:
            excess = self._charged_s - limits.work_s + min(work_s, limits.work_s_per_client)
            yield f"{self.work_s:.0f} s of work are waiting", excess
        if mine is None:
            return
        if mine.jobs >= limits.jobs_per_client:
            yield f"{mine.jobs} jobs of this client are in flight", mine.work_s / mine.jobs
        if mine.bytes + size > limits.bytes_per_client:
            excess = mine.work_s * size / limits.bytes_per_client
            yield f"{mine.bytes} bytes of text of this client are waiting", excess
        if mine.work_s >= limits.work_s_per_client:
            excess = mine.work_s - limits.work_s_per_client + work_s
            yield f"{mine.work_s:.0f} s of work of this client are waiting", excess

    def wait_s(self, flow: str, work_s: float, workers: int) -> float:
        """Seconds until a new job of `work_s` would be done.

        Under fair sharing a flow gets its share of the rate at least. It may get more, but
        only until others come who are owed as much, so nothing less can be promised.
        Priorities are left out.
        """
        mine = self._flows.get(flow)
        own = work_s + (mine.work_s if mine is not None else 0.0)
        flows = len(self._flows) + (mine is None)
        return own * flows / self.drain.rate(workers)

    def enter(self, job: Job) -> None:
        """A job was admitted; `job.work_s` is what it is predicted to take."""
        flow = self._flows.get(job.flow)
        if flow is None:
            flow = self._flows[job.flow] = _Waiting()
        self.jobs += 1
        self.bytes += job.size
        flow.jobs += 1
        flow.bytes += job.size
        self._add(flow, job.work_s)

    def progress(self, job: Job, work_s: float, now: float, *, waiting: bool) -> None:
        """A segment of `work_s` predicted seconds was spoken."""
        self.drain.done(now, work_s, waiting=waiting)
        job.work_s -= work_s
        self._add(self._flows[job.flow], -work_s)

    def again(self, job: Job, work_s: float) -> None:
        """Work that was done for a job is to be done once more."""
        job.work_s += work_s
        self._add(self._flows[job.flow], work_s)

    def leave(self, job: Job) -> bool:
        """A job has ended; True if its flow has no other."""
        flow = self._flows[job.flow]
        self.jobs -= 1
        self.bytes -= job.size
        flow.jobs -= 1
        flow.bytes -= job.size
        self._add(flow, -job.work_s)
        job.work_s = 0.0
        if flow.jobs:
            return False
        self._add(flow, -flow.work_s)
        del self._flows[job.flow]
        if not self._flows:
            self.work_s = self._charged_s = 0.0  # no error of rounding outlives the queue
        return True

    def _add(self, flow: _Waiting, work_s: float) -> None:
        bound = self.limits.work_s_per_client
        before = flow.work_s
        flow.work_s = before + work_s
        self.work_s += work_s
        if before <= bound >= flow.work_s:
            self._charged_s += work_s
        else:
            self._charged_s += min(flow.work_s, bound) - min(before, bound)

    def set_limits(self, limits: Limits) -> None:
        """Other bounds hold from now on; what was admitted stays."""
        self.limits = limits
        bound = limits.work_s_per_client
        self._charged_s = sum(min(flow.work_s, bound) for flow in self._flows.values())

    def check(self, jobs: Counter[str]) -> None:
        """Raise AssertionError unless the counts are those of these jobs, by flow."""
        assert {name: flow.jobs for name, flow in self._flows.items()} == dict(jobs)
        assert self.jobs == jobs.total()
        work = sum(flow.work_s for flow in self._flows.values())
        assert abs(work - self.work_s) < 1e-6 * max(1.0, work)
        bound = self.limits.work_s_per_client
        charged = sum(min(flow.work_s, bound) for flow in self._flows.values())
        assert abs(charged - self._charged_s) < 1e-6 * max(1.0, charged)


def _refusal(message: str, seconds: float) -> Refusal:
    milliseconds = min(max(int(seconds * 1000), _SHORTEST_MS), _LONGEST_MS)
    return Refusal(message, milliseconds)
