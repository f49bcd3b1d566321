"""What is remembered of jobs that ended, and released audio, so that a client can attach again.

Plain jobs are kept in memory for a short while, durable ones in the journal for long.
Both are bounded in jobs, in bytes and in seconds; the oldest goes first, and a few at a
time, so that forgetting never takes long.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator
from itertools import islice

import msgspec

from supervisor.core.jobs.job import Job
from supervisor.core.jobs.pcm import Piece, Stored

_AT_ONCE = 64
"""Jobs forgotten in one go, at most."""

_LISTENED = 8
"""Jobs that stay because somebody listens to them, beyond which one looks for another, at once."""


class Keep(msgspec.Struct, frozen=True):
    """Bounds on what is kept of ended jobs. `bytes` are audio, and text."""

    seconds: float = 60.0
    bytes: int = 8 << 20
    jobs: int = 256


class _Shelf:
    """Ended jobs of one kind, the oldest first."""

    def __init__(self, keep: Keep) -> None:
        self.keep = keep
        self.jobs: OrderedDict[str, Job] = OrderedDict()
        self.bytes = 0

    def add(self, job: Job) -> None:
        self.jobs[job.id] = job
        self.bytes += job.weight

    def surplus(self, now: float) -> Iterator[Job]:
        """Take out what is too old, and for lack of room what nobody listens to.

        The latest stays, however large it is: somebody may be on the way to fetch it.
        """
        for job in list(islice(self.jobs.values(), self._due(now))):
            crowded = len(self.jobs) > self.keep.jobs or self.bytes > self.keep.bytes
            old = job.ended_at is not None and now - job.ended_at >= self.keep.seconds
            if not crowded and not old:
                return
            if old or (job.client is None and len(self.jobs) > 1):
                del self.jobs[job.id]
                self.bytes -= job.weight
                yield job

    def _due(self, now: float) -> int:
        """How many jobs are worth a look."""
        if self.bytes > self.keep.bytes:
            return _AT_ONCE
        if len(self.jobs) > self.keep.jobs:
            return min(len(self.jobs) - self.keep.jobs + _LISTENED, _AT_ONCE)
        oldest = next(iter(self.jobs.values()), None)
        old = oldest is not None and now - (oldest.ended_at or now) >= self.keep.seconds
        return _AT_ONCE if old else 0


class Retention:
    """Ended jobs with their audio, and the released audio of jobs that still run."""

    def __init__(self, plain: Keep, durable: Keep) -> None:
        self._plain = _Shelf(plain)
        self._durable = _Shelf(durable)
        self._pieces: deque[tuple[Job, Piece]] = deque()
        self._bytes = 0

    def configure(self, plain: Keep, durable: Keep) -> None:
        """Other bounds hold from now on."""
        self._plain.keep, self._durable.keep = plain, durable

    def get(self, job: str) -> Job | None:
        """An ended job, while it is remembered."""
        return self._plain.jobs.get(job) or self._durable.jobs.get(job)

    def ended(self) -> Iterator[Job]:
        """All ended jobs that are remembered, the latest first."""
        yield from reversed(self._plain.jobs.values())
        yield from reversed(self._durable.jobs.values())

    @property
    def stored_bytes(self) -> int:
        """Audio and text of ended durable jobs."""
        return self._durable.bytes

    def keep(self, job: Job, piece: Piece) -> None:
        """`piece` was released and stays in `job.audio` for now; the oldest may have to go."""
        if piece.end <= job.kept or type(piece.pcm) is Stored:
            return
        job.kept = piece.end
        self._pieces.append((job, piece))
        self._bytes += len(piece.pcm)
        while self._bytes > self._plain.keep.bytes:
            self._drop_oldest()

    def add(self, job: Job, now: float) -> list[Job]:
        """Remember a job that has ended; returns those that are forgotten for it."""
        shelf = self._plain
        job.weight = job.size
        if job.request.durable:
            shelf = self._durable
            job.weight += sum(len(p.pcm) for p in job.audio if type(p.pcm) is Stored)
        shelf.add(job)
        return self._forget(shelf, now)

    def expire(self, now: float) -> list[Job]:
        """Forget what ended too long ago; returns it."""
        while self._pieces and not self._pieces[0][0].audio:
            self._drop_oldest()
        return self._forget(self._plain, now) + self._forget(self._durable, now)

    def _forget(self, shelf: _Shelf, now: float) -> list[Job]:
        forgotten = list(shelf.surplus(now))
        for job in forgotten:
            job.audio.clear()
        return forgotten

    def _drop_oldest(self) -> None:
        job, piece = self._pieces.popleft()
        self._bytes -= len(piece.pcm)
        if job.audio and job.audio[0] is piece:
            job.audio.pop(0)
