"""`GET /v1/audio/stream`, a WebSocket: text in as it is written, audio and word times out.

A client's messages are JSON: `start` with the options of a speech request, `text`, `flush`,
`finish`, `cancel`. Audio goes out in binary messages, everything else in JSON. One text after the
other may be spoken over a connection. A reader that takes nothing, and a writer that breaks the
rules, end theirs.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated, Any, Final, Literal

import msgspec
from aiohttp import WSCloseCode, web

from supervisor.captions import documents
from supervisor.client import SupervisorError
from supervisor.gateway.bodies import parse
from supervisor.gateway.context import Context
from supervisor.gateway.errors import ApiError, from_supervisor
from supervisor.gateway.speech.asking import FormatName, SpeechRequest, accepted
from supervisor.gateway.speech.delivery import Delivery, delivery, in_format
from supervisor.gateway.speech.ignored import ignored
from supervisor.gateway.speech.json_socket import JsonSocket, failure
from supervisor.gateway.speech.pace import SpokenJob
from supervisor.speech import Word

QUIET_S: Final = 60.0
"""Seconds without a message or a piece of audio after which a text that is not whole is idle."""


class Start(SpeechRequest, frozen=True, kw_only=True):
    """Begin a text; `input` is the first of it. `audio`: how the samples are sent."""

    input: str = ""
    response_format: FormatName = "pcm"
    words: bool = False
    audio: Literal["binary", "base64"] = "binary"


class Text(msgspec.Struct, frozen=True):
    """More of the text."""

    text: str


class Flush(msgspec.Struct, frozen=True):
    """Speak all that was written so far."""


class Finish(msgspec.Struct, frozen=True):
    """The text is whole."""


class Cancel(msgspec.Struct, frozen=True):
    """Stop; `played_s` is how much of the audio was heard, all that was sent if it is left out."""

    played_s: Annotated[float, msgspec.Meta(ge=0)] | None = None


_Message = Start | Text | Flush | Finish | Cancel
_KINDS: Final[Mapping[str, type[_Message]]] = {
    "start": Start,
    "text": Text,
    "flush": Flush,
    "finish": Finish,
    "cancel": Cancel,
}


class _Envelope(msgspec.Struct, frozen=True):
    """What every message has."""

    type: Literal["start", "text", "flush", "finish", "cancel"]


def routes(context: Context) -> list[web.RouteDef]:
    """GET /v1/audio/stream."""

    async def stream(request: web.Request) -> web.WebSocketResponse:
        socket = await JsonSocket.open(request)
        conversation = _Conversation(context, request, socket)
        try:
            await conversation.serve()
        finally:
            await conversation.close()
        return socket.response

    return [web.get("/v1/audio/stream", stream)]


class _Spoken:
    """One text on its way: the job, what was written of it, and what of it was heard."""

    def __init__(self, job: SpokenJob, start: Start, how: Delivery) -> None:
        self.job = job
        self.how = how
        self.start = start
        self.written = [start.input]
        self.words: list[Word] = []
        self.samples = 0
        self.whole = False
        self.task: asyncio.Task[None] | None = None

    def count(self, samples: int) -> None:
        """Count samples that are sent."""
        self.samples += samples

    def heard(self, played_s: float | None) -> dict[str, Any]:
        """What of the text was spoken until then, by the words that have begun."""
        sent_s = self.samples / self.job.sample_rate
        until = sent_s if played_s is None else min(played_s, sent_s)
        ends = [w.end for w in self.words if w.end is not None and w.begin_s < until]
        text = "".join(self.written)[: max(ends, default=0)]
        return {"spoken_s": round(until, 3), "spoken_text": text}


class _Conversation:
    """One connection."""

    def __init__(self, context: Context, request: web.Request, socket: JsonSocket) -> None:
        self._context = context
        self._request = request
        self._socket = socket
        self._spoken: _Spoken | None = None

    async def serve(self) -> None:
        """Take messages until the client leaves, or breaks the rules."""
        try:
            async for text in self._socket.texts():
                message = _read(text)
                try:
                    await self._take(message, text)
                except ApiError as error:
                    await self._tell_error(error)
                except SupervisorError as error:
                    await self._tell_error(from_supervisor(error))
                self._stir()
        except ApiError as error:
            with suppress(ConnectionError, TimeoutError):
                await self._tell_error(error)
            await self._socket.end(WSCloseCode.UNSUPPORTED_DATA, "no message")
        except ConnectionError:
            return
        except TimeoutError:
            await self._socket.end(WSCloseCode.POLICY_VIOLATION, "nothing is read")

    async def close(self) -> None:
        """Stop what is spoken: nobody hears it."""
        await self._stop()
        self._socket.idleness.forget()

    def _stir(self) -> None:
        """Something has happened: the connection is idle only if nothing more will by itself."""
        if self._spoken is None:
            self._socket.idleness.begin()
        elif self._spoken.whole:
            self._socket.idleness.end()
        else:
            self._socket.idleness.begin(after_s=QUIET_S)

    async def _take(self, message: _Message, as_sent: str) -> None:
        match message:
            case Start():
                await self._start(message, ignored(as_sent.encode()))
            case Text():
                spoken = self._now()
                spoken.written.append(message.text)
                spoken.job.write(message.text)
            case Flush():
                self._now().job.write("", flush=True)
            case Finish():
                spoken = self._now()
                spoken.whole = True
                spoken.job.end_text()
            case Cancel():
                spoken = self._now()
                await self._stop()
                await self._tell("cancelled", job=spoken.job.id, **spoken.heard(message.played_s))

    def _now(self) -> _Spoken:
        """The text that is being spoken. Raises ApiError."""
        spoken = self._spoken
        if spoken is None:
            raise ApiError(400, "begin a text with a message of type start", code="not_started")
        return spoken

    async def _start(self, start: Start, not_followed: list[str]) -> None:
        if self._spoken is not None:
            reason = "a text is being spoken: cancel it, or wait for finished"
            raise ApiError(409, reason, code="conflict")
        how = delivery(self._request, start)
        if how.finished:
            reason = "this is a stream: leave out `stream`, and choose a format that can be one"
            raise ApiError(400, reason, code="bad_value", param="stream")
        # Words are asked for in any case: they tell what was heard of a text that is cancelled.
        job = await accepted(self._context, self._request, start, words=True, open=True)
        spoken = self._spoken = _Spoken(job, start, how)
        rate = how.format.rate or job.sample_rate
        told = {"ignored": not_followed} if not_followed else {}
        await self._tell("started", job=job.id, sample_rate=rate, **told, **_left_out(job))
        spoken.task = asyncio.ensure_future(self._speak(spoken))

    async def _speak(self, spoken: _Spoken) -> None:
        """Send the audio as it comes; then the text is finished, or has failed."""
        try:
            error = await failure(spoken.job, self._send_audio(spoken))
            if self._spoken is not spoken:
                return
            self._spoken = None
            self._stir()
            if error is not None:
                await self._tell_error(error)
                return
            seconds = round(spoken.samples / spoken.job.sample_rate, 3)
            left_out = _left_out(spoken.job)
            await self._tell("finished", job=spoken.job.id, duration_s=seconds, **left_out)
        except (ConnectionError, TimeoutError):
            spoken.job.cancel()
            await self._socket.end(WSCloseCode.POLICY_VIOLATION, "nothing is read")

    async def _send_audio(self, spoken: _Spoken) -> None:
        job, form = spoken.job, spoken.how.format
        async for piece in in_format(self._context, job, form, spoken.count):
            await self._send(spoken, piece)

    async def _send(self, spoken: _Spoken, piece: bytes) -> None:
        """A piece of audio, and the words that came with it. Raises TimeoutError."""
        words = spoken.job.new_words()
        spoken.words += words
        self._stir()
        if words and spoken.start.words:
            await self._tell("words", words=documents(words))
        if not piece:
            return
        if spoken.start.audio == "binary":
            await self._socket.send(piece)
        else:
            await self._tell("audio", audio=base64.b64encode(piece).decode("ascii"))

    async def _stop(self) -> None:
        """Cancel what is spoken, if anything is."""
        spoken, self._spoken = self._spoken, None
        if spoken is None:
            return
        spoken.job.cancel()
        if spoken.task is not None:
            spoken.task.cancel()
            with suppress(asyncio.CancelledError):
                await spoken.task

    async def _tell(self, kind: str, **fields: Any) -> None:  # noqa: ANN401 (JSON)
        await self._socket.tell({"type": kind, **fields})

    async def _tell_error(self, error: ApiError) -> None:
        await self._tell("error", **error.document())


def _left_out(job: SpokenJob) -> dict[str, list[str]]:
    """What of the text is not spoken, as far as that is known, if there is any."""
    return {"left_out": [str(each) for each in job.left_out]} if job.left_out else {}


def _read(text: str) -> _Message:
    """A client's message. Raises ApiError."""
    body = text.encode()
    return parse(body, _KINDS[parse(body, _Envelope).type])
