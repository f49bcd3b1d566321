"""The job state machine: events in, commands out.

Handles the events of clients, workers and time, and answers queries about jobs; the events of
the journal go to `durability`. Decides which request becomes a job, which connection gets a
job that two ask for under one key, and which answers of workers count. The steps of a job, and
the guarantees to clients, are in `lifecycle`. Messages are left to `supervisor.broker`, workers
to `core.pool`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from supervisor.core.jobs import events as e
from supervisor.core.jobs.admission import Admission
from supervisor.core.jobs.audio import Pcm
from supervisor.core.jobs.backpressure import Backpressure
from supervisor.core.jobs.disk_backlog import DiskBacklog
from supervisor.core.jobs.durability import Durability
from supervisor.core.jobs.job import FailureCode, Job
from supervisor.core.jobs.lifecycle import Lifecycle
from supervisor.core.jobs.limits import Bounds
from supervisor.core.jobs.parts import Part
from supervisor.core.jobs.preemption import Preemption
from supervisor.core.jobs.queue import Queue
from supervisor.core.jobs.release import Release, Retention
from supervisor.core.jobs.repeats import Alone, Repeats
from supervisor.core.jobs.segment_cache import Spoken
from supervisor.core.jobs.timings import Timings
from supervisor.core.jobs.writing import Writing
from supervisor.speech import RequestClass
from supervisor.wording import counted

POISON_KILLS = 3
"""Workers lost with the same segment, at which the job is quarantined."""


class Outlook(NamedTuple):
    """What a new client may expect. `starts_s`: predicted seconds until his sentence is begun;
    `idle` of the `workers` run nothing; `waiting_s`: predicted seconds of one worker for what is
    left of all `jobs`.
    """

    starts_s: float
    idle: int
    workers: int
    waiting_s: float
    jobs: int


_TAKEN_OVER = "another connection has taken over this job"


class Jobs:
    """The job state machine: all jobs, their queue, and the workers that run them."""

    def __init__(self, bounds: Bounds, repeats: type[Repeats] = Repeats) -> None:
        commands: list[e.Command] = []
        self._commands = commands
        self.timings = Timings()
        self.admission = Admission(bounds.limits, bounds.classes)
        self.costs = self.admission.costs
        self.retained = Retention(bounds.plain, bounds.durable)
        self._release = Release(commands, self.retained)
        self._backpressure = Backpressure(bounds.held)
        self.repeats = repeats(commands, bounds.cache, self._take_recalled)
        self._queue = Queue(
            commands,
            self._backpressure,
            self._release,
            self.timings,
            self.repeats,
            classes=bounds.classes,
        )
        self._backlog = DiskBacklog()
        self._life = Lifecycle(
            commands,
            admission=self.admission,
            queue=self._queue,
            release=self._release,
            retained=self.retained,
            backlog=self._backlog,
            timings=self.timings,
        )
        self.jobs = self._life.jobs
        self.counts = self._life.counts
        self.news = self._life.news
        """Steps of jobs in the last event."""
        self._writing = Writing(commands, self._life, self._release, self.admission, self._queue)
        self._durability = Durability(
            commands, self._life, self._release, self._backlog, self._writing
        )
        self._handlers: dict[type, Callable[[Any], None]] = {
            e.Configured: self._configured,
            e.MemoryCritical: self._memory_critical,
            e.CostsExpected: self._costs_expected,
            e.CutTurn: self._cut_turn,
            e.TextAppended: self._text_appended,
            e.TextEnded: self._text_ended,
            e.TextRefused: self._text_refused,
            e.Tick: self._tick,
            e.Submitted: self._submitted,
            e.CreditGranted: self._credit_granted,
            e.Cancelled: self._cancelled,
            e.Forgotten: self._forgotten,
            e.ClientAttached: self._client_attached,
            e.ClientLost: self._client_lost,
            e.WorkerReady: self._worker_ready,
            e.WorkerRetired: self._worker_retired,
            e.WorkerLost: self._worker_lost,
            e.SegmentSpoken: self._segment_spoken,
            e.SegmentRefused: self._segment_refused,
            e.StaleAnswer: self._stale_answer,
            e.EnginesChanged: lambda _event: self.repeats.forget_engines(),
            e.CacheCleared: lambda _event: self.repeats.clear(),
            e.CachedFound: lambda event: self.repeats.on_disk(event.keys),
            e.CachedRead: self._cached_read,
            **self._writing.handlers,
            **self._durability.handlers,
        }

    def handle(self, event: e.Event) -> list[e.Command]:
        """Take one event; return the commands that follow from it, in order."""
        self._commands.clear()
        self.repeats.recalled.clear()
        self.news.clear()
        self._handlers[type(event)](event)
        return self._commands.copy()

    def _configured(self, event: e.Configured) -> None:
        bounds = event.bounds
        self.admission.set_limits(bounds.limits, bounds.classes)
        self.retained.configure(bounds.plain, bounds.durable)
        self._queue.configure(bounds.held, bounds.classes)
        self.repeats.configure(bounds.cache)
        self._life.run_waiting(event.now)

    def _memory_critical(self, event: e.MemoryCritical) -> None:
        self.admission.memory_critical = event.critical

    def _costs_expected(self, event: e.CostsExpected) -> None:
        self.costs.expect(event.measured, event.declared)

    def _cut_turn(self, event: e.CutTurn) -> None:
        job = self.jobs.get(event.job)
        if job is not None:
            self._life.cut(job, event.now)
            self._life.run_waiting(event.now)

    def _text_appended(self, event: e.TextAppended) -> None:
        job = self.jobs.get(event.job)
        if job is not None and job.open and job.request.durable:
            self._writing.cut(job, event)
        elif job is not None and job.open:
            self.admission.grow(job, job.append(event.parts, event.left_out))
            self._queue.settle(job)
            self._life.run_waiting(event.now)

    def _text_ended(self, event: e.TextEnded) -> None:
        job = self.jobs.get(event.job)
        if job is not None and job.open:
            if job.request.durable:
                self._writing.cut(job, event)
            else:
                self._life.end_text(job, event.now)
            self._life.run_waiting(event.now)

    def _text_refused(self, event: e.TextRefused) -> None:
        job = self.jobs.get(event.job)
        if job is not None and job.open:
            self._life.refuse_text(job, event.now, event.message)
            self._life.run_waiting(event.now)

    def _tick(self, event: e.Tick) -> None:
        self._life.expire(event.now)
        self._durability.tick(event.now)
        self._writing.tick()
        self._life.run_waiting(event.now)

    # -- clients ask for speech ---------------------------------------------------------

    def _submitted(self, event: e.Submitted) -> None:
        request = event.request
        if request.key is not None:
            known = self._life.by_key(event.owner, request.key)
            if known is not None:
                self._submitted_again(event, known)
                return
        job = Job(
            event.job,
            request,
            owner=event.owner,
            flow=event.flow or event.owner,
            now=event.now,
            credit=event.credit,
        )
        workers = len(self._queue.workers)
        refusal = self.admission.admit(job, event.now, workers)
        if refusal is not None and request.shared is not None:  # What is cached is no work.
            cached = self.repeats.known(job, event.now)
            refusal = self.admission.admit(job, event.now, workers, cached) if cached else refusal
        if refusal is not None:
            self._release.refuse(event, *refusal)
            self.counts["refused"] += 1
            return
        if request.key is not None:
            self._life.index_key(job)
        self._release.listen(job, event.client, event.reference)
        if request.durable:
            self._durability.hand_in(job, event.now)
        else:
            self._life.accept(job, event.now)
            self._life.run_waiting(event.now)

    def _submitted_again(self, event: e.Submitted, job: Job) -> None:
        """Attach to the job that has this key, or refuse a request that differs from it."""
        if job.request.fingerprint != event.request.fingerprint:
            text = f"the key belongs to job {job.id}, another request"
            self._release.refuse(event, "conflict", text)
        elif job.kept_from > 0:
            text = f"audio of job {job.id} is kept from byte {job.kept_from} only"
            self._release.refuse(event, "out_of_range", text)
        elif self._durability.waits(job):
            self._release.refuse_pending(job, "conflict", _TAKEN_OVER)
            self._release.listen(job, event.client, event.reference)
            job.listen(0, event.credit)
        else:
            self._attach(job, event, 0)

    # -- clients listen, and leave ------------------------------------------------------

    def _client_attached(self, event: e.ClientAttached) -> None:
        job = self._life.find(event.job)
        if job is not None:
            self._attach(job, event, event.offset)
            self._life.run_waiting(event.now)

    def _attach(self, job: Job, event: e.ClientAttached | e.Submitted, offset: int) -> None:
        """Make a connection the listener, from byte `offset` on, in place of any other."""
        if job.client is not None and job.client != event.client:
            self._release.fail(job, "conflict", _TAKEN_OVER)
        self._release.detach(job)
        self._release.listen(job, event.client, event.reference)
        job.listen(offset, event.credit)
        job.note(event.now, "attached", offset)
        self._release.accept(job)
        if job.failed:
            self._life.tell_again(job)
        else:
            self._life.release(job, event.now)

    def _credit_granted(self, event: e.CreditGranted) -> None:
        job = self._life.find(event.job)
        if job is not None and job.client is not None:
            job.audio.grant(event.bytes)
            self._life.release(job, event.now)
            self._life.run_waiting(event.now)

    def _cancelled(self, event: e.Cancelled) -> None:
        job = self.jobs.get(event.job)
        if job is not None:
            self._life.fail(job, event.now, "cancelled", event.reason)
            self._life.run_waiting(event.now)

    def _forgotten(self, event: e.Forgotten) -> None:
        job = self._life.find(event.job)
        if job is not None:
            if not job.ended:
                self._life.fail(job, event.now, "cancelled", event.reason)
            self._life.forget(job)
            self._life.run_waiting(event.now)

    def _client_lost(self, event: e.ClientLost) -> None:
        for job in self._release.disconnect(event.client):
            job.note(event.now, "client lost")
            if not job.ended and not job.request.durable:
                self._life.fail(job, event.now, "cancelled", "the client is gone")
        self._life.run_waiting(event.now)

    # -- workers come and go ------------------------------------------------------------

    def _worker_ready(self, event: e.WorkerReady) -> None:
        self._queue.add(event.worker)
        self._life.run_waiting(event.now)

    def _worker_retired(self, event: e.WorkerRetired) -> None:
        self._queue.retire(event.worker)

    def _worker_lost(self, event: e.WorkerLost) -> None:
        run = self._queue.lose(event.worker)
        self._leave_alone(self.repeats.failed(event.worker), event.now)
        if run is not None and run.job.id in self.jobs:
            self._run_again(run.job, run.segment, event)
        self._life.run_waiting(event.now)

    def _run_again(self, job: Job, index: int, event: e.WorkerLost) -> None:
        """Retry a segment whose worker was lost, or quarantine its job after POISON_KILLS."""
        kills = job.lost(event.now, index, event.worker, event.reason)
        if kills >= POISON_KILLS:
            ended = f"segment {job.segments[index].number} ended {counted(kills, 'worker')}"
            reason = f"{ended}, the last: {event.reason}"
            self._life.fail(job, event.now, "poison", reason)
            return
        job.retry(index)
        self.counts["retried"] += 1
        self._queue.enqueue(job)

    # -- workers answer -----------------------------------------------------------------
    #
    # An answer counts if its (job, segment, attempt, worker) are those of a running segment, and if
    # the job has no outcome yet. The worker is free in any case.

    def _segment_spoken(self, event: e.SegmentSpoken) -> None:
        run, waiting = self._queue.answered(event), self._queue.has_waiting
        alone = [] if run is None else self.repeats.spoken(event)
        if alone:
            self._leave_alone(alone, event.now)
        if run is None or run.job.id not in self.jobs:
            self.counts["stale"] += 1
        else:
            job = run.job
            now, index, pieces, seconds = event.now, event.segment, event.pieces, event.synthesis_s
            size = sum(map(len, pieces))
            self.counts["spoken"] += 1
            self._backpressure.expect(size)
            job.answered(now, index, event.worker, pieces, seconds)
            if event.left_out is not None:
                job.leave_out(now, index, event.left_out)
            self.timings.observe_segment(size, job.request.sample_rate, seconds)
            chars = job.segments[index].size
            self.admission.learn(job, now, chars, seconds, waiting=waiting)
            if job.request.durable:
                self._store(job, index, pieces)
            else:
                self._life.more_audio(job, now)
        self._life.run_waiting(event.now)

    def _segment_refused(self, event: e.SegmentRefused) -> None:
        run = self._queue.answered(event)
        if run is not None:
            self._leave_alone(self.repeats.failed(event.worker), event.now)
        if run is None or run.job.id not in self.jobs:
            self.counts["stale"] += 1
        elif run.yielding and event.interrupted:
            run.job.give_up(event.now, event.segment, event.worker)
            self._queue.give_way(run, event.now)
        else:
            job = run.job
            code: FailureCode = "bad_text" if event.unreadable else "failed"
            job.refused(event.now, event.segment, event.worker)
            self._life.fail(job, event.now, code, event.message)
        self._life.run_waiting(event.now)

    def _stale_answer(self, _event: e.StaleAnswer) -> None:
        self.counts["stale"] += 1

    # -- what needs no worker -----------------------------------------------------------

    def _take_recalled(self, job: Job, index: int, spoken: Spoken, now: float) -> None:
        """Take the audio of a segment that is cached, or that was made for another job."""
        if self.jobs.get(job.id) is not job:
            return
        if job.request.progress:
            self._release.started(job, job.segments[index].number)
        job.recalled(now, index, spoken.pieces)
        self._backpressure.expect(spoken.size)
        self.admission.settle(job)
        if job.request.durable:
            self._store(job, index, spoken.pieces)
        else:
            self._life.more_audio(job, now)

    def _store(self, job: Job, index: int, pieces: tuple[Pcm, ...]) -> None:
        self._queue.settle(job)
        self._durability.store(job, index, pieces)

    def _cached_read(self, event: e.CachedRead) -> None:
        self._leave_alone(self.repeats.read(event), event.now)
        self._life.run_waiting(event.now)

    def _leave_alone(self, segments: Alone, now: float) -> None:
        """Have segments spoken that waited for others in vain."""
        for job, index in segments:
            if self.jobs.get(job.id) is job:
                job.alone(now, index)
                self._queue.enqueue(job)

    # -- queries ------------------------------------------------------------------------

    @property
    def running_segments(self) -> int:
        """Segments that a worker has now."""
        return self._queue.running

    def breathe_as(self, breath: Callable[[Job, int], tuple[Part, Part] | None]) -> None:
        """Have this say where segments are cut in two: for a replay, which has no text."""
        self._queue.breath = breath

    @property
    def preemption(self) -> Preemption:
        """What was interrupted for others."""
        return self._queue.preemption

    @property
    def shortened_segments(self) -> int:
        """Segments that were cut in two because others wanted the workers."""
        return self._queue.shortened

    def contended(self, now: float) -> bool:
        """Whether segments of batch work are cut shorter now."""
        return self._queue.contended("batch", now)

    @property
    def waiting_segments(self) -> int:
        """Segments that could run now if there were workers; a slow reader's do not count.

        Estimated from the length of a text that is not all cut.
        """
        return self._queue.waiting_segments(self.jobs.values())

    def running_of(self, name: RequestClass) -> int:
        """Segments of this class that a worker has now."""
        runs = self._queue.workers.values()
        return sum(run is not None and run.job.request_class == name for run in runs)

    @property
    def outcomes_held_back(self) -> int:
        """Number of jobs whose outcome is told once the journal has it."""
        return self._backlog.held_back

    def oldest_wait(self, now: float) -> float:
        """Seconds for which the oldest of the waiting segments has waited; 0 if none waits."""
        could_run = filter(self._queue.could_run, self.jobs.values())
        return max((now - job.accepted_at for job in could_run), default=0.0)

    def find(self, job: str) -> Job | None:
        """A job that runs, or ended a short while ago."""
        return self._life.find(job)

    def listeners(self) -> list[bytes]:
        """Connections that listen to a job."""
        return self._release.listeners()

    def busy_workers(self) -> list[int]:
        """Workers that run a segment."""
        return self._queue.busy_workers

    def outlook(self, now: float) -> Outlook:
        """How soon a sentence of a new client would be begun. In about constant time."""
        queue = self._queue
        workers = len(queue.workers)
        return Outlook(
            starts_s=round(queue.starts_s(now), 3),
            idle=workers - queue.running,
            workers=workers,
            waiting_s=round(self.admission.work_s, 3),
            jobs=self.admission.jobs,
        )

    def is_idle(self, worker: int) -> bool:
        """Whether this worker is known and runs nothing."""
        return self._queue.is_idle(worker)

    def check(self) -> None:
        """Raise AssertionError if an invariant is broken; tests call it after every event."""
        self._life.check(self._durability.pending())
        self.repeats.check()
