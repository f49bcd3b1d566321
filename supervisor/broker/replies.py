"""Replies to clients: each command of the job machine for a client becomes a message."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from supervisor.broker.refused import Refused
from supervisor.core.jobs import events as e
from supervisor.core.jobs.audio import Pcm, Stored, Worded
from supervisor.wire import client as wire
from supervisor.wire.codec import Body

SendMessage = Callable[[bytes, wire.Message, Body | None], None]


class Replies:
    """Turns job commands into messages.

    `send` takes a client, a message and its body; `load` reads audio from the journal, with the
    words in it; `accepted` is called when a client has begun to listen to a job.
    """

    def __init__(
        self,
        send: SendMessage,
        load: Callable[[Stored], bytes | Worded],
        accepted: Callable[[], None],
    ) -> None:
        self._send = send
        self._load = load
        self._on_accepted = accepted
        self.effects: Mapping[type, Callable[[Any], None]] = {
            e.ReleaseAccepted: self._accepted,
            e.ReleaseWritten: self._written,
            e.ReleaseRefusal: self._refusal,
            e.ReleaseStarted: self._started,
            e.ReleaseAudio: self._audio,
            e.ReleaseEnd: self._end,
            e.ReleaseFailure: self._failure,
        }
        """The handler of each job command for clients."""

    def _accepted(self, command: e.ReleaseAccepted) -> None:
        accepted = wire.Accepted(
            id=command.reference,
            job=command.job,
            segments=command.segments,
            sample_rate=command.sample_rate,
            seed=command.seed,
            estimated=command.estimated,
            left_out=command.left_out,
            written=command.written,
            first_segment=command.first_segment,
            starts_s=command.starts_s,
        )
        self._send(command.client, accepted, None)
        self._on_accepted()

    def _written(self, command: e.ReleaseWritten) -> None:
        written = wire.Written(command.reference, command.job, command.bytes)
        self._send(command.client, written, None)

    def _refusal(self, command: e.ReleaseRefusal) -> None:
        after = command.retry_after_ms
        refused = Refused(command.code, command.message, retry_after_ms=after)
        self._send(command.client, refused.answer(command.reference), None)

    def _started(self, command: e.ReleaseStarted) -> None:
        self._send(command.client, wire.Started(command.job, command.segment), None)

    def _audio(self, command: e.ReleaseAudio) -> None:
        chunk = wire.Chunk(command.job, command.segment, command.offset)
        self._send_audio(command.client, command.job, chunk, command.pcm)

    def _end(self, command: e.ReleaseEnd) -> None:
        end = wire.End(
            job=command.job,
            bytes=command.bytes,
            segments=command.segments,
            queued_s=command.queued_s,
            synthesis_s=command.synthesis_s,
            retried=command.retried,
            left_out=command.left_out,
            cached=command.cached,
        )
        self._send_audio(command.client, command.job, end, command.pcm)

    def _send_audio(
        self, client: bytes, job: str, message: wire.Chunk | wire.End, pcm: Pcm
    ) -> None:
        try:
            body = self._load(pcm) if isinstance(pcm, Stored) else pcm
        except OSError as error:
            text = f"its audio cannot be read from the journal: {error.strerror}"
            self._send(client, wire.Error("failed", text, job=job), None)
            return
        if isinstance(body, Worded):
            message = msgspec.structs.replace(message, words=body.words)
            body = body.pcm
        self._send(client, message, body or None)

    def _failure(self, command: e.ReleaseFailure) -> None:
        error = wire.Error(command.code, command.message, job=command.job)
        self._send(command.client, error, None)
