"""What clients get to hear of their jobs: answers, audio in order, and the one end.

Holds who listens to what, and the audio that was released and is kept for a while.
When a job ends is for `lifecycle` to say.
"""

from __future__ import annotations

from supervisor.core.jobs import events as e
from supervisor.core.jobs.job import Job
from supervisor.core.jobs.pcm import Pcm, Piece, held
from supervisor.core.jobs.retention import Retention

CHUNK_BYTES = 64 * 1024
"""Longest piece that is released at once; packets from workers are no longer."""


class Delivery:
    """Turns the state of jobs into release commands, which it appends to `commands`."""

    def __init__(self, commands: list[e.Command], retained: Retention) -> None:
        self._commands = commands
        self._retained = retained
        self._heard: dict[bytes, set[str]] = {}

    def listening(self, client: bytes) -> int:
        """How many jobs this connection listens to."""
        return len(self._heard.get(client, ()))

    def listeners(self) -> list[bytes]:
        """Connections that listen to a job."""
        return list(self._heard)

    def listen(self, job: Job, client: bytes) -> None:
        """From now on this connection hears of the job."""
        job.client = client
        self._heard.setdefault(client, set()).add(job.id)

    def leave(self, client: bytes) -> set[str]:
        """A connection is gone; returns the jobs that it listened to."""
        return self._heard.pop(client, set())

    def let_go(self, job: Job) -> None:
        """Nobody listens to the job any more."""
        if job.client is None:
            return
        ids = self._heard.get(job.client)
        if ids is not None:
            ids.discard(job.id)
            if not ids:
                del self._heard[job.client]
        job.client = None

    def accept(self, job: Job) -> None:
        """Answer the request that became, or found, this job."""
        if job.client is not None:
            request = job.request
            self._commands.append(
                e.ReleaseAccepted(
                    job.client,
                    job.reference,
                    job.id,
                    job.segments_expected,
                    request.sample_rate,
                    request.seed,
                    job.rest is not None,
                )
            )

    def refuse(
        self,
        event: e.Submitted,
        code: e.RefusalCode,
        message: str,
        retry_after_ms: int | None = None,
    ) -> None:
        """Answer a request that does not become a job."""
        self._commands.append(
            e.ReleaseRefusal(event.client, event.reference, code, message, retry_after_ms)
        )

    def lacks(self, job: Job) -> bool:
        """Whether what the listener is to hear next was released once and is not kept any more.

        A client may attach at an earlier byte and take its time.
        """
        return job.client is not None and job.released < job.kept_from

    def send(self, job: Job) -> bool:
        """Release what is in order and covered by credit; True with the last byte of the job.

        The last piece goes out with the end.
        """
        if job.client is None:
            return False
        while pieces := job.releasable():
            if self._send_pieces(job, job.client, pieces):
                return True
            if job.credit <= 0 and job.released < pieces[-1].end:
                return False
        if job.complete:
            self._end(job, b"")
            return True
        return False

    def _send_pieces(self, job: Job, client: bytes, pieces: list[Piece]) -> bool:
        """As far as the credit goes; True with the last byte of the job."""
        for piece in pieces:
            while job.released < piece.end:
                if job.credit <= 0:
                    return False
                start = max(0, job.released - piece.offset)
                pcm = piece.pcm
                if start or len(pcm) > CHUNK_BYTES:
                    pcm = pcm[start : start + CHUNK_BYTES]
                offset = job.released
                job.released += len(pcm)
                job.held_bytes -= held(pcm)
                job.credit -= len(pcm)
                if job.released == piece.end:
                    self._retained.keep(job, piece)
                if job.complete and job.released >= job.spoken:
                    self._end(job, pcm)
                    return True
                self._commands.append(e.ReleaseAudio(client, job.id, piece.segment, offset, pcm))
        return False

    def fail(self, job: Job, code: e.FailureCode, message: str) -> None:
        """Tell the listener, if there is one, that it will hear nothing more."""
        if job.client is not None:
            self._commands.append(e.ReleaseFailure(job.client, job.id, code, message))
            self.let_go(job)

    def _end(self, job: Job, pcm: Pcm) -> None:
        if job.client is not None:
            self._commands.append(
                e.ReleaseEnd(
                    job.client,
                    job.id,
                    pcm,
                    job.spoken,
                    len(job.segments),
                    (job.started_at or job.accepted_at) - job.accepted_at,
                    job.synthesis_s,
                    job.retried,
                )
            )
            self.let_go(job)
