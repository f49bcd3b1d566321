"""The job queue and dispatch: gives waiting segments to idle workers.

`Queue` knows the workers and gives them segments, the worker used last first. The order of
jobs is `FairQueue`'s; whether a job may run while its audio is held, `backpressure`'s. Answers
are handled in `machine`.

The order is fair between flows, by class and priority, and free of starvation: start-time fair
queueing (Goyal, Vin, Cheng 1996). The jobs of one class of a flow have start tags: each segment
is as far behind the one before as that one cost, in predicted seconds, divided by the
weight of the class (`share`). The lowest tag runs first. The virtual time is the start tag of the
segment that ran last, and a new flow begins there: workers that were used while no other flow had
work cost nothing later, and two flows with work never differ by more than a segment for
each worker, whatever happened before. So a sentence goes first, beside its own client's book
and beside others'.

A segment is charged when it runs, not when it is queued: a cancelled one costs nothing.

Priority is a head start in seconds of virtual time, so everything ages at the same rate
and no job waits for ever behind more urgent ones.

A segment that was lost with its worker goes before all others: it has waited for its
turn already, and audio spoken after it is held in memory until it is there. One that gave up its
worker for a sentence (`preemption`) is queued as if it had never run.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Collection, Iterable
from heapq import heapify, heappop, heappush, heapreplace

from supervisor.core.jobs import events as e
from supervisor.core.jobs.backpressure import HELD_BYTES_MAX, Backpressure
from supervisor.core.jobs.classes import Classes, Contention
from supervisor.core.jobs.job import OUTCOMES, Job
from supervisor.core.jobs.limits import HeldLimits
from supervisor.core.jobs.parts import Part
from supervisor.core.jobs.preemption import Preemption, Running
from supervisor.core.jobs.release import Release
from supervisor.core.jobs.repeats import Repeats
from supervisor.core.jobs.request import DEFAULT_PRIORITY, HIGHEST_PRIORITY
from supervisor.core.jobs.timings import Timings
from supervisor.speech import RequestClass

AGEING_S = 10.0
"""Head start of one priority level: seconds of virtual time that outweigh it."""

_HEAD_STARTS = tuple((HIGHEST_PRIORITY - p) * AGEING_S for p in range(HIGHEST_PRIORITY + 1))
"""By priority, the seconds of virtual time by which less urgent jobs stand behind."""

_WORKER_S = 1.0
"""Time until there is a worker where there is none, for want of knowing better."""
_GIVES_WAY_S = 0.03
"""Time until a worker that was interrupted is free."""

_MOMENT_S = 0.01
"""How long a prediction is good for others."""

_LOOKED_AT = 100
"""Flows that are looked at to predict a wait."""

_SWEEP = 64
"""Stale entries from which sweeping is worth its cost."""


class _Flow:
    """The jobs of one class of a flow that wait, best rank first, and the start tag of its next
    segment.
    """

    __slots__ = ("entry", "jobs", "rank", "start")

    def __init__(self, start: float) -> None:
        self.start = start
        self.jobs: list[tuple[float, int, Job]] = []
        self.entry = 0
        """The entry that is its place in the queue; 0 for none."""
        self.rank = 0.0
        """The rank of that entry: never more than its rank now."""

    def top(self) -> Job | None:
        """The job of this flow that is to run next."""
        jobs = self.jobs
        while jobs:
            _rank, ticket, job = jobs[0]
            if job.place.ticket == ticket:
                return job
            heappop(jobs)
        return None

    def rank_of(self, job: Job) -> float:
        """The rank of a job by now: its own, or that of the flow's next segment if higher."""
        return max(job.place.rank, self.start + _HEAD_STARTS[job.request.priority])


class FairQueue:
    """Jobs that have a segment to run, in fair order; each at most once."""

    def __init__(self) -> None:
        self.waiting = 0
        """Number of jobs that wait."""
        self._heap: list[tuple[float, int, _Flow]] = []
        self._flows: dict[str, dict[RequestClass, _Flow]] = {}
        self._retries: deque[tuple[int, Job]] = deque()
        self._time = 0.0
        """Virtual time: the start tag of the segment that ran last."""
        self._tickets = 0
        self._stale = 0
        """Number of stale entries: of jobs that have given up their place."""

    def push(self, job: Job) -> None:
        """Queue `job`, which is not queued, for its next segment."""
        flow = self._flow(job)
        start = max(flow.start, self._time)
        self._insert(job, flow, start + _HEAD_STARTS[job.request.priority])

    def push_back(self, job: Job) -> None:
        """Queue `job` again at the rank it last had: it has waited for its turn."""
        self._insert(job, self._flow(job), job.place.rank)

    def push_first(self, job: Job) -> None:
        """Queue `job` before all others, wherever it stood."""
        if not job.place.ticket or job.place.rank > -math.inf:
            self.drop(job)
            job.place.rank = -math.inf
            self._retries.append((self._ticket(job), job))

    def pop(self) -> Job | None:
        """Take the job whose turn it is, or None. It is not charged yet."""
        job = self._take() if self.waiting else None
        if job is not None:
            job.place.ticket = 0
            self.waiting -= 1
        return job

    def charge(self, job: Job, cost_s: float) -> None:
        """Charge its flow for a segment of `job`, which was popped; a retry costs nothing."""
        place = job.place
        if place.rank == -math.inf:
            return
        flow = self._flow(job)
        start = max(flow.start, place.rank - _HEAD_STARTS[job.request.priority])
        self._time = max(self._time, start)
        flow.start = start + cost_s / place.share

    def share(self, job: Job, classes: Classes) -> float:
        """The weight of a job's class, less where its client has work in others: a client's share
        is that of its most urgent class, and is divided among its classes.
        """
        rules, name = classes.rules, job.request_class
        own = most = total = rules[name].weight
        of_client = self._flows.get(job.flow, {})
        if len(of_client) > 1:
            for other, flow in of_client.items():
                if other != name and flow.top() is not None:
                    weight = rules[other].weight
                    most, total = max(most, weight), total + weight
        return own * most / total

    def refund(self, job: Job, cost_s: float) -> None:
        """Take back what its flow was charged for a segment that is to run anew."""
        self._flow(job).start -= cost_s / job.place.share

    def next(self) -> Job | None:
        """The job that is to run next, lost segments aside. It stays where it is."""
        flow = self._first_flow()
        return None if flow is None else flow.top()

    def knows(self, flow: str) -> bool:
        """Whether a client has work in the queue, or that came through it and is not done."""
        return flow in self._flows

    def ahead_s(self, job: Job | None) -> float:
        """Predicted seconds of the segments that run before the first of a job that is new, of
        one worker; None for one of a client without any work. Of many flows some stand for all.
        """
        flow = None if job is None else self._flows.get(job.flow, {}).get(job.request_class)
        start = self._time if flow is None else max(flow.start, self._time)
        rank = start + _HEAD_STARTS[DEFAULT_PRIORITY if job is None else job.request.priority]
        looked, ahead = self._heap[:_LOOKED_AT], 0.0
        for _rank, entry, other in looked:
            top = other.top() if other.entry == entry else None
            if top is not None and other.rank_of(top) <= rank:
                waiting = len(other.jobs) if other is flow else 1
                ahead += waiting * _next_cost_s(top)
        if len(self._heap) > len(looked):
            ahead *= len(self._heap) / len(looked)
        return ahead + sum(_next_cost_s(lost) for _ticket, lost in self._retries)

    def drop(self, job: Job) -> None:
        """Give up the job's place. Its entry stays behind, stale, until the next sweep."""
        if not job.place.ticket:
            return
        job.place.ticket = 0
        self.waiting -= 1
        self._stale += 1
        if self._stale > max(_SWEEP, self.waiting):
            self._sweep()

    def forget(self, flow: str) -> None:
        """Forget a flow without jobs, and with it a start tag that is at most a segment ahead."""
        for gone in self._flows.pop(flow, {}).values():
            gone.entry = 0

    def _flow(self, job: Job) -> _Flow:
        of_client = self._flows.get(job.flow)
        if of_client is None:
            of_client = self._flows[job.flow] = {}
        flow = of_client.get(job.request_class)
        if flow is None:
            flow = of_client[job.request_class] = _Flow(self._time)
        return flow

    def _ticket(self, job: Job) -> int:
        self._tickets += 1
        self.waiting += 1
        job.place.ticket = self._tickets
        return self._tickets

    def _insert(self, job: Job, flow: _Flow, rank: float) -> None:
        job.place.rank = rank
        ticket = self._ticket(job)
        heappush(flow.jobs, (rank, ticket, job))
        if flow.entry == 0 or (rank < flow.rank and flow.top() is job):
            flow.entry, flow.rank = ticket, rank
            heappush(self._heap, (rank, ticket, flow))

    def _take(self) -> Job | None:
        """Take the best job out of its flow."""
        while self._retries:
            ticket, job = self._retries.popleft()
            if job.place.ticket == ticket:
                return job
        flow = self._first_flow()
        return None if flow is None else heappop(flow.jobs)[2]

    def _first_flow(self) -> _Flow | None:
        """The flow whose top job is the best. The rank of a flow's entry is a lower bound."""
        while self._heap:
            rank, entry, flow = self._heap[0]
            top = flow.top() if flow.entry == entry else None
            if top is None:
                heappop(self._heap)
                if flow.entry == entry:
                    flow.entry = 0
                continue
            now = flow.rank_of(top)
            if now > rank:
                self._tickets += 1
                flow.entry, flow.rank = self._tickets, now
                heapreplace(self._heap, (now, self._tickets, flow))
            else:
                return flow
        return None

    def _sweep(self) -> None:
        self._stale = 0
        self._retries = deque((t, job) for t, job in self._retries if job.place.ticket == t)
        for flow in [each for of_client in self._flows.values() for each in of_client.values()]:
            flow.jobs = [entry for entry in flow.jobs if entry[2].place.ticket == entry[1]]
            heapify(flow.jobs)
        self._heap = [entry for entry in self._heap if entry[2].entry == entry[1]]
        heapify(self._heap)


class Queue:
    """Waiting jobs, and workers by their epoch; appends the segments to run to `commands`.

    A retired worker is freed once it runs nothing.
    """

    def __init__(
        self,
        commands: list[e.Command],
        backpressure: Backpressure,
        release: Release,
        timings: Timings,
        repeats: Repeats,
        *,
        classes: Classes,
    ) -> None:
        self.workers: dict[int, Running | None] = {}
        """The segment that each of them runs."""
        self.preemption = Preemption()
        self.shortened = 0
        """Segments that were cut shorter because others wanted the workers."""
        self.breath: Callable[[Job, int], tuple[Part, Part] | None] = Job.breath
        """Says where a segment is cut in two; a replay, which has no text, puts another here."""
        self._classes = classes
        self._contention = Contention()
        self._commands = commands
        self._backpressure = backpressure
        self._release = release
        self._timings = timings
        self._repeats = repeats
        self._fair = FairQueue()
        self._idle: list[int] = []
        self._retired: set[int] = set()
        self._parked: dict[str, Job] = {}
        """Jobs whose turn came while backpressure did not allow them to run."""
        self._more_room = False
        """Whether a parked job may have become one that can run."""
        self._to_look_up: dict[str, Job] = {}
        """Jobs whose next segment may be in the cache."""
        self._told_kind: tuple[str | None, RequestClass, int] | None = None
        """Kind of jobs whose start was predicted last, when, and what was said."""
        self._told_at = self._told_s = 0.0

    # -- workers ------------------------------------------------------------------------

    @property
    def busy_workers(self) -> list[int]:
        """Workers that run a segment."""
        return [worker for worker, run in self.workers.items() if run is not None]

    @property
    def running(self) -> int:
        """Number of segments that run. Read after every event, so in constant time."""
        return len(self.workers) - len(self._idle)

    def is_idle(self, worker: int) -> bool:
        """Whether this worker is known and runs nothing."""
        return worker in self.workers and self.workers[worker] is None

    def add(self, worker: int) -> None:
        """Add a worker that can run a segment."""
        self.workers[worker] = None
        self._idle.append(worker)

    def retire(self, worker: int) -> None:
        """Give a worker nothing more, and free it once it runs nothing."""
        if self.workers.get(worker) is not None:
            self._retired.add(worker)
            return
        self.lose(worker)
        self._commands.append(e.WorkerFree(worker))

    def lose(self, worker: int) -> Running | None:
        """Forget a worker, which is gone; returns what it ran."""
        self._retired.discard(worker)
        self.preemption.forget(worker)
        if worker in self._idle:
            self._idle.remove(worker)
        return self.workers.pop(worker, None)

    def answered(self, event: e.SegmentSpoken | e.SegmentRefused) -> Running | None:
        """Free the worker that answered; returns what it ran, None if that was another segment."""
        worker = event.worker
        run = self.workers.get(worker)
        if run is None:
            return None
        job, index = run.job, run.segment
        if (job.id, index, job.segments[index].attempt) != (
            event.job,
            event.segment,
            event.attempt,
        ):
            return None
        self.workers[worker] = None
        self._idle.append(worker)
        if worker in self._retired:
            self.retire(worker)
        return run

    # -- jobs ---------------------------------------------------------------------------

    def contended(self, name: RequestClass, now: float) -> bool:
        """Whether work that is more urgent than this class wants the workers, too."""
        return self._contention.holds(name, now, self._classes.contended_s)

    @property
    def has_waiting(self) -> bool:
        """Whether a job waits for a worker."""
        return self._fair.waiting > 0

    def waiting_segments(self, jobs: Iterable[Job]) -> int:
        """Segments of these jobs that could run now if there were workers.

        Estimated from the length of a text that is not all cut.
        """
        return sum(
            job.segments_expected - job.next_segment + len(job.retries) + len(job.yielded)
            for job in filter(self.could_run, jobs)
        )

    def could_run(self, job: Job) -> bool:
        """Whether only workers are missing for a segment of this job."""
        again = job.retries or job.yielded
        return _has_more(job) and (bool(again) or self._backpressure.allows(job))

    def configure(self, limits: HeldLimits, classes: Classes) -> None:
        """Set other bounds on held audio, and rules of classes, from the next dispatch on."""
        self._backpressure.limits = limits
        self._classes = classes
        self._more_room = True

    def enqueue(self, job: Job) -> None:
        """Queue the job's next segment, if it has one to run; a lost one goes first. Asks for a cut
        where the job runs out of segments.
        """
        if job.rest is not None and job.ask_for_cut():
            self._commands.append(e.CutText(job.id))
        if not _has_more(job):
            return
        if job.request.shared is not None and self._repeats.could_have(job):
            self._to_look_up[job.id] = job
        if job.retries:
            self._parked.pop(job.id, None)
            self._fair.push_first(job)
        elif not job.place.ticket and job.id not in self._parked:
            self._fair.push(job)

    def give_way(self, run: Running, now: float) -> None:
        """Queue a segment again that was interrupted for another one, as if it had never run."""
        job = run.job
        self.preemption.yielded(now, run)
        self._fair.drop(job)
        self._parked.pop(job.id, None)
        self._fair.refund(job, run.cost_s)
        self.enqueue(job)

    def settle(self, job: Job) -> None:
        """Look at a job again: its held audio or its credit may have changed."""
        self._more_room |= self._backpressure.settle(job) or job.id in self._parked
        self.enqueue(job)

    def told_start_s(self, now: float, job: Job) -> float:
        """What `starts_s` said of a new job a moment ago, for one that is like it: most come in
        crowds, and a look at all that goes before takes as long as the rest of a job.
        """
        if self._idle and not self._fair.waiting:
            return 0.0
        client = job.flow if self._fair.knows(job.flow) else None
        kind = client, job.request_class, job.request.priority
        if kind != self._told_kind or not 0 < now - self._told_at < _MOMENT_S:
            self._told_kind, self._told_at = kind, now
            self._told_s = self.starts_s(now, job)
        return self._told_s

    def starts_s(self, now: float, job: Job | None = None) -> float:
        """Predicted seconds until the first segment of a new job runs that is not queued yet; None
        for a sentence of a client without any work. 0 where a worker is idle.
        """
        if self._idle and not self._fair.waiting:
            return 0.0
        if not self.workers:
            return _WORKER_S + self._fair.ahead_s(job)
        left, first = 0.0, math.inf
        for run in self.workers.values():  # One loop, as every job asks.
            if run is not None:
                each = abs(run.left_s(now))  # One that is overdue takes as long again.
                left, first = left + each, min(first, each)
        if first == math.inf:
            first = 0.0
        if first > _GIVES_WAY_S and (job is None or job.request_class == "interactive"):
            workers = self.workers
            if self.preemption.pick(now, workers, self._classes.preempt_left_s) is not None:
                first = _GIVES_WAY_S if self._classes.preempt else first
        ahead = self._fair.ahead_s(job)
        return first if not ahead else max(first, (left + ahead) / len(self.workers))

    def dispatch(self, now: float) -> Job | None:
        """Give waiting segments to idle workers, and have those done that need none.

        Stops at a job that is late, takes it out and returns it; call again for the others.
        Where no worker is idle, one may be freed for a sentence.
        """
        if self._to_look_up:
            self._recall(now)
        while self._idle and (self._fair.waiting or self._parked):
            job = self._next()
            if job is None or job.due <= now:
                return job
            if (
                job.request.shared is not None
                and self._repeats.could_have(job)
                and self._without_worker(job, now)
            ):
                self.enqueue(job)
            else:
                self._run(job, now)
        if self._classes.preempt and not self._idle and self._fair.waiting:
            self._preempt(now)
        return None

    def _recall(self, now: float) -> None:
        """Have segments done that need no worker, before their turn; of very many the rest with the
        next event.
        """
        while self._to_look_up and not self._repeats.tired:
            _id, job = self._to_look_up.popitem()
            if job.due <= now or not self.could_run(job):
                continue
            first = bool(job.retries)
            if self._without_worker(job, now):
                if first or not _has_more(job):
                    self._fair.drop(job)
                self.enqueue(job)

    def _without_worker(self, job: Job, now: float) -> bool:
        """Have the job's next segment done without a worker, if that can be."""
        queued = job.state == "queued"
        if self._repeats.tired or not self._repeats.take(job, now):
            return False
        if queued:
            self._timings.wait.observe(now - job.accepted_at)
        return True

    def _run(self, job: Job, now: float) -> None:
        """Give the job's next segment to the worker used last: its caches are warm."""
        if job.state == "queued":
            self._timings.wait.observe(now - job.accepted_at)
        worker = self._idle.pop()
        rules = self._classes.rules[job.request_class]
        most = rules.max_chars_contended
        cut_off = 0 if most is None else self._shorten(job, most, now)
        self._contention.ran(job.request_class, now)
        index = job.run(now, worker)
        self._repeats.begun(job, index, worker)
        segment = job.segments[index]
        cost_s = segment.size * job.work.rate
        self.workers[worker] = Running(job, index, now, cost_s, guessed=job.work.guessed)
        job.place.share = self._fair.share(job, self._classes)
        self._fair.charge(job, cost_s)
        self._commands.append(
            e.RunSegment(
                worker=worker,
                job=job.id,
                segment=index,
                attempt=segment.attempt,
                request=job.request,
                part=segment.part,
                number=segment.number,
                cut_off=cut_off,
                expected_s=0.0 if job.work.guessed else cost_s,
            )
        )
        if job.request.progress:
            self._release.started(job, segment.number)
        self.enqueue(job)

    def _shorten(self, job: Job, max_chars: int, now: float) -> int:
        """Cut the job's next segment in two, if others want the workers; returns what was cut off,
        in characters.
        """
        if _runs_again(job) or not self.contended(job.request_class, now):
            return 0
        parts = self.breath(job, max_chars)
        if parts is None:
            return 0
        job.shorten(*parts)
        self.shortened += 1
        return job.segments[job.next_segment + 1].size

    def interrupt(self, job: Job) -> None:
        """Interrupt the segments that run for the job."""
        if not job.running:
            return
        for worker, run in self.workers.items():
            if run is not None and run.job is job:
                self._interrupt(worker, run)

    def _interrupt(self, worker: int, run: Running, *, gently: bool = False) -> None:
        self._commands.append(
            e.InterruptSegment(
                worker=worker,
                job=run.job.id,
                segment=run.segment,
                attempt=run.job.segments[run.segment].attempt,
                gently=gently,
            )
        )

    def _preempt(self, now: float) -> None:
        """Interrupt a segment of batch work, if a sentence is next and no worker will be free."""
        for run in self.workers.values():  # First: whose turn it is takes longer to find.
            if run is not None and run.job.request_class == "batch":
                break
        else:
            return
        job = self._fair.next()
        if job is None or job.request_class != "interactive" or not self.could_run(job):
            return
        runs = {w: run for w, run in self.workers.items() if w not in self._retired}
        worker = self.preemption.pick(now, runs, self._classes.preempt_left_s)
        run = None if worker is None else runs[worker]
        if worker is not None and run is not None:
            run.yielding = True
            self.preemption.interrupted(now, worker)
            self._interrupt(worker, run, gently=True)

    def remove(self, job: Job, *, last: bool) -> None:
        """Remove the job from the queue; `last`: its flow has no other job."""
        if last:
            self._fair.forget(job.flow)
        self._fair.drop(job)
        self._parked.pop(job.id, None)
        self._to_look_up.pop(job.id, None)
        self._more_room |= self._backpressure.remove(job)

    def _next(self) -> Job | None:
        """Take the best job that can run."""
        if self._more_room:
            self._unpark()
        while (job := self._fair.pop()) is not None:
            if _has_more(job):
                if job.retries or job.yielded or self._backpressure.allows(job):
                    return job
                self._parked[job.id] = job
        return None

    def _unpark(self) -> None:
        """Queue parked jobs again, at their old rank, where there is room for their audio."""
        self._more_room = False
        for job in [job for job in self._parked.values() if self._backpressure.allows(job)]:
            del self._parked[job.id]
            self._fair.push_back(job)

    def check(self, jobs: Collection[Job]) -> None:
        """Raise AssertionError if an invariant is broken; `jobs` are those without an outcome."""
        assert len(self.busy_workers) == self.running, "a worker is neither idle nor busy"
        assert len(set(self._idle)) == len(self._idle), "a worker is idle twice"
        self._backpressure.check(jobs)
        for job in jobs:
            parked = job.id in self._parked
            assert not (parked and job.place.ticket), f"job {job.id} is queued and parked"
            if _has_more(job):
                assert job.place.ticket or parked, f"job {job.id} could run but is not queued"
        if self._idle:
            assert not any(map(self.could_run, jobs)), "idle while work waits"


def _has_more(job: Job) -> bool:
    """Whether the job itself has a segment that could be given to a worker."""
    if job.state in OUTCOMES:
        return False
    if job.retries or job.yielded:
        return True
    return job.next_segment < len(job.segments) and job.audio.held < HELD_BYTES_MAX


def _next_cost_s(job: Job) -> float:
    """Predicted seconds of the job's next segment."""
    index = job.upcoming
    return job.segments[index].size * job.work.rate if index < len(job.segments) else 0.0


def _runs_again(job: Job) -> bool:
    """Whether a segment that ran before waits to run again: it needs no room for its audio."""
    return bool(job.retries or job.yielded)
