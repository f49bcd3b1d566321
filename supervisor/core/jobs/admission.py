"""How much work may wait: bounded in predicted seconds and in bytes, per client and in all.

A job is charged to a *flow*, which is one client. What a flow may have waiting is
bounded, and so is the sum over flows. A job counts with half of its flow's bound at most,
and a flow with no more than its own bound: a book that is longer than all bounds is
admitted, and still leaves room for sentences, everybody else's and its own client's.

However many books wait, a flow that asks for little is let in: it gets its share at once.

How long a text takes is learned (`costs`), and how fast work is done is measured;
from both follows when there will be room again, and whether a deadline can be met.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

import msgspec

from supervisor.core.jobs.job import Job

_MEMORY_S = 10.0
"""Time constant of the measured rate."""

_ENOUGH_S = 0.5
"""Time under load from which a measured rate means something."""

_MARGIN = 1.5
"""What a predicted wait is multiplied by before a deadline is held to be possible: texts differ,
and clients may come that are owed their share too."""

_SHORTEST_MS = 50
_LONGEST_MS = 24 * 3_600_000
"""More than a day is no wait that anybody believes."""

_OF_ONE_JOB = 0.5
"""Part of its flow's bound that a job is charged with at most."""

_LITTLE_WORK = 1 / 30
_LITTLE_TEXT = 1 / 256
"""Parts of the bounds on work, and on bytes, up to which a flow need not care what others have
waiting. With the defaults 30 s of work and 64 kB of text."""


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

    __slots__ = ("bytes", "charged_s", "jobs", "work_s")

    def __init__(self) -> None:
        self.jobs = 0
        self.bytes = 0
        self.work_s = 0.0
        self.charged_s = 0.0
        """Its work, of each job no more than it is charged with."""


_NOTHING = _Waiting()


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
        """Sum over the flows of what they are charged with, each up to its bound."""

    @property
    def flows(self) -> int:
        """How many clients have work waiting or running."""
        return len(self._flows)

    @property
    def largest_flow_work_s(self) -> float:
        """Predicted seconds of the client who has most."""
        return max((flow.work_s for flow in self._flows.values()), default=0.0)

    def refusal(
        self, flow: str, size: int, work_s: float, patience_s: float | None, workers: int
    ) -> Refusal | None:
        """Why a job of `size` bytes and `work_s` seconds has to be refused; None if it has not."""
        mine = self._flows.get(flow, _NOTHING)
        if self._crowded(mine, size):
            rate = self.drain.rate(workers)
            for message, wait_s in self._excesses(mine, size, work_s, rate):
                return _refusal(message, wait_s)
        if patience_s is None:
            return None
        late = self.wait_s(flow, work_s, workers) * _MARGIN - patience_s
        return _refusal(f"it would end {late:.1f} s after its deadline", late) if late > 0 else None

    def _crowded(self, mine: _Waiting, size: int) -> bool:
        """Whether any bound may be broken: the quick look that every job gets."""
        limits = self.limits
        return (
            self.jobs >= limits.jobs
            or self.bytes + size > limits.bytes
            or self._charged_s >= limits.work_s
            or mine.jobs >= limits.jobs_per_client
            or mine.bytes + size > limits.bytes_per_client
            or mine.charged_s >= limits.work_s_per_client
        )

    def _excesses(
        self, mine: _Waiting, size: int, work_s: float, rate: float
    ) -> Iterator[tuple[str, float]]:
        """Bounds that a job would break, and the seconds until there is room.

        `rate` is what all workers do in a second; of it a flow gets its share.
        """
        limits = self.limits
        share = rate / max(1, len(self._flows))
        little = min(limits.work_s, limits.work_s_per_client) * _LITTLE_WORK
        small = min(limits.bytes, limits.bytes_per_client) * _LITTLE_TEXT
        if self.jobs >= limits.jobs:
            yield f"{self.jobs} jobs are waiting", self.work_s / self.jobs / rate
        if self.jobs and self.bytes + size > limits.bytes and mine.bytes + size > small:
            wait_s = self.work_s * size / self.bytes / rate
            yield f"{self.bytes} bytes of text are waiting", wait_s
        if self._charged_s >= limits.work_s and mine.work_s + work_s > little:
            wait_s = max(self.work_s - limits.work_s, self._charged_s - limits.work_s) / rate
            yield f"{self.work_s:.0f} s of work are waiting", wait_s
        if mine.jobs >= limits.jobs_per_client:
            wait_s = mine.work_s / mine.jobs / share
            yield f"{mine.jobs} jobs of this client are in flight", wait_s
        if mine.jobs and mine.bytes + size > limits.bytes_per_client:
            wait_s = mine.work_s * size / mine.bytes / share
            yield f"{mine.bytes} bytes of text of this client are waiting", wait_s
        if mine.charged_s >= limits.work_s_per_client:
            wait_s = (mine.work_s - limits.work_s_per_client) / share
            yield f"{mine.work_s:.0f} s of work of this client are waiting", wait_s

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
        """A job was admitted, with what is left of it at its rate."""
        flow = self._flows.get(job.flow)
        if flow is None:
            flow = self._flows[job.flow] = _Waiting()
        self.jobs += 1
        self.bytes += job.size
        flow.jobs += 1
        flow.bytes += job.size
        job.work_s = 0.0
        self._count(job, flow, job.chars_left * job.rate)

    def settle(self, job: Job) -> None:
        """What is left of a job, or the rate at which it is spoken, may have changed."""
        self._count(job, self._flows[job.flow], job.chars_left * job.rate)

    def leave(self, job: Job) -> bool:
        """A job has ended; True if its flow has no other."""
        flow = self._flows[job.flow]
        self.jobs -= 1
        self.bytes -= job.size
        flow.jobs -= 1
        flow.bytes -= job.size
        if flow.jobs:
            self._count(job, flow, 0.0)
            return False
        job.work_s = 0.0
        self._add(flow, -flow.work_s, -flow.charged_s)
        del self._flows[job.flow]
        if not self._flows:
            self.work_s = self._charged_s = 0.0  # no error of rounding outlives the queue
        return True

    def _count(self, job: Job, flow: _Waiting, work_s: float) -> None:
        before, job.work_s = job.work_s, work_s
        most = self.limits.work_s_per_client * _OF_ONE_JOB
        if before <= most >= work_s:
            self._add(flow, work_s - before, work_s - before)
        else:
            self._add(flow, work_s - before, min(work_s, most) - min(before, most))

    def _add(self, flow: _Waiting, work_s: float, charge_s: float) -> None:
        bound = self.limits.work_s_per_client
        before = flow.charged_s
        flow.work_s += work_s
        flow.charged_s = before + charge_s
        self.work_s += work_s
        if before <= bound >= flow.charged_s:
            self._charged_s += charge_s
        else:
            self._charged_s += min(flow.charged_s, bound) - min(before, bound)

    def set_limits(self, limits: Limits, jobs: Iterable[Job]) -> None:
        """Other bounds hold from now on; what was admitted, which are these jobs, stays."""
        self.limits = limits
        bound = limits.work_s_per_client
        for flow in self._flows.values():
            flow.charged_s = 0.0
        for job in jobs:
            self._flows[job.flow].charged_s += min(job.work_s, bound * _OF_ONE_JOB)
        self._charged_s = sum(min(flow.charged_s, bound) for flow in self._flows.values())

    def check(self, jobs: Collection[Job]) -> None:
        """Raise AssertionError unless what is counted are these jobs, by flow."""
        counted = Counter(job.flow for job in jobs)
        assert {name: flow.jobs for name, flow in self._flows.items()} == dict(counted)
        assert self.jobs == len(jobs)
        work = sum(job.chars_left * job.rate for job in jobs)
        assert abs(work - self.work_s) < 1e-6 * max(1.0, work)
        bound = self.limits.work_s_per_client
        charges = dict.fromkeys(counted, 0.0)
        for job in jobs:
            charges[job.flow] += min(job.work_s, bound * _OF_ONE_JOB)
        charged = sum(min(charge, bound) for charge in charges.values())
        assert abs(charged - self._charged_s) < 1e-6 * max(1.0, charged)


def _refusal(message: str, seconds: float) -> Refusal:
    milliseconds = min(max(int(seconds * 1000), _SHORTEST_MS), _LONGEST_MS)
    return Refusal(message, milliseconds)
