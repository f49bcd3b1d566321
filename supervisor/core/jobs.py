"""The job state machine: events in, commands out.

What becomes of a job stands in this file. It holds the rules that a client relies on:
each job ends in exactly one outcome; audio is released in order and never twice; a
segment whose worker is lost runs again elsewhere; a worker's answer counts only if
(job, segment, attempt, worker) are the ones that were sent out; a durable job is
accepted once the journal has it, and outlives its client and the supervisor; that it
failed is told once the journal has that, too.

It leaves to others how much may wait (`admission`), which segment runs next, and where
(`dispatch`), what clients are told (`delivery`), what is remembered (`retention`), what
a full disk holds up (`unstored`, `untold`), where workers come from (`pool`), how
messages travel and where the journal lies (`supervisor.broker`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec

from supervisor.core import job_events as e
from supervisor.core.admission import Admission, Limits
from supervisor.core.costs import Costs
from supervisor.core.delivery import Delivery
from supervisor.core.dispatch import Dispatch
from supervisor.core.held_audio import HeldLimits
from supervisor.core.job import OUTCOMES, Job, JobState, Pcm, Segment, held
from supervisor.core.retention import Keep, Retention
from supervisor.core.timings import Timings
from supervisor.core.trace import trace_of
from supervisor.core.unstored import Unstored
from supervisor.core.untold import Untold

POISON_KILLS = 3
"""Workers that a segment may take down before it is held to be the cause."""

JOURNAL_RETRY_MS = 2_000
"""When to try again to hand in a durable job that the journal could not take."""

_FAILURES: dict[e.FailureCode, JobState] = {
    "bad_text": "failed",  # Above `failed`, which is what is told again later.
    "cancelled": "cancelled",
    "expired": "expired",
    "failed": "failed",
    "poison": "quarantined",
}
_CODES: dict[JobState, e.FailureCode] = {state: code for code, state in _FAILURES.items()}

_LATE = "the deadline has passed"


class Jobs:
    """All jobs, the queue between them and the workers that are free."""

    def __init__(
        self,
        limits: Limits | None = None,
        plain: Keep | None = None,
        durable: Keep | None = None,
        held: HeldLimits | None = None,
    ) -> None:
        self.jobs: dict[str, Job] = {}
        """Jobs without an outcome yet."""
        self.retained = Retention(plain or Keep(), durable or Keep())
        self.admission = Admission(limits or Limits())
        self.costs = Costs()
        self.counts: Counter[str] = Counter()
        """Jobs by outcome, and `refused`; segments `spoken`, `retried`, and `stale` (answered
        too late)."""
        self.timings = Timings()
        self._leaving = False
        self._pending: dict[str, Job] = {}
        """Durable jobs that the journal does not have yet."""
        self._unstored = Unstored()
        self._untold = Untold()
        self._keys: dict[tuple[str, str], Job] = {}
        self._dispatch = Dispatch(held or HeldLimits())
        self._delivery = Delivery(self.retained)
        self._commands: list[e.Command] = []
        self._handlers: dict[type, Callable[[Any], None]] = {
            e.Submitted: self._submitted,
            e.JobPersisted: self._job_persisted,
            e.AudioStored: self._audio_stored,
            e.OutcomePersisted: self._outcome_persisted,
            e.Recovered: self._recovered,
            e.Configured: self._configured,
            e.Suspended: self._suspended,
            e.CreditGranted: self._credit_granted,
            e.Cancelled: self._cancelled,
            e.ClientAttached: self._client_attached,
            e.ClientLost: self._client_lost,
            e.WorkerReady: self._worker_ready,
            e.WorkerRetired: self._worker_retired,
            e.WorkerLost: self._worker_lost,
            e.SegmentSpoken: self._segment_spoken,
            e.SegmentRefused: self._segment_refused,
            e.StaleAnswer: self._stale_answer,
            e.Tick: self._tick,
        }

    def handle(self, event: e.Event) -> list[e.Command]:
        """Take one event; return what has to be done because of it, in order."""
        self._commands = self._delivery.commands = self._dispatch.commands = []
        self._handlers[type(event)](event)
        return self._commands

    # -- what others may look at --------------------------------------------------------

    @property
    def running_segments(self) -> int:
        """Segments that a worker has now."""
        return self._dispatch.workers.busy_count

    @property
    def waiting_segments(self) -> int:
        """Segments that could run now if there were workers; a slow reader's do not count."""
        return sum(
            len(job.segments) - job.next_segment + len(job.retries)
            for job in self.jobs.values()
            if self._dispatch.could_run(job)
        )

    @property
    def untold(self) -> int:
        """Jobs whose outcome waits for the journal before it is told."""
        return len(self._untold)

    def oldest_wait(self, now: float) -> float:
        """Seconds for which the oldest of the waiting segments has waited; 0 if none waits."""
        could_run = filter(self._dispatch.could_run, self.jobs.values())
        accepted = (job.accepted_at for job in could_run)
        return max((now - at for at in accepted), default=0.0)

    def find(self, job: str) -> Job | None:
        """A job that runs, or ended a short while ago."""
        return self.jobs.get(job) or self.retained.get(job)

    def listeners(self) -> list[bytes]:
        """Connections that listen to a job."""
        return self._delivery.listeners()

    def busy_workers(self) -> list[int]:
        """Workers that run a segment."""
        return self._dispatch.workers.busy

    def is_idle(self, worker: int) -> bool:
        """Whether this worker is known and runs nothing."""
        return self._dispatch.workers.is_idle(worker)

    # -- asking for speech --------------------------------------------------------------

    def _submitted(self, event: e.Submitted) -> None:
        request = event.request
        if request.key is not None:
            known = self._keys.get((event.owner, request.key))
            if known is not None:
                self._submitted_again(event, known)
                return
        job = Job(event.job, event.owner, event.client, request, event.now, event.credit)
        job.flow = event.flow or event.owner
        job.reference = event.reference
        job.rate = self.costs.per_char(request)
        job.work_s = job.size * job.rate
        if not self._admit(event, job):
            return
        self.admission.enter(job)
        if request.key is not None:
            self._keys[job.owner, request.key] = job
        self._delivery.listen(job, event.client)
        if request.durable:
            self._pending[job.id] = job
            self._commands.append(e.PersistJob(event.now, job.id, job.owner, request))
        else:
            self._accept(job, event.now)

    def _admit(self, event: e.Submitted, job: Job) -> bool:
        """Whether there is room and time for the job; if not, its client is told."""
        deadline = job.request.deadline
        if _is_late(job, event.now):
            self._delivery.refuse(event, "expired", _LATE)
        else:
            # Nobody is turned away for a guess: an engine that has not spoken yet may be fast.
            known = deadline is not None and self.costs.knows(job.request)
            patience = deadline - event.now if deadline is not None and known else None
            workers = len(self._dispatch.workers.running)
            refusal = self.admission.refusal(job.flow, job.size, job.work_s, patience, workers)
            if refusal is None:
                return True
            self._delivery.refuse(event, "busy", *refusal)
        self.counts["refused"] += 1
        return False

    def _submitted_again(self, event: e.Submitted, job: Job) -> None:
        """The key is in use: the same request is the same job, another one is a mistake."""
        if job.request.fingerprint != event.request.fingerprint:
            self._delivery.refuse(
                event, "conflict", f"the key belongs to job {job.id}, another request"
            )
        elif job.kept_from > 0:
            text = f"audio of job {job.id} is kept from byte {job.kept_from} only"
            self._delivery.refuse(event, "out_of_range", text)
        elif job.id in self._pending:
            self._answer_pending(job, "conflict", "another connection has taken over this job")
            job.reference, job.credit = event.reference, event.credit
            self._delivery.listen(job, event.client)
        else:
            self._attach(job, event.now, event.client, event.reference, 0, event.credit)

    def _accept(self, job: Job, now: float) -> None:
        self.jobs[job.id] = job
        job.note(now, "accepted", len(job.segments))
        self._delivery.accept(job)
        if self._leaving and job.request.durable:
            self._suspend(job, now)
            return
        self._dispatch.enqueue(job, now)
        self._run_waiting(now)

    # -- the journal --------------------------------------------------------------------

    def _job_persisted(self, event: e.JobPersisted) -> None:
        job = self._pending.pop(event.job, None)
        if job is None:
            return
        if event.error is None:
            self._accept(job, event.now)
            return
        self._answer_pending(job, "journal_unavailable", event.error, JOURNAL_RETRY_MS)
        self._release_room(job)
        self._forget_key(job)
        self.counts["refused"] += 1

    def _answer_pending(
        self, job: Job, code: e.RefusalCode, message: str, retry_after_ms: int | None = None
    ) -> None:
        """Refuse a durable job that the journal does not have, if anybody still asks for it."""
        if job.client is not None:
            self._commands.append(
                e.ReleaseRefusal(job.client, job.reference, code, message, retry_after_ms)
            )
            self._delivery.let_go(job)

    def _audio_stored(self, event: e.AudioStored) -> None:
        self._unstored.answered(event.job, event.segment)
        job = self.jobs.get(event.job)
        if job is None:
            return
        segment = job.segments[event.segment]
        again = segment.state != "storing"
        if event.error is not None:
            size = sum(map(len, event.pieces))
            if self._unstored.add(job, event.segment, size):
                job.note(event.now, "not stored", event.segment, event.error)
        else:
            self._unstored.remove(job, event.segment)
            job.note(event.now, "stored", event.segment)
        if not again:
            self._put_in(job, segment, event.pieces)
        elif event.error is None:
            job.move_to_file(event.segment, event.pieces[0])
        self._spoken(job, event.now)
        if event.error is None:
            self._store_again()
        self._run_waiting(event.now)

    def _store_again(self) -> None:
        """Give the journal one more piece of what it could not take before."""
        command = self._unstored.next()
        if command is not None:
            self._commands.append(command)

    def _speak_again(self, now: float) -> None:
        """What a listener took, and neither memory nor journal has, its job still needs."""
        for job, lost in self._unstored.gone():
            if job.client is None and job.complete:
                job.note(now, "spoken again", *sorted(lost))
                for segment in lost:
                    self._unstored.remove(job, segment)
                self.admission.again(job, sum(map(job.cost, lost)))
                job.take_back(lost)
                self._dispatch.settle(job)
                self._dispatch.enqueue(job, now)

    def _outcome_persisted(self, event: e.OutcomePersisted) -> None:
        verdict = self._untold.pop(event.job)
        if verdict is not None:
            self._delivery.fail(verdict.job, verdict.code, verdict.job.message)

    @staticmethod
    def _put_in(job: Job, segment: Segment, pieces: tuple[Pcm, ...]) -> None:
        for pcm in pieces:
            job.held_bytes += held(pcm)
        for pcm in segment.pieces:
            job.held_bytes -= held(pcm)
        segment.state = "spoken"
        segment.pieces = pieces

    def _recovered(self, event: e.Recovered) -> None:
        if self.find(event.job) is not None:
            return
        job = Job(event.job, event.owner, None, event.request, event.accepted_at, 0)
        job.flow = event.job  # whose client it came from is gone: none of them waits for another
        if job.request.key is not None:
            self._keys[job.owner, job.request.key] = job
        for index, pcm in event.stored.items():
            self._put_in(job, job.segments[index], (pcm,))
        job.skip_spoken()
        job.put_in_order()
        job.note(event.accepted_at, "accepted", len(job.segments))
        ended = event.outcome is not None and (event.outcome != "done" or job.complete)
        if ended and event.outcome is not None:
            job.state, job.message, job.ended_at = event.outcome, event.message, event.ended_at
            job.note(event.ended_at or event.now, event.outcome, event.message)
        job.note(event.now, "recovered", len(event.stored))
        if ended:
            self._remember(job, event.now)
            return
        if event.outcome is not None:  # It was done, and files are gone: they are made again.
            job.note(event.now, "incomplete")
            job.request = msgspec.structs.replace(job.request, deadline=None)
        job.rate = self.costs.per_char(job.request)
        job.work_s = job.size * job.rate
        self.admission.enter(job)
        self.jobs[job.id] = job
        if _is_late(job, event.now) and not job.complete:  # Of a complete job the END may be out.
            self._fail(job, event.now, "expired", _LATE)
        else:
            self._spoken(job, event.now)
            self._run_waiting(event.now)

    def _suspended(self, event: e.Suspended) -> None:
        self._leaving = True
        for job in [job for job in self.jobs.values() if job.request.durable]:
            self._suspend(job, event.now)

    def _suspend(self, job: Job, now: float) -> None:
        job.note(now, "suspended")
        self._dispatch.interrupt(job)
        del self.jobs[job.id]
        self._unstored.leave(job)
        self._delivery.let_go(job)
        self._release_room(job)
        self._forget_key(job)

    def _configured(self, event: e.Configured) -> None:
        self.admission.set_limits(event.limits)
        self.retained.configure(event.plain, event.durable)
        self._dispatch.configure(event.held)
        self._run_waiting(event.now)

    # -- clients ------------------------------------------------------------------------

    def _credit_granted(self, event: e.CreditGranted) -> None:
        job = self.find(event.job)
        if job is not None and job.client is not None:
            job.credit += event.bytes
            self._release(job, event.now)
            self._run_waiting(event.now)

    def _cancelled(self, event: e.Cancelled) -> None:
        job = self.jobs.get(event.job)
        if job is not None:
            self._fail(job, event.now, "cancelled", event.reason)
            self._run_waiting(event.now)

    def _client_attached(self, event: e.ClientAttached) -> None:
        job = self.find(event.job)
        if job is not None:
            self._attach(job, event.now, event.client, event.reference, event.offset, event.credit)
            self._run_waiting(event.now)

    def _attach(
        self, job: Job, now: float, client: bytes, reference: str, offset: int, credit: int
    ) -> None:
        if job.client is not None and job.client != client:
            self._delivery.fail(job, "conflict", "another connection has taken over this job")
        self._delivery.let_go(job)
        self._delivery.listen(job, client)
        job.reference = reference
        job.credit = credit
        job.listen_from(offset)
        job.note(now, "attached", offset)
        self._delivery.accept(job)
        if not job.failed:
            self._release(job, now)
        elif job.id not in self._untold:
            self._delivery.fail(job, _CODES[job.state], job.message)

    def _client_lost(self, event: e.ClientLost) -> None:
        for id in self._delivery.leave(event.client):
            job = self.find(id) or self._pending.get(id)
            if job is None:
                continue
            job.client = None
            job.note(event.now, "client lost")
            if not job.ended and not job.request.durable:
                self._fail(job, event.now, "cancelled", "the client is gone")
        self._run_waiting(event.now)

    # -- workers ------------------------------------------------------------------------

    def _worker_ready(self, event: e.WorkerReady) -> None:
        self._dispatch.workers.add(event.worker)
        self._run_waiting(event.now)

    def _worker_retired(self, event: e.WorkerRetired) -> None:
        if self._dispatch.workers.retire(event.worker):
            self._commands.append(e.WorkerFree(event.worker))

    def _worker_lost(self, event: e.WorkerLost) -> None:
        run = self._dispatch.workers.lose(event.worker)
        if run is not None:
            self._run_again(*run, event)
        self._run_waiting(event.now)

    def _segment_spoken(self, event: e.SegmentSpoken) -> None:
        found = self._answered(event)
        if found is not None:
            job, segment = found
            self.counts["spoken"] += 1
            job.synthesis_s += event.synthesis_s
            job.note(event.now, "spoken", event.segment, event.worker, event.synthesis_s)
            self.costs.learn(job.request, event.segment, event.synthesis_s)
            size = sum(map(len, event.pieces))
            self._dispatch.held.spoken(size)
            self.timings.spoken(size, job.request.sample_rate, event.synthesis_s)
            cost = job.cost(event.segment)
            self.admission.progress(job, cost, event.now, waiting=self._dispatch.has_waiting)
            self._put_in(job, segment, event.pieces)
            if job.request.durable:
                segment.state = "storing"
                self._dispatch.settle(job)
                self._commands.append(e.PersistAudio(job.id, event.segment, event.pieces))
            else:
                self._spoken(job, event.now)
        self._run_waiting(event.now)

    def _segment_refused(self, event: e.SegmentRefused) -> None:
        found = self._answered(event)
        if found is not None:
            code: e.FailureCode = "bad_text" if event.unreadable else "failed"
            found[0].note(event.now, "refused", event.segment, event.worker)
            self._fail(found[0], event.now, code, event.message)
        self._run_waiting(event.now)

    def _stale_answer(self, _event: e.StaleAnswer) -> None:
        self.counts["stale"] += 1

    def _answered(self, event: e.SegmentSpoken | e.SegmentRefused) -> tuple[Job, Segment] | None:
        """Free the worker that answered; return what it answered for, if it still counts."""
        run = self._dispatch.workers.running.get(event.worker)
        if run is None or (run[0].id, run[1], run[0].segments[run[1]].attempt) != (
            event.job,
            event.segment,
            event.attempt,
        ):
            self.counts["stale"] += 1
            return None
        job, index = run
        segment = job.segments[index]
        job.running -= 1
        segment.worker = None
        if self._dispatch.workers.free(event.worker):
            self._commands.append(e.WorkerFree(event.worker))
        if event.job not in self.jobs:
            self.counts["stale"] += 1
            return None
        return job, segment

    def _run_again(self, job: Job, index: int, event: e.WorkerLost) -> None:
        """A worker was lost with this segment: retry it, unless it is what kills workers."""
        segment = job.segments[index]
        segment.worker = None
        segment.kills += 1
        job.running -= 1
        if job.id not in self.jobs:
            return
        job.note(event.now, "worker lost", index, event.worker, event.reason)
        if segment.kills >= POISON_KILLS:
            reason = f"segment {index} ended {segment.kills} workers, the last: {event.reason}"
            self._fail(job, event.now, "poison", reason)
            return
        segment.state = "waiting"
        job.retries.append(index)
        job.retried += 1
        self.counts["retried"] += 1
        self._dispatch.enqueue(job, event.now)

    # -- time ---------------------------------------------------------------------------

    def _tick(self, event: e.Tick) -> None:
        for job in [job for job in self.jobs.values() if _is_late(job, event.now)]:
            self._fail(job, event.now, "expired", _LATE)
        self._forget(self.retained.expire(event.now))
        for verdict in self._untold.overdue(event.now):
            verdict.job.note(event.now, "told unwritten")
            self._delivery.fail(verdict.job, verdict.code, verdict.job.message)
        self._store_again()
        self._speak_again(event.now)
        self._run_waiting(event.now)

    # -- dispatch and release -----------------------------------------------------------

    def _run_waiting(self, now: float) -> None:
        """Give waiting segments to idle workers."""
        while (job := self._dispatch.next()) is not None:
            if _is_late(job, now):
                self._fail(job, now, "expired", _LATE)
                continue
            self._run(job, now)
            self._dispatch.enqueue(job, now)

    def _run(self, job: Job, now: float) -> None:
        index, worker = self._dispatch.run(job)
        if job.state == "queued":
            job.move("running")
            job.started_at = now
            self.timings.wait.observe(now - job.accepted_at)
        job.note(now, "running", index, worker, job.segments[index].attempt)
        if job.request.progress and job.client is not None:
            self._commands.append(e.ReleaseStarted(job.client, job.id, index))

    def _spoken(self, job: Job, now: float) -> None:
        """More of the job's audio is there; a durable job is done with its last byte."""
        before = job.spoken
        job.put_in_order()
        if not before and job.spoken:
            self.timings.first_audio.observe(now - job.accepted_at)
        if job.complete and job.request.durable and not self._unstored.lacks(job):
            if job.kept_from:  # The journal has what had left the memory.
                job.take_back(set())
            if job.state == "queued":
                job.move("running")
            self._close(job, now, "done")
        self._release(job, now)

    def _release(self, job: Job, now: float) -> None:
        """Pass on what may go to the listener; the room that this makes may be filled again."""
        if not job.ended and _is_late(job, now):
            self._fail(job, now, "expired", _LATE)
        if job.failed:
            return
        if self._delivery.lacks(job):
            self._give_up(job, now)
            return
        ended = self._delivery.send(job)
        if not job.ended:
            self._dispatch.settle(job)
            if ended:
                self._close(job, now, "done")
            else:
                self._dispatch.enqueue(job, now)

    def _give_up(self, job: Job, now: float) -> None:
        """Its listener waits for audio that is not kept any more: what comes later is no answer."""
        text = f"its audio is kept from byte {job.kept_from} only, and {job.released} is next"
        if job.ended or job.request.durable:
            self._delivery.fail(job, "failed", text)
        else:
            self._fail(job, now, "failed", text)

    # -- the end ------------------------------------------------------------------------

    def _fail(self, job: Job, now: float, code: e.FailureCode, message: str) -> None:
        """End a job without success and stop what still runs for it."""
        self._dispatch.interrupt(job)
        job.message = message
        if job.request.durable:
            self._untold.add(job, code, now)
        else:
            self._delivery.fail(job, code, message)
        self._close(job, now, _FAILURES[code])

    def _close(self, job: Job, now: float, outcome: JobState) -> None:
        job.move(outcome)
        job.ended_at = now
        job.note(now, outcome, job.message)
        del self.jobs[job.id]
        self.counts[outcome] += 1
        self._release_room(job)
        if outcome != "done":
            job.audio.clear()
        if job.request.durable:
            if outcome != "done" or not self._unstored.lacks(job):
                self._commands.append(e.PersistOutcome(now, job.id, outcome, job.message))
            self._unstored.leave(job)
        if job.request.trace is not None:
            self._commands.append(e.JobTraced(trace_of(job, job.request.trace)))
        self._remember(job, now)

    def _remember(self, job: Job, now: float) -> None:
        self._forget(self.retained.add(job, now))

    def _forget(self, jobs: list[Job]) -> None:
        for job in jobs:
            self._forget_key(job)
            verdict = self._untold.pop(job.id)
            if verdict is not None:
                self._delivery.fail(job, verdict.code, job.message)
            self._delivery.fail(job, "failed", "the audio of this job is not kept any more")
            if job.request.durable:
                self._commands.append(e.ForgetJob(job.id))

    def _forget_key(self, job: Job) -> None:
        if job.request.key is not None:
            self._keys.pop((job.owner, job.request.key), None)

    def _release_room(self, job: Job) -> None:
        self._dispatch.leave(job, last=self.admission.leave(job))

    # -- proof --------------------------------------------------------------------------

    def check(self) -> None:
        """Raise AssertionError if an invariant is broken; tests call it after every event."""
        live = [*self.jobs.values(), *self._pending.values()]
        self.admission.check(Counter(job.flow for job in live))
        for job in self.jobs.values():
            assert job.state not in OUTCOMES, f"ended job {job.id} is still live"
            running = sum(s.state == "running" for s in job.segments)
            assert running == job.running, f"job {job.id}: {running} run, {job.running} counted"
            counted = job.held_bytes
            job.listen_from(job.released)
            assert counted == job.held_bytes, f"job {job.id}: {counted} bytes held are counted"
        self._dispatch.check(self.jobs.values())
        for (owner, key), job in self._keys.items():
            assert (job.owner, job.request.key) == (owner, key), "a key leads to another job"
            known = job in live or self.retained.get(job.id) is job
            assert known, f"key {key} leads to job {job.id}, which is forgotten"


def _is_late(job: Job, now: float) -> bool:
    deadline = job.request.deadline
    return deadline is not None and deadline <= now
