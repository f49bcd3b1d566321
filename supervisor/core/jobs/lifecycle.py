"""The lifecycle of a job, from acceptance to its one outcome.

Guarantees to clients: each job ends in exactly one outcome; audio is released in order and
never twice; a late job ends as `expired`, and none of its audio is released after that; the
failure of a durable job is told once the journal has it.

Events are handled elsewhere: those of clients and workers in `machine`, of the journal in
`durability`. Left to others are also the bounds on waiting work (`admission`), the choice of
segment and worker (`queue`), messages to clients and retention (`release`), and a full disk
(`disk_backlog`).
"""

from __future__ import annotations

from collections import Counter
from typing import Literal

from supervisor.core.jobs import events as e
from supervisor.core.jobs.admission import Admission
from supervisor.core.jobs.disk_backlog import DiskBacklog
from supervisor.core.jobs.job import LATE, FailureCode, Job, JobState
from supervisor.core.jobs.queue import Queue
from supervisor.core.jobs.release import Release, Retention
from supervisor.core.jobs.spans import trace_of
from supervisor.core.jobs.timings import Timings

Step = Literal["accepted", "started", "ended"]
"""What became of a job, for those who watch: started means that its first audio is there."""

_FAILURES: dict[FailureCode, JobState] = {
    "bad_text": "failed",  # Above `failed`, the code where the journal knows no more.
    "cancelled": "cancelled",
    "expired": "expired",
    "failed": "failed",
    "poison": "quarantined",
}
FAILURE_CODES: dict[JobState, FailureCode] = {state: code for code, state in _FAILURES.items()}
"""The code of an outcome of which no more is known."""


class Lifecycle:
    """Jobs without an outcome, retained jobs, and every step between the two.

    Commands that follow from a step are appended to `commands`.
    """

    def __init__(
        self,
        commands: list[e.Command],
        *,
        admission: Admission,
        queue: Queue,
        release: Release,
        retained: Retention,
        backlog: DiskBacklog,
        timings: Timings,
    ) -> None:
        self.jobs: dict[str, Job] = {}
        """Jobs without an outcome yet."""
        self.counts: Counter[str] = Counter()
        """Jobs by outcome, and `refused`; segments `spoken`, `retried`, and `stale` (answered
        too late)."""
        self.news: list[tuple[Step, Job]] = []
        """Steps of jobs in the event that is being handled."""
        self._commands = commands
        self._admission = admission
        self._queue = queue
        self._release = release
        self._retained = retained
        self._backlog = backlog
        self._timings = timings
        self._keys: dict[tuple[str, str], Job] = {}

    def find(self, job: str) -> Job | None:
        """A job that runs, or ended a short while ago."""
        return self.jobs.get(job) or self._retained.get(job)

    def by_key(self, owner: str, key: str) -> Job | None:
        """The job that this owner submitted under this key."""
        return self._keys.get((owner, key))

    # -- acceptance ---------------------------------------------------------------------

    def index_key(self, job: Job) -> None:
        """Make the job known by its key, if it has one."""
        if job.request.key is not None:
            self._keys[job.owner, job.request.key] = job

    def accept(self, job: Job, now: float) -> None:
        """Accept a job: tell the client, and queue it for a worker."""
        self.jobs[job.id] = job
        job.note(now, "accepted", len(job.segments))
        asked = job.request.request_class
        if asked is not None and asked != job.request_class:
            job.note(now, "demoted", asked, job.request_class)
        self.news.append(("accepted", job))
        self._release.accept(job, starts_s=self._queue.told_start_s(now, job))
        if job.complete:  # An empty part of a text.
            self._begin(job)
            self.more_audio(job, now)
        else:
            self._queue.enqueue(job)

    def recover(self, job: Job, now: float) -> None:
        """Resume a job that an earlier epoch of the supervisor has accepted."""
        self._admission.enter(job)
        self.index_key(job)
        self.jobs[job.id] = job
        if job.due <= now and not job.complete:  # Of a complete job the END may be out.
            self.fail(job, now, "expired", LATE)
        else:
            self.more_audio(job, now)
            self.run_waiting(now)

    def remember(self, job: Job, now: float) -> None:
        """Retain an ended job for a while; the oldest may have to go for it."""
        self._forget(self._retained.add(job, now))

    def forget(self, job: Job) -> None:
        """Forget an ended job at once, with its audio and its key."""
        self._forget(self._retained.take(job.id))

    # -- dispatch and release -----------------------------------------------------------

    def run_waiting(self, now: float) -> None:
        """Give waiting segments to idle workers; a job that is late at its turn expires."""
        while (late := self._queue.dispatch(now)) is not None:
            self.fail(late, now, "expired", LATE)

    def cut(self, job: Job, now: float) -> None:
        """Cut one more slice of the job's text; the job may be complete with that."""
        job.cut()
        self._admission.settle(job)
        if job.complete:
            self.more_audio(job, now)
        else:
            self._queue.enqueue(job)

    def end_text(self, job: Job, now: float) -> None:
        """End the text of an open job; what was said so far may be all of it."""
        job.end_text()
        if job.complete:
            self._begin(job)
            self.more_audio(job, now)

    def refuse_text(self, job: Job, now: float, message: str) -> None:
        """Fail an open job whose text cannot be spoken any further."""
        self._begin(job)
        self.fail(job, now, "bad_text", message)

    @staticmethod
    def _begin(job: Job) -> None:
        """Have a job of which nothing was spoken yet in a state from which it can end."""
        if job.state == "queued":
            job.move("running")

    def more_audio(self, job: Job, now: float) -> None:
        """Put new audio in order and release it; with its last byte a durable job is done."""
        nothing_before = not job.audio.end
        job.put_in_order()
        if nothing_before and job.audio.end:
            self._timings.observe_first_audio(job.request_class, now - job.accepted_at)
            self.news.append(("started", job))
        if job.request.durable and job.complete and not self._backlog.lacks(job):
            if job.kept_from:  # The journal has what was dropped from memory.
                job.take_back(set())
            if job.state == "queued":
                job.move("running")
            self._close(job, now, "done")
        self.release(job, now)

    def speak_again(self, job: Job, lost: set[int], now: float) -> None:
        """Put segments of a complete job back into the queue: their audio is lost."""
        job.note(now, "spoken again", *sorted(lost))
        job.take_back(lost)
        self._admission.settle(job)
        self._queue.settle(job)

    def release(self, job: Job, now: float) -> None:
        """Send the listener audio as far as credit goes; the job may run on in the freed room."""
        live = job.id in self.jobs
        if live and job.due <= now:
            self.fail(job, now, "expired", LATE)
            return
        if not live and job.failed:
            return
        sent = self._release.send(job)
        if sent == "gone":
            self._give_up(job, now)
        elif live and sent == "all":
            self._close(job, now, "done")
        elif live:
            self._queue.settle(job)

    def _give_up(self, job: Job, now: float) -> None:
        """Fail towards a listener whose next byte of audio is not kept any more."""
        released = job.audio.released
        text = f"its audio is kept from byte {job.kept_from} only, and {released} is next"
        if job.ended or job.request.durable:
            self._release.fail(job, "failed", text)
        else:
            self.fail(job, now, "failed", text)

    # -- the end ------------------------------------------------------------------------

    def expire(self, now: float) -> None:
        """Expire late jobs, and forget those that ended too long ago."""
        for job in [job for job in self.jobs.values() if job.due <= now]:
            self.fail(job, now, "expired", LATE)
        self._forget(self._retained.expire(now))

    def fail(self, job: Job, now: float, code: FailureCode, message: str) -> None:
        """End a job without success, and stop the segments that run for it."""
        self._queue.interrupt(job)
        if job.request.durable:
            self._backlog.hold_back(job, now)
        else:
            self._release.fail(job, code, message)
        self._close(job, now, _FAILURES[code], message, code)

    def tell(self, job: Job) -> None:
        """Tell the listener of a job that it failed, and why."""
        self._release.fail(job, job.code or FAILURE_CODES[job.state], job.message)

    def tell_again(self, job: Job) -> None:
        """Tell a new listener that the job failed, unless that is still held back."""
        if not self._backlog.holds_back(job.id):
            self.tell(job)

    def _close(
        self,
        job: Job,
        now: float,
        outcome: JobState,
        message: str = "",
        code: FailureCode | None = None,
    ) -> None:
        job.end(now, outcome, message, code)
        del self.jobs[job.id]
        self.counts[outcome] += 1
        self.news.append(("ended", job))
        self._queue.remove(job, last=self._admission.remove(job))
        if job.request.durable:
            if outcome != "done" or not self._backlog.lacks(job):
                self._commands.append(
                    e.PersistOutcome(now=now, job=job.id, outcome=outcome, message=message)
                )
            self._backlog.remove_job(job)
        if job.request.trace is not None:
            self._commands.append(e.JobTraced(trace_of(job, job.request.trace)))
        self.remember(job, now)

    def suspend(self, job: Job, now: float) -> None:
        """Leave a durable job to the next epoch of the supervisor, as it stands in the journal."""
        job.note(now, "suspended")
        self._queue.interrupt(job)
        del self.jobs[job.id]
        self._backlog.remove_job(job)
        self._release.detach(job)
        self.drop(job)

    def drop(self, job: Job) -> None:
        """Remove a job without an outcome, as if it had never been submitted."""
        self._queue.remove(job, last=self._admission.remove(job))
        self._forget_key(job)

    def _forget(self, jobs: list[Job]) -> None:
        for job in jobs:
            self._forget_key(job)
            outcome = self._backlog.take_outcome(job.id)
            if outcome is not None:
                self.tell(outcome.job)
            self._release.fail(job, "failed", "the audio of this job is not kept any more")
            if job.request.durable:
                self._commands.append(e.ForgetJob(job.id))

    def _forget_key(self, job: Job) -> None:
        if job.request.key is not None:
            self._keys.pop((job.owner, job.request.key), None)

    # -- proof --------------------------------------------------------------------------

    def check(self, pending: list[Job]) -> None:
        """Raise AssertionError if an invariant is broken; `pending` are not accepted yet."""
        live = [*self.jobs.values(), *pending]
        self._admission.check(live)
        for job in self.jobs.values():
            assert not job.ended, f"ended job {job.id} is still live"
            running = sum(s.state == "running" for s in job.segments)
            assert running == job.running, f"job {job.id}: {running} run, {job.running} counted"
            held = job.held_after(job.audio.released)
            assert held == job.audio.held, f"job {job.id}: {job.audio.held} bytes held, not {held}"
        self._queue.check(self.jobs.values())
        for (owner, key), job in self._keys.items():
            assert (job.owner, job.request.key) == (owner, key), "a key leads to another job"
            known = job in live or self._retained.get(job.id) is job
            assert known, f"key {key} leads to job {job.id}, which is forgotten"
