"""The disk backlog: audio and outcomes of durable jobs that the journal could not take yet.

Audio waits in memory, where held audio is bounded, and is handed to the journal again: one
segment at a time, so that a disk that is still full costs one attempt a tick. Audio that a
listener took meanwhile may have been dropped from memory; such a segment must be spoken
again to get into the journal.

A client that was told `cancelled` must not find its job running after a restart, so the
outcome of a failed job is told when the journal has it. A journal that cannot be written
holds it back for `HOLD_BACK_S` and no longer; then the client is told, and the journal goes
on trying. `done` is not held back: the audio is in the journal before a byte of it is
released, so a supervisor that restarts without the outcome finds the job complete.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from supervisor.core.jobs.events import PersistAudio
from supervisor.core.jobs.job import Job

HOLD_BACK_S = 5.0

_SegmentId = tuple[str, int]


class HeldOutcome(NamedTuple):
    """The outcome of a failed job, held back since the journal was asked to write it."""

    job: Job
    since: float


class DiskBacklog:
    """Audio and outcomes that the journal lacks, the oldest first."""

    def __init__(self) -> None:
        self._jobs: dict[str, tuple[Job, set[int]]] = {}
        self._unstored: dict[_SegmentId, int] = {}
        """Bytes of each segment that waits to be handed in again."""
        self._awaited: _SegmentId | None = None
        """The segment that the journal was given again and has not answered for."""
        self._outcomes: dict[str, HeldOutcome] = {}

    # -- audio --------------------------------------------------------------------------

    def lacks(self, job: Job) -> bool:
        """Whether the journal lacks audio of a spoken segment of this job."""
        return job.id in self._jobs and bool(self._jobs[job.id][1])

    def answered(self, job: str, segment: int) -> None:
        """Note that the journal has answered for this segment: another may be handed in."""
        if self._awaited == (job, segment):
            self._awaited = None

    def add(self, job: Job, segment: int, size: int) -> bool:
        """Put a segment that the journal could not take at the end; True the first time."""
        self._unstored.pop((job.id, segment), None)
        self._unstored[job.id, segment] = size
        _job, segments = self._jobs.setdefault(job.id, (job, set()))
        new = segment not in segments
        segments.add(segment)
        return new

    def remove(self, job: Job, segment: int) -> None:
        """Take out a segment: the journal has it, or it is to be spoken again."""
        self._unstored.pop((job.id, segment), None)
        if job.id in self._jobs:
            self._jobs[job.id][1].discard(segment)

    def remove_job(self, job: Job) -> None:
        """Take out all segments of a job that has ended."""
        _job, segments = self._jobs.pop(job.id, (job, ()))
        for segment in segments:
            self._unstored.pop((job.id, segment), None)

    def next(self) -> PersistAudio | None:
        """The audio to hand in next; None while an answer is awaited, or if there is none."""
        while self._awaited is None and self._unstored:
            (id, segment), size = next(iter(self._unstored.items()))
            pieces = self._jobs[id][0].pieces_of(segment)
            if sum(map(len, pieces)) == size:
                self._awaited = id, segment
                return PersistAudio(id, segment, pieces)
            del self._unstored[id, segment]
        return None

    def gone(self) -> Iterator[tuple[Job, set[int]]]:
        """Jobs with segments that neither the journal nor the memory has."""
        in_memory = {id for id, _segment in self._unstored}
        for id, (job, segments) in list(self._jobs.items()):
            if segments and id not in in_memory:
                yield job, set(segments)

    # -- outcomes -----------------------------------------------------------------------

    @property
    def held_back(self) -> int:
        """Number of outcomes that are not told yet."""
        return len(self._outcomes)

    def holds_back(self, job: str) -> bool:
        """Whether this job's outcome is not in the journal yet."""
        return job in self._outcomes

    def hold_back(self, job: Job, now: float) -> None:
        """Hold back the outcome of a failed job until the journal has it."""
        self._outcomes[job.id] = HeldOutcome(job, now)

    def take_outcome(self, job: str) -> HeldOutcome | None:
        """Take out a job's outcome, to be told now; None if none is held back."""
        return self._outcomes.pop(job, None)

    def overdue(self, now: float) -> Iterator[HeldOutcome]:
        """Take out the outcomes that have been held back for HOLD_BACK_S."""
        while self._outcomes:
            outcome = next(iter(self._outcomes.values()))
            if now - outcome.since < HOLD_BACK_S:
                return
            yield self._outcomes.pop(outcome.job.id)
