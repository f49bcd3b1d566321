"""Audio of durable jobs that the journal could not take, until it can.

It waits in memory, where its job may hold only so much, and is handed to the journal
again: one segment at a time, so that a disk that is still full costs one attempt for
each tick. What a listener took meanwhile may have had to leave the memory; only
speaking such a segment again brings it into the journal.
"""

from __future__ import annotations

from collections.abc import Iterator

from supervisor.core.jobs.events import PersistAudio
from supervisor.core.jobs.job import Job

_Name = tuple[str, int]


class Unstored:
    """Segments by job, those that can be handed in again in a line."""

    def __init__(self) -> None:
        self._jobs: dict[str, tuple[Job, set[int]]] = {}
        self._line: dict[_Name, int] = {}
        """Bytes of each segment whose audio is in memory, as far as is known."""
        self._asked: _Name | None = None
        """What the journal was given again and has not answered for."""

    def lacks(self, job: Job) -> bool:
        """Whether the journal lacks audio of this job that was spoken."""
        return job.id in self._jobs and bool(self._jobs[job.id][1])

    def answered(self, job: str, segment: int) -> None:
        """The journal has answered for this segment."""
        if self._asked == (job, segment):
            self._asked = None

    def add(self, job: Job, segment: int, size: int) -> bool:
        """The journal could not take it: to the end of the line. True the first time."""
        self._line.pop((job.id, segment), None)
        self._line[job.id, segment] = size
        _job, segments = self._jobs.setdefault(job.id, (job, set()))
        new = segment not in segments
        segments.add(segment)
        return new

    def remove(self, job: Job, segment: int) -> None:
        """The journal has it."""
        self._line.pop((job.id, segment), None)
        if job.id in self._jobs:
            self._jobs[job.id][1].discard(segment)

    def leave(self, job: Job) -> None:
        """The job has ended."""
        _job, segments = self._jobs.pop(job.id, (job, ()))
        for segment in segments:
            self._line.pop((job.id, segment), None)

    def next(self) -> PersistAudio | None:
        """What to hand in again; None while an answer is awaited, or if there is nothing."""
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
