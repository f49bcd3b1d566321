"""Release and retention: messages to the listeners of jobs, and audio kept to attach to again.

`Release` knows the listeners and sends answers, audio in order, and the one end. `Retention`
keeps jobs that ended, and released audio, so that a client can attach again. The end of a job
is decided in `lifecycle`.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator
from itertools import islice
from typing import Literal

from supervisor.core.jobs import events as e
from supervisor.core.jobs.audio import Pcm, Piece, Stored
from supervisor.core.jobs.job import FailureCode, Job
from supervisor.core.jobs.limits import Keep

Sent = Literal["some", "all", "gone"]
"""Result of a release: some of the audio is out, all of it to the end of the job, or the next byte
is gone: it is not kept any more."""

_BATCH = 64
"""Jobs forgotten in one go, at most."""

_LISTENED = 8
"""Jobs looked at beyond those that must go, at once: jobs with a listener stay."""


class Release:
    """Turns the state of jobs into release commands, which it appends to `commands`."""

    def __init__(self, commands: list[e.Command], retained: Retention) -> None:
        self._commands = commands
        self._retained = retained
        self._by_listener: dict[bytes, dict[str, Job]] = {}

    # -- listeners ----------------------------------------------------------------------

    def listeners(self) -> list[bytes]:
        """Connections that listen to a job."""
        return list(self._by_listener)

    def listen(self, job: Job, client: bytes, reference: str) -> None:
        """Make this connection the listener of a job; its answers carry `reference`."""
        job.client, job.reference = client, reference
        of_client = self._by_listener.get(client)
        if of_client is None:
            self._by_listener[client] = {job.id: job}
        else:
            of_client[job.id] = job

    def disconnect(self, client: bytes) -> list[Job]:
        """Forget a connection that is gone; returns the jobs that it listened to."""
        jobs = list(self._by_listener.pop(client, {}).values())
        for job in jobs:
            job.client = None
        return jobs

    def detach(self, job: Job) -> None:
        """Remove the job's listener, if it has one."""
        if job.client is None:
            return
        of_client = self._by_listener.get(job.client)
        if of_client is not None:
            of_client.pop(job.id, None)
            if not of_client:
                del self._by_listener[job.client]
        job.client = None

    # -- messages -----------------------------------------------------------------------

    def accept(self, job: Job, *, starts_s: float = 0.0) -> None:
        """Tell the listener that its request became, or found, this job, and when it is predicted
        to be begun.
        """
        if job.client is None:
            return
        request, cut = job.request, job.rest is None and not job.open
        self._commands.append(
            e.ReleaseAccepted(
                client=job.client,
                reference=job.reference,
                job=job.id,
                segments=job.segments_told if cut else job.segments_expected,
                sample_rate=request.sample_rate,
                seed=request.speech.seed,
                estimated=not cut,
                left_out=request.left_out,
                written=job.written,
                first_segment=request.first_segment,
                starts_s=round(starts_s, 3),
            )
        )

    def refuse(
        self,
        event: e.Submitted | e.TextWritten,
        code: e.RefusalCode,
        message: str,
        retry_after_ms: int | None = None,
    ) -> None:
        """Refuse a request, which does not become a job, or more of a text."""
        self._commands.append(
            e.ReleaseRefusal(
                client=event.client,
                reference=event.reference,
                code=code,
                message=message,
                retry_after_ms=retry_after_ms,
            )
        )

    def refuse_pending(
        self, job: Job, code: e.RefusalCode, message: str, retry_after_ms: int | None = None
    ) -> None:
        """Refuse a request whose job was not accepted yet, and remove the listener."""
        if job.client is not None:
            self._commands.append(
                e.ReleaseRefusal(
                    client=job.client,
                    reference=job.reference,
                    code=code,
                    message=message,
                    retry_after_ms=retry_after_ms,
                )
            )
            self.detach(job)

    def started(self, job: Job, segment: int) -> None:
        """Tell the listener, if there is one, that a segment runs."""
        if job.client is not None:
            self._commands.append(e.ReleaseStarted(job.client, job.id, segment))

    def send(self, job: Job) -> Sent:
        """Release audio in order as far as credit goes; the last piece goes out with the end."""
        client, audio = job.client, job.audio
        if client is None:
            return "some"
        taken = audio.take()
        if taken is None:
            return "gone"
        chunks, whole = taken
        for piece in whole:
            self._retained.keep(job, piece)
        if audio.released < audio.end or not job.complete:
            self._send(job, client, chunks)
            return "some"
        last = chunks.pop().pcm if chunks else b""
        if chunks:
            self._send(job, client, chunks)
        self._end(job, client, last)
        return "all"

    def _send(self, job: Job, client: bytes, chunks: list[Piece]) -> None:
        for chunk in chunks:
            self._commands.append(
                e.ReleaseAudio(
                    client=client,
                    job=job.id,
                    segment=job.segments[chunk.segment].number,
                    offset=chunk.offset,
                    pcm=chunk.pcm,
                )
            )

    def fail(self, job: Job, code: FailureCode, message: str) -> None:
        """Tell the listener, if there is one, that the job failed, and remove it."""
        if job.client is not None:
            self._commands.append(
                e.ReleaseFailure(client=job.client, job=job.id, code=code, message=message)
            )
            self.detach(job)

    def _end(self, job: Job, client: bytes, pcm: Pcm) -> None:
        self._commands.append(
            e.ReleaseEnd(
                client=client,
                job=job.id,
                pcm=pcm,
                bytes=job.audio.end,
                segments=job.segments_told,
                queued_s=(job.started_at or job.accepted_at) - job.accepted_at,
                synthesis_s=job.synthesis_s,
                retried=job.retried,
                left_out=job.left_out,
                cached=job.cached,
            )
        )
        self.detach(job)


class _Retained:
    """Ended jobs of one kind, the oldest first, and the bytes that each takes."""

    def __init__(self, keep: Keep) -> None:
        self.keep = keep
        self.jobs: OrderedDict[str, tuple[Job, int]] = OrderedDict()
        self.bytes = 0

    def add(self, job: Job, size: int) -> None:
        self.jobs[job.id] = job, size
        self.bytes += size

    def get(self, job: str) -> Job | None:
        entry = self.jobs.get(job)
        return None if entry is None else entry[0]

    def take(self, job: str) -> list[Job]:
        """Take out a job, if it is here."""
        entry = self.jobs.pop(job, None)
        if entry is None:
            return []
        self.bytes -= entry[1]
        entry[0].audio.clear()
        return [entry[0]]

    def latest(self) -> Iterator[Job]:
        return (job for job, _size in reversed(self.jobs.values()))

    def forget(self, now: float) -> list[Job]:
        """Take out jobs that are too old and, for lack of room, jobs without a listener.

        The latest stays, however large it is: a client may be about to fetch it.
        """
        forgotten: list[Job] = []
        keep, left = self.keep, len(self.jobs)
        for job, size in islice(self.jobs.values(), self._due(now)):
            old = job.ended_at is not None and now - job.ended_at >= keep.seconds
            if not old and left <= keep.jobs and self.bytes <= keep.bytes:
                break
            if old or (job.client is None and left > 1):
                forgotten.append(job)
                left -= 1
                self.bytes -= size
        for job in forgotten:
            del self.jobs[job.id]
            job.audio.clear()
        return forgotten

    def _due(self, now: float) -> int:
        """Number of the oldest jobs to look at."""
        if self.bytes > self.keep.bytes:
            return _BATCH
        if len(self.jobs) > self.keep.jobs:
            return min(len(self.jobs) - self.keep.jobs + _LISTENED, _BATCH)
        oldest, _size = next(iter(self.jobs.values()), (None, 0))
        old = oldest is not None and now - (oldest.ended_at or now) >= self.keep.seconds
        return _BATCH if old else 0


class Retention:
    """Ended jobs with their audio, and the released audio of jobs that still run.

    Plain jobs are kept in memory for a short while, durable ones in the journal for long.
    Both are bounded in jobs, in bytes and in seconds; the oldest goes first, and a few at a
    time, so that forgetting never takes long.
    """

    def __init__(self, plain: Keep, durable: Keep) -> None:
        self._plain = _Retained(plain)
        self._durable = _Retained(durable)
        self._pieces: deque[tuple[Job, Piece]] = deque()
        self._bytes = 0

    def configure(self, plain: Keep, durable: Keep) -> None:
        """Set other bounds on both kinds of jobs."""
        self._plain.keep, self._durable.keep = plain, durable

    def get(self, job: str) -> Job | None:
        """An ended job, while it is retained."""
        return self._plain.get(job) or self._durable.get(job)

    def ended(self) -> Iterator[Job]:
        """All retained jobs, the latest first."""
        yield from self._plain.latest()
        yield from self._durable.latest()

    @property
    def stored_bytes(self) -> int:
        """Bytes of audio and text of retained durable jobs."""
        return self._durable.bytes

    def keep(self, job: Job, piece: Piece) -> None:
        """Keep a released piece of `job.audio` for now; the oldest may have to go."""
        self._pieces.append((job, piece))
        self._bytes += len(piece.pcm)
        while self._bytes > self._plain.keep.bytes:
            self._drop_oldest()

    def add(self, job: Job, now: float) -> list[Job]:
        """Retain a job that has ended; returns those that are forgotten for it."""
        if not job.request.durable:
            self._plain.add(job, job.chars)
            return self._plain.forget(now)
        stored = sum(len(piece.pcm) for piece in job.audio.pieces if type(piece.pcm) is Stored)
        self._durable.add(job, job.chars + stored)
        return self._durable.forget(now)

    def take(self, job: str) -> list[Job]:
        """Take out a job, if it is retained: somebody wants nothing of it to be left."""
        return self._plain.take(job) or self._durable.take(job)

    def expire(self, now: float) -> list[Job]:
        """Forget jobs that ended too long ago; returns them."""
        while self._pieces and not self._pieces[0][0].audio.pieces:
            self._drop_oldest()
        return self._plain.forget(now) + self._durable.forget(now)

    def _drop_oldest(self) -> None:
        job, piece = self._pieces.popleft()
        self._bytes -= len(piece.pcm)
        job.audio.drop(piece)
