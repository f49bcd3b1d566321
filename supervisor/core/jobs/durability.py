"""Durability: hands durable jobs to the journal, and takes its answers.

A durable job is accepted once the journal has it; its audio is released once the journal
has that; and it outlives its client and the supervisor. Audio and outcomes that the journal
could not take wait in `disk_backlog`. A text that is open is for `writing`. Writing to the disk is
left to `supervisor.journal`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from supervisor.core.jobs import events as e
from supervisor.core.jobs.audio import Pcm
from supervisor.core.jobs.disk_backlog import DiskBacklog
from supervisor.core.jobs.job import Job
from supervisor.core.jobs.lifecycle import Lifecycle
from supervisor.core.jobs.release import Release
from supervisor.core.jobs.request import Unread
from supervisor.core.jobs.writing import JOURNAL_RETRY_MS, Writing


class Durability:
    """Handlers for the journal's events, and the jobs that it does not have yet."""

    def __init__(
        self,
        commands: list[e.Command],
        life: Lifecycle,
        release: Release,
        backlog: DiskBacklog,
        writing: Writing,
    ) -> None:
        self._commands = commands
        self._life = life
        self._release = release
        self._backlog = backlog
        self._writing = writing
        self._leaving = self._leaving_open = False
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
        """Give the job to the journal; it is accepted when that has it."""
        self._pending[job.id] = job
        self._commands.append(
            e.PersistJob(now=now, job=job.id, owner=job.owner, request=job.request)
        )

    def pending(self) -> list[Job]:
        """Jobs that the journal does not have yet."""
        return list(self._pending.values())

    def waits(self, job: Job) -> bool:
        """Whether the job is one that the journal does not have yet."""
        return job.id in self._pending

    def _job_persisted(self, event: e.JobPersisted) -> None:
        job = self._pending.pop(event.job, None)
        if job is None:
            return
        if event.error is not None:
            self._release.refuse_pending(job, "journal_unavailable", event.error, JOURNAL_RETRY_MS)
            self._life.drop(job)
            self._life.counts["refused"] += 1
            return
        if job.open:
            job.written = 0
        self._life.accept(job, event.now)
        if job.ended:
            return
        if self._leaving or (self._leaving_open and job.open):
            self._life.suspend(job, event.now)
        else:
            if job.open:
                self._writing.begin(job, Unread())
            self._life.run_waiting(event.now)

    # -- audio and outcomes -------------------------------------------------------------

    def store(self, job: Job, segment: int, pieces: tuple[Pcm, ...]) -> None:
        """Give a segment's audio to the journal; it is released when that has it."""
        self._commands.append(e.PersistAudio(job.id, segment, pieces))

    def _audio_stored(self, event: e.AudioStored) -> None:
        self._backlog.answered(event.job, event.segment)
        job = self._life.jobs.get(event.job)
        if job is None:
            return
        again = job.segments[event.segment].state != "storing"
        if event.error is not None:
            size = sum(map(len, event.pieces))
            if self._backlog.add(job, event.segment, size):
                job.note(event.now, "not stored", event.segment, event.error)
        else:
            self._backlog.remove(job, event.segment)
            job.note(event.now, "stored", event.segment)
        if not again:
            job.stored(event.segment, event.pieces)
        elif event.error is None:
            job.move_to_file(event.segment, event.pieces[0])
        self._life.more_audio(job, event.now)
        if event.error is None:
            self._store_again()
        self._life.run_waiting(event.now)

    def _outcome_persisted(self, event: e.OutcomePersisted) -> None:
        outcome = self._backlog.take_outcome(event.job)
        if outcome is not None:
            self._life.tell(outcome.job)

    def tick(self, now: float) -> None:
        """Hand in again audio that the journal could not take, and tell overdue outcomes."""
        for outcome in self._backlog.overdue(now):
            outcome.job.note(now, "told unwritten")
            self._life.tell(outcome.job)
        self._store_again()
        self._speak_again(now)

    def _store_again(self) -> None:
        """Give the journal one more piece of what it could not take before."""
        command = self._backlog.next()
        if command is not None:
            self._commands.append(command)

    def _speak_again(self, now: float) -> None:
        """Run segments again whose audio neither memory nor journal has."""
        for job, lost in self._backlog.gone():
            if job.client is None and job.complete:
                for segment in lost:
                    self._backlog.remove(job, segment)
                self._life.speak_again(job, lost, now)

    # -- from one epoch of the supervisor to the next -----------------------------------

    def _recovered(self, event: e.Recovered) -> None:
        life = self._life
        if life.find(event.job) is not None:
            return
        job = _from_journal(event)
        if event.outcome is not None:
            job.restore(event.outcome, event.message, event.ended_at)
            job.note(event.ended_at or event.now, event.outcome, event.message)
            job.note(event.now, "recovered", len(event.stored))
            if event.outcome == "done" and not job.complete:
                self._lose(job, event)
            life.index_key(job)
            life.remember(job, event.now)
            return
        job.note(event.now, "recovered", len(event.stored))
        life.recover(job, event.now)
        if job.open and job.id in life.jobs:
            self._writing.begin(job, event.unread)

    def _lose(self, job: Job, event: e.Recovered) -> None:
        """Fail a done job whose audio files are gone; its text is gone too, so none can be made.

        The journal is not told: a file that cannot be read now may be there at the next start.
        """
        parts = len(job.segments)
        lost = parts - len(event.stored)
        message = f"its audio is gone: {lost} of {parts} segments are not in the journal"
        job.restore("failed", message, event.ended_at)
        job.audio.clear()
        job.note(event.now, "failed", message)

    def _suspended(self, event: e.Suspended) -> None:
        self._leaving = self._leaving or not event.open_texts
        self._leaving_open = True
        durable = [job for job in self._life.jobs.values() if job.request.durable]
        for job in durable:
            if job.open or not event.open_texts:
                self._life.suspend(job, event.now)


def _from_journal(event: e.Recovered) -> Job:
    """The job as the journal has it, with the audio that is in files."""
    # The client that it came from is gone: of the jobs from there none waits for another.
    id, owner, flow = event.job, event.owner, event.job
    job = Job(id, event.request, owner=owner, flow=flow, now=event.accepted_at)
    known = max(event.stored, default=-1)
    while job.rest is not None and (event.outcome or len(job.segments) <= known):
        job.cut()
    for index, pcm in event.stored.items():
        if index < len(job.segments):
            job.recover(index, pcm)
    job.skip_spoken()
    job.put_in_order()
    job.note(event.accepted_at, "accepted", len(job.segments))
    return job
