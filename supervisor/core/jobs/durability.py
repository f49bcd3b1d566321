"""Durable jobs and the journal: what is asked of it, and what its answers mean.

A durable job is accepted once the journal has it; its audio is released once the journal
has that; and it outlives its client and the supervisor. What the journal could not take
waits in `unstored` and `untold`. Where the journal lies, and what it costs to write, is
`supervisor.broker`'s business.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from supervisor.core.jobs import events as e
from supervisor.core.jobs.job import Job
from supervisor.core.jobs.lifecycle import LATE, Lifecycle, is_late

JOURNAL_RETRY_MS = 2_000
"""When to try again to hand in a durable job that the journal could not take."""


class Durability:
    """The events of the journal, and jobs that it does not have yet."""

    def __init__(self, life: Lifecycle) -> None:
        self._life = life
        self._leaving = False
        self._pending: dict[str, Job] = {}
        self.handlers: dict[type, Callable[[Any], None]] = {
            e.JobPersisted: self._job_persisted,
            e.AudioStored: self._audio_stored,
            e.OutcomePersisted: self._outcome_persisted,
            e.Recovered: self._recovered,
            e.Suspended: self._suspended,
        }

    # -- jobs that wait to be accepted --------------------------------------------------

    def hand_in(self, job: Job, now: float) -> None:
        """The job is accepted when the journal has it."""
        self._pending[job.id] = job
        self._life.commands.append(e.PersistJob(now, job.id, job.owner, job.request))

    def pending(self) -> list[Job]:
        """Jobs that the journal does not have yet."""
        return list(self._pending.values())

    def find(self, job: str) -> Job | None:
        """A job that the journal does not have yet."""
        return self._pending.get(job)

    def take_over(self, job: Job, event: e.Submitted) -> None:
        """Another connection asks under the key of a job that is not accepted yet."""
        self._refuse(job, "conflict", "another connection has taken over this job")
        job.reference, job.credit = event.reference, event.credit
        self._life.delivery.listen(job, event.client)

    def _job_persisted(self, event: e.JobPersisted) -> None:
        job = self._pending.pop(event.job, None)
        if job is None:
            return
        if event.error is not None:
            self._refuse(job, "journal_unavailable", event.error, JOURNAL_RETRY_MS)
            self._life.drop(job)
            self._life.counts["refused"] += 1
            return
        self._life.accept(job, event.now)
        if self._leaving:
            self._suspend(job, event.now)
        else:
            self._life.start(job, event.now)

    def _refuse(
        self, job: Job, code: e.RefusalCode, message: str, retry_after_ms: int | None = None
    ) -> None:
        """Refuse a durable job that the journal does not have, if anybody still asks for it."""
        if job.client is not None:
            self._life.commands.append(
                e.ReleaseRefusal(job.client, job.reference, code, message, retry_after_ms)
            )
            self._life.delivery.let_go(job)

    # -- audio and outcomes -------------------------------------------------------------

    def _audio_stored(self, event: e.AudioStored) -> None:
        unstored = self._life.unstored
        unstored.answered(event.job, event.segment)
        job = self._life.jobs.get(event.job)
        if job is None:
            return
        again = job.segments[event.segment].state != "storing"
        if event.error is not None:
            size = sum(map(len, event.pieces))
            if unstored.add(job, event.segment, size):
                job.note(event.now, "not stored", event.segment, event.error)
        else:
            unstored.remove(job, event.segment)
            job.note(event.now, "stored", event.segment)
        if not again:
            job.put_in(event.segment, event.pieces)
        elif event.error is None:
            job.move_to_file(event.segment, event.pieces[0])
        self._life.spoken(job, event.now)
        if event.error is None:
            self._store_again()
        self._life.run_waiting(event.now)

    def _outcome_persisted(self, event: e.OutcomePersisted) -> None:
        verdict = self._life.untold.pop(event.job)
        if verdict is not None:
            self._life.tell(verdict)

    def tick(self, now: float) -> None:
        """Try again what the journal could not take, and tell what it keeps back for too long."""
        for verdict in self._life.untold.overdue(now):
            verdict.job.note(now, "told unwritten")
            self._life.tell(verdict)
        self._store_again()
        self._speak_again(now)

    def _store_again(self) -> None:
        """Give the journal one more piece of what it could not take before."""
        command = self._life.unstored.next()
        if command is not None:
            self._life.commands.append(command)

    def _speak_again(self, now: float) -> None:
        """What a listener took, and neither memory nor journal has, its job still needs."""
        life = self._life
        for job, lost in life.unstored.gone():
            if job.client is None and job.complete:
                job.note(now, "spoken again", *sorted(lost))
                for segment in lost:
                    life.unstored.remove(job, segment)
                job.take_back(lost)
                life.admission.settle(job)
                life.dispatch.settle(job)
                life.dispatch.enqueue(job)

    # -- from one epoch of the supervisor to the next -----------------------------------

    def _recovered(self, event: e.Recovered) -> None:
        life = self._life
        if life.find(event.job) is not None:
            return
        job = _from_journal(event)
        if event.outcome is not None:
            job.state, job.message, job.ended_at = event.outcome, event.message, event.ended_at
            job.note(event.ended_at or event.now, event.outcome, event.message)
            job.note(event.now, "recovered", len(event.stored))
            if event.outcome == "done" and not job.complete:
                self._lose(job, event)
            life.name(job)
            life.remember(job, event.now)
            return
        job.note(event.now, "recovered", len(event.stored))
        life.predict(job)
        life.enter(job)
        life.jobs[job.id] = job
        if is_late(job, event.now) and not job.complete:  # Of a complete job the END may be out.
            life.fail(job, event.now, "expired", LATE)
        else:
            life.spoken(job, event.now)
            life.run_waiting(event.now)

    def _lose(self, job: Job, event: e.Recovered) -> None:
        """It was done, and files are gone; so is its text, or it could be spoken again.

        The journal is not told: what cannot be read today may be there at the next start.
        """
        job.state = "failed"
        job.audio.clear()
        parts = len(job.segments)
        lost = parts - len(event.stored)
        job.message = f"its audio is gone: {lost} of {parts} segments are not in the journal"
        job.note(event.now, "failed", job.message)

    def _suspended(self, event: e.Suspended) -> None:
        self._leaving = True
        for job in [job for job in self._life.jobs.values() if job.request.durable]:
            self._suspend(job, event.now)

    def _suspend(self, job: Job, now: float) -> None:
        job.note(now, "suspended")
        self._life.dispatch.interrupt(job)
        del self._life.jobs[job.id]
        self._life.unstored.leave(job)
        self._life.delivery.let_go(job)
        self._life.drop(job)


def _from_journal(event: e.Recovered) -> Job:
    """The job as the journal has it, with the audio that is in files."""
    job = Job(event.job, event.owner, None, event.request, event.accepted_at, 0)
    job.flow = event.job  # whose client it came from is gone: none of them waits for another
    known = max(event.stored, default=-1)
    while job.rest is not None and (event.outcome or len(job.segments) <= known):
        job.cut()
    for index, pcm in event.stored.items():
        if index < len(job.segments):
            job.put_in(index, (pcm,))
    job.skip_spoken()
    job.put_in_order()
    job.note(event.accepted_at, "accepted", len(job.segments))
    return job
