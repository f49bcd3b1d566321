"""Admission: bounds the work that waits, in predicted seconds and in bytes, per client and in all.

A job is charged to a *flow*, which is one client. The waiting work of each flow is
bounded, and so is the sum over flows. A job counts with half of its flow's bound at most,
and a flow with no more than its own bound: a book that is longer than all bounds is
admitted, and still leaves room for sentences of its own client and of others.

A flow that asks for little is admitted however many books wait: it gets its share at once.

The cost of a text is learned (`Costs`), the rate of work is measured (`DrainRate`); both
tell when there will be room again, and whether a deadline can be met.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from supervisor.core.jobs.classes import CLASSES, Classes, below
from supervisor.core.jobs.events import RefusalCode
from supervisor.core.jobs.job import LATE, Job
from supervisor.core.jobs.limits import Limits
from supervisor.core.jobs.request import JobRequest
from supervisor.speech import RequestClass
from supervisor.wording import counted

_MEMORY_S = 10.0
"""Time constant of the measured rate."""

_ENOUGH_S = 0.5
"""Time under load from which a measured rate means something."""

_MARGIN = 1.5
"""Factor on a predicted wait within which a deadline must lie: texts differ, and new clients take
their share."""

FIRST_GUESS = 0.01
"""Seconds for a character of an engine that has not spoken yet, was never measured, and declares
nothing."""

_SHARE = 0.05
"""Weight of a segment against all before it."""

_FAR = 1.25
"""A factor between two rates from which one no longer predicts the other."""

_MAX_VOICES = 10_000

_SHORTEST_MS = 50
_LONGEST_MS = 24 * 3_600_000
"""Bounds on the wait that a refusal names."""

NO_MEMORY = (
    "memory is nearly used up: until there is more, only short texts of class interactive that "
    "are not durable are taken"
)
NO_MEMORY_MS = 30_000
"""As long as memory has to stay free before it is built upon."""

_OF_ONE_JOB = 0.5
"""Part of its flow's bound that a job is charged with at most."""

_LITTLE_WORK = 1 / 30
_LITTLE_TEXT = 1 / 256
"""Parts of the bounds on work, and on bytes, up to which a flow is admitted whatever others have
waiting. With the defaults 30 s of work and 64 kB of text."""


class Refusal(NamedTuple):
    """The reason why a request does not become a job, and the time until it may."""

    code: RefusalCode
    message: str
    retry_after_ms: int | None = None


class Costs:
    """Seconds of one worker for a character, learned for each engine and voice.

    Exponential averages. Speech at speed 2 is half as long, and takes half as long.
    """

    def __init__(self) -> None:
        self._voices: dict[tuple[str, str], float] = {}
        self._engines: dict[str, float] = {}
        self._predicted: dict[str, float] = {}
        """By engine, the rate at which all of its jobs were last predicted."""
        self._measured: Mapping[str, float] = {}
        self._declared: Mapping[str, float] = {}

    def expect(self, measured: Mapping[str, float], declared: Mapping[str, float]) -> None:
        """Take rates that hold until an engine has spoken, as in the event `CostsExpected`."""
        self._measured, self._declared = measured, declared

    def rate(self, job: Job) -> None:
        """Predict seconds of one worker for a character of this job."""
        request, work = job.request, job.work
        rate = self._voices.get((request.speech.engine, request.speech.voice))
        if rate is None:
            engine = request.speech.engine
            known = self._engines.get(engine) or self._measured.get(engine)
            rate = known or self._declared.get(engine)
        work.guessed = not rate
        work.rate = (rate or FIRST_GUESS) / request.speech.speed

    def knows(self, request: JobRequest) -> bool:
        """Whether this engine has spoken yet, or was measured on this host."""
        return request.speech.engine in self._engines or request.speech.engine in self._measured

    def learn(self, request: JobRequest, chars: int, seconds: float) -> bool:
        """Learn that a segment of `chars` took `seconds`; the first one of a voice counts fully.

        True if the last prediction for this engine is far from its rate by now.
        """
        if not chars or seconds <= 0:
            return False
        found = seconds * request.speech.speed / chars
        engine, voice = request.speech.engine, (request.speech.engine, request.speech.voice)
        known = self._voices.get(voice)
        if known is None and len(self._voices) >= _MAX_VOICES:
            del self._voices[next(iter(self._voices))]  # Clients may mix voices without end.
        self._voices[voice] = found if known is None else known + _SHARE * (found - known)
        known = self._engines.get(engine)
        rate = found if known is None else known + _SHARE * (found - known)
        self._engines[engine] = rate
        predicted = self._predicted.get(engine, 0.0)
        if predicted and 1 / _FAR < rate / predicted < _FAR:
            return False
        self._predicted[engine] = rate
        return True


class _FlowWork:
    """Sums over the jobs of one flow, waiting or running."""

    __slots__ = ("bytes", "charged_s", "jobs", "of_class_s", "work_s")

    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}
        self.bytes = 0
        self.work_s = 0.0
        self.charged_s = 0.0
        """Its work, of each job no more than it is charged with."""
        self.of_class_s: dict[RequestClass, float] = dict.fromkeys(CLASSES, 0.0)
        """Its work by class."""


_NOTHING = _FlowWork()


class DrainRate:
    """Predicted seconds of work done for each second in which work was waiting."""

    def __init__(self) -> None:
        self._work = 0.0
        self._time = 0.0
        self._last: float | None = None

    def done(self, now: float, work_s: float, *, waiting: bool) -> None:
        """Count work that was done; `waiting`: there is more than the workers take."""
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
    """Counts waiting work, by flow and in all, and admits or refuses jobs."""

    def __init__(self, limits: Limits, classes: Classes) -> None:
        self.limits = limits
        self.demoted: Counter[RequestClass] = Counter()
        """Jobs by the class that they were put out of: their client has too much in it."""
        self._classes = classes
        self.costs = Costs()
        self.drain = DrainRate()
        self.jobs = 0
        self.bytes = 0
        self.work_s = 0.0
        self.memory_critical = False
        """Whether memory is nearly used up, so that only what is short is admitted."""
        self._flows: dict[str, _FlowWork] = {}
        self._charged_s = 0.0
        """Sum over the flows of what they are charged with, each up to its bound."""

    @property
    def flows(self) -> int:
        """Number of clients that have work waiting or running."""
        return len(self._flows)

    @property
    def largest_flow_work_s(self) -> float:
        """Predicted seconds of work of the client that has most."""
        return max((flow.work_s for flow in self._flows.values()), default=0.0)

    def admit(self, job: Job, now: float, workers: int, cached: int = 0) -> Refusal | None:
        """Count a new job in with its predicted work, or return why it is refused.

        `workers`: their number, which stands in while no rate is measured. `cached`: characters of
        it that are no work.
        """
        if job.due <= now:
            return Refusal("expired", LATE)
        request = job.request
        if self.memory_critical and not _is_urgent(job):
            return Refusal("busy", NO_MEMORY, NO_MEMORY_MS)
        self.costs.rate(job)
        work_s = (job.chars_left - cached) * job.work.rate
        mine = self._flows.get(job.flow, _NOTHING)
        if self._crowded(mine, job.chars):
            rate = self.drain.rate(workers)
            for message, wait_s in self._excesses(mine, job.chars, work_s, rate):
                return _busy(message, wait_s)
        # No job is refused for a guess: an engine that has not spoken yet may be fast.
        if work_s and request.deadline is not None and self.costs.knows(request):
            late = self.wait_s(job.flow, work_s, workers) * _MARGIN - (job.due - now)
            if late > 0:
                return _busy(f"it would end {late:.1f} s after its deadline", late)
        self._demote(job, mine, work_s)
        self._enter(job, job.chars_left * job.work.rate)
        return None

    def _demote(self, job: Job, mine: _FlowWork, new_s: float) -> None:
        """Put a job into the most urgent class, from its own downwards, that has room for it among
        the work of its client. `new_s`: its work that is not counted yet.
        """
        while True:
            name = job.request_class
            most = self._classes.rules[name].max_work_s
            if most is None or mine.of_class_s[name] + new_s <= most:
                return
            self.demoted[name] += 1
            job.request_class = below(name)
            if job.work.seconds:
                mine.of_class_s[name] -= job.work.seconds
                mine.of_class_s[job.request_class] += job.work.seconds

    def enter(self, job: Job) -> None:
        """Count in a job that was admitted before."""
        self.costs.rate(job)
        self._enter(job, job.chars_left * job.work.rate)

    def learn(self, job: Job, now: float, chars: int, seconds: float, *, waiting: bool) -> None:
        """Learn from a worker's `seconds` for `chars` of the job, and count what is left of it.

        `waiting`: there is more work than the workers take.
        """
        self.drain.done(now, chars * job.work.rate, waiting=waiting)
        if self.costs.learn(job.request, chars, seconds):
            self._rate_again(job.request.speech.engine)
        if job.chars_left:
            self.costs.rate(job)
        self.settle(job)

    def grow(self, job: Job, size: int) -> None:
        """Count in more text of a job, which has it by now."""
        self.bytes += size
        flow = self._flows[job.flow]
        flow.bytes += size
        self.settle(job)
        self._demote(job, flow, 0.0)

    def settle(self, job: Job) -> None:
        """Count what is left of a job at its rate."""
        self._count(job, self._flows[job.flow], job.chars_left * job.work.rate)

    def _crowded(self, mine: _FlowWork, size: int) -> bool:
        """Whether any bound may be broken: the quick check that every job gets."""
        limits = self.limits
        return (
            self.jobs >= limits.jobs
            or self.bytes + size > limits.bytes
            or self._charged_s >= limits.work_s
            or len(mine.jobs) >= limits.jobs_per_client
            or mine.bytes + size > limits.bytes_per_client
            or mine.charged_s >= limits.work_s_per_client
        )

    def _excesses(
        self, mine: _FlowWork, size: int, work_s: float, rate: float
    ) -> Iterator[tuple[str, float]]:
        """Bounds that a job would break, and the seconds until there is room.

        `rate`: seconds of work that all workers do in a second; a flow gets its share of it.
        """
        limits = self.limits
        share = rate / max(1, len(self._flows))
        little = min(limits.work_s, limits.work_s_per_client) * _LITTLE_WORK
        small = min(limits.bytes, limits.bytes_per_client) * _LITTLE_TEXT
        if self.jobs >= limits.jobs:
            waiting = counted(self.jobs, "job is", "jobs are")
            yield f"{waiting} waiting", self.work_s / self.jobs / rate
        if self.jobs and self.bytes + size > limits.bytes and mine.bytes + size > small:
            wait_s = self.work_s * size / self.bytes / rate
            yield f"{self.bytes} bytes of text are waiting", wait_s
        if self._charged_s >= limits.work_s and work_s and mine.work_s + work_s > little:
            wait_s = max(self.work_s - limits.work_s, self._charged_s - limits.work_s) / rate
            yield f"{self.work_s:.0f} s of work are waiting", wait_s
        if len(mine.jobs) >= limits.jobs_per_client:
            wait_s = mine.work_s / len(mine.jobs) / share
            in_flight = counted(len(mine.jobs), "job of this client is", "jobs of this client are")
            yield f"{in_flight} in flight", wait_s
        if mine.jobs and mine.bytes + size > limits.bytes_per_client:
            wait_s = mine.work_s * size / mine.bytes / share
            yield f"{mine.bytes} bytes of text of this client are waiting", wait_s
        if mine.charged_s >= limits.work_s_per_client and work_s:
            wait_s = (mine.work_s - limits.work_s_per_client) / share
            yield f"{mine.work_s:.0f} s of work of this client are waiting", wait_s

    def wait_s(self, flow: str, work_s: float, workers: int) -> float:
        """Seconds until a new job of `work_s` would be done.

        Under fair sharing a flow gets its share of the rate at least. More lasts only until
        other flows come, so it is not counted on. Priorities are left out.
        """
        mine = self._flows.get(flow)
        own = work_s + (mine.work_s if mine is not None else 0.0)
        flows = len(self._flows) + (mine is None)
        return own * flows / self.drain.rate(workers)

    def _enter(self, job: Job, work_s: float) -> None:
        flow = self._flows.get(job.flow)
        if flow is None:
            flow = self._flows[job.flow] = _FlowWork()
        self.jobs += 1
        self.bytes += job.chars
        flow.jobs[job.id] = job
        flow.bytes += job.chars
        self._count(job, flow, work_s)

    def remove(self, job: Job) -> bool:
        """Take a job out of the counts; True if its flow has no other."""
        flow = self._flows[job.flow]
        self.jobs -= 1
        self.bytes -= job.chars
        del flow.jobs[job.id]
        flow.bytes -= job.chars
        if flow.jobs:
            self._count(job, flow, 0.0)
            return False
        job.work.seconds = 0.0
        self._add(flow, -flow.work_s, -flow.charged_s)
        del self._flows[job.flow]
        if not self._flows:
            self.work_s = self._charged_s = 0.0  # no error of rounding outlives the queue
        return True

    def _count(self, job: Job, flow: _FlowWork, work_s: float) -> None:
        work = job.work
        before = work.seconds
        change = work_s - before
        if not change:
            return
        work.seconds = work_s
        flow.of_class_s[job.request_class] += change
        bound, charged_s = self.limits.work_s_per_client, flow.charged_s
        most = bound * _OF_ONE_JOB
        if not before <= most >= work_s:
            self._add(flow, change, min(work_s, most) - min(before, most))
        elif not charged_s <= bound >= charged_s + change:
            self._add(flow, change, change)
        else:  # As nearly always: the same in short.
            flow.work_s += change
            flow.charged_s = charged_s + change
            self.work_s += change
            self._charged_s += change

    def _add(self, flow: _FlowWork, work_s: float, charge_s: float) -> None:
        bound = self.limits.work_s_per_client
        before = flow.charged_s
        flow.work_s += work_s
        flow.charged_s = before + charge_s
        self.work_s += work_s
        if before <= bound >= flow.charged_s:
            self._charged_s += charge_s
        else:
            self._charged_s += min(flow.charged_s, bound) - min(before, bound)

    def _rate_again(self, engine: str) -> None:
        """Count all jobs of an engine anew, whose rate turned out to be far from its prediction."""
        for flow in self._flows.values():
            for job in flow.jobs.values():
                if job.request.speech.engine == engine:
                    self.costs.rate(job)
                    self._count(job, flow, job.chars_left * job.work.rate)

    def set_limits(self, limits: Limits, classes: Classes) -> None:
        """Set other bounds; admitted jobs stay, each in its class."""
        self.limits = limits
        self._classes = classes
        bound = limits.work_s_per_client
        most = bound * _OF_ONE_JOB
        for flow in self._flows.values():
            flow.charged_s = sum(min(job.work.seconds, most) for job in flow.jobs.values())
        self._charged_s = sum(min(flow.charged_s, bound) for flow in self._flows.values())

    def check(self, jobs: Collection[Job]) -> None:
        """Raise AssertionError unless exactly these jobs are counted, by flow."""
        counted: dict[str, dict[str, Job]] = {}
        for job in jobs:
            counted.setdefault(job.flow, {})[job.id] = job
        assert {name: flow.jobs for name, flow in self._flows.items()} == counted
        assert self.jobs == len(jobs)
        work = sum(job.chars_left * job.work.rate for job in jobs)
        assert abs(work - self.work_s) < 1e-6 * max(1.0, work)
        by_class = sum(sum(flow.of_class_s.values()) for flow in self._flows.values())
        assert abs(by_class - self.work_s) < 1e-6 * max(1.0, work)
        bound = self.limits.work_s_per_client
        charged = sum(
            min(bound, sum(min(job.work.seconds, bound * _OF_ONE_JOB) for job in of_flow.values()))
            for of_flow in counted.values()
        )
        assert abs(charged - self._charged_s) < 1e-6 * max(1.0, charged)


def _is_urgent(job: Job) -> bool:
    """Whether somebody waits for this job, and it is gone once it is heard."""
    request = job.request
    whole = request.rest is None and not request.open
    return job.request_class == "interactive" and whole and not request.durable


def _busy(message: str, seconds: float) -> Refusal:
    milliseconds = min(max(int(seconds * 1000), _SHORTEST_MS), _LONGEST_MS)
    return Refusal("busy", message, milliseconds)
