"""The way of a job from acceptance to its one outcome, whatever event moves it along.

Here stand the rules that a client relies on: each job ends in exactly one outcome; audio
is released in order and never twice; what is late ends as `expired`, and nothing of it is
released after that; that a durable job failed is told once the journal has it.

What events mean is said elsewhere: those of clients in `clients`, of workers in `answers`,
of the journal in `durability`. Left to others are also how much may wait (`admission`),
which segment runs next, and where (`dispatch`), what clients are told (`delivery`), what
is remembered (`retention`), what a full disk holds up (`unstored`, `untold`).
"""

from __future__ import annotations

from collections import Counter

from supervisor.core.jobs import events as e
from supervisor.core.jobs.admission import Admission, Limits
from supervisor.core.jobs.costs import Costs
from supervisor.core.jobs.delivery import Delivery
from supervisor.core.jobs.dispatch import Dispatch
from supervisor.core.jobs.held_audio import HeldLimits
from supervisor.core.jobs.job import OUTCOMES, Job, JobState
from supervisor.core.jobs.retention import Keep, Retention
from supervisor.core.jobs.spans import trace_of
from supervisor.core.jobs.timings import Timings
from supervisor.core.jobs.unstored import Unstored
from supervisor.core.jobs.untold import Untold, Verdict

LATE = "the deadline has passed"

_FAILURES: dict[e.FailureCode, JobState] = {
    "bad_text": "failed",  # Above `failed`, which is what is told again later.
    "cancelled": "cancelled",
    "expired": "expired",
    "failed": "failed",
    "poison": "quarantined",
}
_CODES: dict[JobState, e.FailureCode] = {state: code for code, state in _FAILURES.items()}


class Lifecycle:
    """Jobs without an outcome, those that are remembered, and every step between the two.

    What has to be done because of a step is appended to `commands`.
    """

    def __init__(
        self,
        commands: list[e.Command],
        limits: Limits,
        plain: Keep,
        durable: Keep,
        held: HeldLimits,
    ) -> None:
        self.commands = commands
        self.jobs: dict[str, Job] = {}
        """Jobs without an outcome yet."""
        self.retained = Retention(plain, durable)
        self.admission = Admission(limits)
        self.costs = Costs()
        self.counts: Counter[str] = Counter()
        """Jobs by outcome, and `refused`; segments `spoken`, `retried`, and `stale` (answered
        too late)."""
        self.timings = Timings()
        self.dispatch = Dispatch(commands, held)
        self.delivery = Delivery(commands, self.retained)
        self.unstored = Unstored()
        self.untold = Untold()
        self._keys: dict[tuple[str, str], Job] = {}

    def find(self, job: str) -> Job | None:
        """A job that runs, or ended a short while ago."""
        return self.jobs.get(job) or self.retained.get(job)

    def by_key(self, owner: str, key: str) -> Job | None:
        """The job that this owner has named so."""
        return self._keys.get((owner, key))

    # -- the beginning ------------------------------------------------------------------

    def enter(self, job: Job) -> None:
        """The job takes room among those that wait, with what its work is predicted to be."""
        self.admission.enter(job)
        self.name(job)

    def name(self, job: Job) -> None:
        """From now on its key leads to the job."""
        if job.request.key is not None:
            self._keys[job.owner, job.request.key] = job

    def predict(self, job: Job) -> None:
        """Say how long the work of the job is expected to take, before it takes room."""
        job.rate = self.costs.per_char(job.request)

    def predict_again(self, engine: str) -> None:
        """This engine speaks much faster or slower than was thought: so do all of its jobs."""
        for job in self.jobs.values():
            if job.request.engine == engine:
                self.predict(job)
                self.admission.settle(job)

    def cut(self, job: Job, now: float) -> None:
        """Cut one more slice of the job's text; it may have been the last thing to wait for."""
        job.cut()
        self.admission.settle(job)
        if job.complete:
            self.spoken(job, now)
        else:
            self.dispatch.enqueue(job)

    def accept(self, job: Job, now: float) -> None:
        """The job will have an outcome; its client is told so."""
        self.jobs[job.id] = job
        job.note(now, "accepted", len(job.segments))
        self.delivery.accept(job)

    # -- dispatch and release -----------------------------------------------------------

    def start(self, job: Job, now: float) -> None:
        """Queue the job for a worker."""
        self.dispatch.enqueue(job)
        self.run_waiting(now)

    def run_waiting(self, now: float) -> None:
        """Give waiting segments to idle workers."""
        while (job := self.dispatch.next()) is not None:
            if is_late(job, now):
                self.fail(job, now, "expired", LATE)
                continue
            self._run(job, now)
            self.dispatch.enqueue(job)

    def _run(self, job: Job, now: float) -> None:
        index, worker = self.dispatch.run(job)
        if job.state == "queued":
            job.move("running")
            job.started_at = now
            self.timings.wait.observe(now - job.accepted_at)
        job.note(now, "running", index, worker, job.segments[index].attempt)
        if job.request.progress and job.client is not None:
            self.commands.append(e.ReleaseStarted(job.client, job.id, index))

    def spoken(self, job: Job, now: float) -> None:
        """More of the job's audio is there; a durable job is done with its last byte."""
        before = job.spoken
        job.put_in_order()
        if not before and job.spoken:
            self.timings.first_audio.observe(now - job.accepted_at)
        if job.complete and job.request.durable and not self.unstored.lacks(job):
            if job.kept_from:  # The journal has what had left the memory.
                job.take_back(set())
            if job.state == "queued":
                job.move("running")
            self._close(job, now, "done")
        self.release(job, now)

    def release(self, job: Job, now: float) -> None:
        """Pass on what may go to the listener; the room that this makes may be filled again."""
        if not job.ended and is_late(job, now):
            self.fail(job, now, "expired", LATE)
        if job.failed:
            return
        if self.delivery.lacks(job):
            self._give_up(job, now)
            return
        ended = self.delivery.send(job)
        if not job.ended:
            self.dispatch.settle(job)
            if ended:
                self._close(job, now, "done")
            else:
                self.dispatch.enqueue(job)

    def _give_up(self, job: Job, now: float) -> None:
        """Its listener waits for audio that is not kept any more: what comes later is no answer."""
        text = f"its audio is kept from byte {job.kept_from} only, and {job.released} is next"
        if job.ended or job.request.durable:
            self.delivery.fail(job, "failed", text)
        else:
            self.fail(job, now, "failed", text)

    # -- the end ------------------------------------------------------------------------

    def expire(self, now: float) -> None:
        """End what is late, and forget what ended too long ago."""
        for job in [job for job in self.jobs.values() if is_late(job, now)]:
            self.fail(job, now, "expired", LATE)
        self._forget(self.retained.expire(now))

    def fail(self, job: Job, now: float, code: e.FailureCode, message: str) -> None:
        """End a job without success and stop what still runs for it."""
        self.dispatch.interrupt(job)
        job.message = message
        if job.request.durable:
            self.untold.add(job, code, now)
        else:
            self.delivery.fail(job, code, message)
        self._close(job, now, _FAILURES[code])

    def tell(self, verdict: Verdict) -> None:
        """The listener of a durable job hears that it failed."""
        self.delivery.fail(verdict.job, verdict.code, verdict.job.message)

    def tell_again(self, job: Job) -> None:
        """Somebody listens to a job that has failed; while the journal lacks that, it waits."""
        if job.id not in self.untold:
            self.delivery.fail(job, _CODES[job.state], job.message)

    def _close(self, job: Job, now: float, outcome: JobState) -> None:
        job.move(outcome)
        job.ended_at = now
        job.note(now, outcome, job.message)
        del self.jobs[job.id]
        self.counts[outcome] += 1
        self._release_room(job)
        if outcome != "done":
            job.audio.clear()
        job.forget_text()
        if job.request.durable:
            if outcome != "done" or not self.unstored.lacks(job):
                self.commands.append(e.PersistOutcome(now, job.id, outcome, job.message))
            self.unstored.leave(job)
        if job.request.trace is not None:
            self.commands.append(e.JobTraced(trace_of(job, job.request.trace)))
        self.remember(job, now)

    def remember(self, job: Job, now: float) -> None:
        """Keep an ended job for a while; the oldest may have to go for it."""
        self._forget(self.retained.add(job, now))

    def drop(self, job: Job) -> None:
        """The job leaves without an outcome here: as if it had never come."""
        self._release_room(job)
        self._forget_key(job)

    def _forget(self, jobs: list[Job]) -> None:
        for job in jobs:
            self._forget_key(job)
            verdict = self.untold.pop(job.id)
            if verdict is not None:
                self.tell(verdict)
            self.delivery.fail(job, "failed", "the audio of this job is not kept any more")
            if job.request.durable:
                self.commands.append(e.ForgetJob(job.id))

    def _forget_key(self, job: Job) -> None:
        if job.request.key is not None:
            self._keys.pop((job.owner, job.request.key), None)

    def _release_room(self, job: Job) -> None:
        self.dispatch.leave(job, last=self.admission.leave(job))

    # -- proof --------------------------------------------------------------------------

    def check(self, pending: list[Job]) -> None:
        """Raise AssertionError if an invariant is broken; `pending` are not accepted yet."""
        live = [*self.jobs.values(), *pending]
        self.admission.check(live)
        for job in self.jobs.values():
            assert job.state not in OUTCOMES, f"ended job {job.id} is still live"
            running = sum(s.state == "running" for s in job.segments)
            assert running == job.running, f"job {job.id}: {running} run, {job.running} counted"
            counted = job.held_bytes
            job.listen_from(job.released)
            assert counted == job.held_bytes, f"job {job.id}: {counted} bytes held are counted"
        self.dispatch.check(self.jobs.values())
        for (owner, key), job in self._keys.items():
            assert (job.owner, job.request.key) == (owner, key), "a key leads to another job"
            known = job in live or self.retained.get(job.id) is job
            assert known, f"key {key} leads to job {job.id}, which is forgotten"


def is_late(job: Job, now: float) -> bool:
    """Whether its deadline has passed."""
    deadline = job.request.deadline
    return deadline is not None and deadline <= now
