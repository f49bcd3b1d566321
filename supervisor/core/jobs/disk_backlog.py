"""The backlog of the disk: audio and outcomes of durable jobs that the journal could not take yet.

Audio waits in memory, where its job may hold only so much, and is handed to the journal
again: one segment at a time, so that a disk that is still full costs one attempt for
each tick. What a listener took meanwhile may have had to leave the memory; only
speaking such a segment again brings it into the journal.

A client that was told `cancelled` must not find its job running after a restart, so the
outcome of a job that failed is told when the journal has it. A journal that cannot be
written holds it back for `PATIENCE_S` and no longer; the client is then told what is known,
and the journal goes on trying. `done` needs no such care: the audio is in the journal before
a byte of it is released, so a successor that lacks the outcome finds the job complete, and
says the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from supervisor.core.jobs.events import PersistAudio
from supervisor.core.jobs.job import Job

PATIENCE_S = 5.0

_Name = tuple[str, int]


class Verdict(NamedTuple):
    """The end of a job that failed, and since when the journal is asked to write it down."""

    job: Job
    since: float


class DiskBacklog:
    """Segments whose audio, and jobs whose verdict, the journal lacks; the oldest come first."""

    def __init__(self) -> None:
        self._jobs: dict[str, tuple[Job, set[int]]] = {}
        self._line: dict[_Name, int] = {}
        """Bytes of each segment whose audio is in memory, as far as is known."""
        self._asked: _Name | None = None
        """The segment that the journal was given again and has not answered for."""
        self._verdicts: dict[str, Verdict] = {}

    # -- audio --------------------------------------------------------------------------

    def lacks(self, job: Job) -> bool:
        """Whether the journal lacks audio of this job that was spoken."""
        return job.id in self._jobs and bool(self._jobs[job.id][1])

    def answered(self, job: str, segment: int) -> None:
        """Note that the journal has answered for this segment: another may be handed in."""
        if self._asked == (job, segment):
            self._asked = None

    def add(self, job: Job, segment: int, size: int) -> bool:
        """Put a segment that the journal could not take at the end; True the first time."""
        self._line.pop((job.id, segment), None)
        self._line[job.id, segment] = size
        _job, segments = self._jobs.setdefault(job.id, (job, set()))
        new = segment not in segments
        segments.add(segment)
        return new

    def remove(self, job: Job, segment: int) -> None:
        """Take out a segment: the journal has it, or it is to be spoken again."""
        self._line.pop((job.id, segment), None)
        if job.id in self._jobs:
            self._jobs[job.id][1].discard(segment)

    def leave(self, job: Job) -> None:
        """Take out all segments of a job that has ended."""
        _job, segments = self._jobs.pop(job.id, (job, ()))
        for segment in segments:
            self._line.pop((job.id, segment), None)

    def next(self) -> PersistAudio | None:
        """The audio to hand in again; None while an answer is awaited, or if there is nothing."""
        while self._asked is None and self._line:
            (id, segment), size = next(iter(self._line.items()))
            pieces = self._jobs[id][0].pieces_of(segment)
            if sum(map(len, pieces)) == size:
                self._asked = id, segment
                return PersistAudio(id, segment, pieces)
            del self._line[id, segment]
        return None

    def gone(self) -> Iterator[tuple[Job, set[int]]]:
        """Jobs that lack segments of which none is in memory any more."""
        in_line = {id for id, _segment in self._line}
        for id, (job, segments) in list(self._jobs.items()):
            if segments and id not in in_line:
                yield job, set(segments)

    # -- outcomes -----------------------------------------------------------------------

    @property
    def verdicts(self) -> int:
        """Number of outcomes that are not told yet."""
        return len(self._verdicts)

    def holds_back(self, job: str) -> bool:
        """Whether this job's outcome is not in the journal yet."""
        return job in self._verdicts

    def hold_back(self, job: Job, now: float) -> None:
        """Keep the outcome of a job that has failed: from now on the journal is asked."""
        self._verdicts[job.id] = Verdict(job, now)

    def take_verdict(self, job: str) -> Verdict | None:
        """Take out a job's outcome, which may be told; None if none is held back."""
        return self._verdicts.pop(job, None)

    def overdue(self, now: float) -> Iterator[Verdict]:
        """Take out the outcomes that have waited for long enough."""
        while self._verdicts:
            verdict = next(iter(self._verdicts.values()))
            if now - verdict.since < PATIENCE_S:
                return
            yield self._verdicts.pop(verdict.job.id)
