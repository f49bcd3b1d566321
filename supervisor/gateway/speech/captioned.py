"""Speech with the times of its words as JSON: one document, or a line for each piece.

The document is the answer of `/v1/audio/speech` with `stream_format: "json"`. The lines are those
of `POST /dev/captioned_speech`, which the users of Kokoro-FastAPI know.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Annotated, Any, Final

import msgspec
from aiohttp import hdrs, web

from supervisor.captions import documents
from supervisor.gateway.bodies import when_wanted
from supervisor.gateway.context import Context
from supervisor.gateway.speech.asking import SpeechRequest, accepted, asked, headers_of
from supervisor.gateway.speech.delivery import delivery, encoded
from supervisor.gateway.speech.pace import SpokenJob
from supervisor.gateway.speech.sending import send
from supervisor.speech import Word

LINES: Final = "application/x-ndjson"
"""A document of JSON in each line."""


class CaptionedRequest(SpeechRequest, frozen=True):
    """Kokoro-FastAPI's body. With `stream` the answer is a line of JSON for each piece of audio,
    without it one document.
    """

    stream: bool = True
    return_timestamps: Annotated[
        bool, msgspec.Meta(description="Whether the times of the words are told.")
    ] = True


def routes(context: Context) -> list[web.RouteDef]:
    """POST /dev/captioned_speech."""

    async def speak(request: web.Request) -> web.StreamResponse:
        started = time.monotonic()
        wanted, ignored = await asked(request, CaptionedRequest)
        how = delivery(request, wanted)
        job = await accepted(context, request, wanted, words=wanted.return_timestamps)
        async with job:
            answers = _lines if wanted.stream else _whole
            pieces = answers(encoded(context, job, how), job, how.format.media_type)
            content_type = LINES if wanted.stream else "application/json"
            headers = {hdrs.CONTENT_TYPE: content_type, **headers_of(job), **ignored}
            return await send(request, headers, pieces, context.metrics, started)

    return [web.post("/dev/captioned_speech", speak, expect_handler=when_wanted)]


async def document(pieces: AsyncIterator[bytes], job: SpokenJob, form: str) -> AsyncIterator[bytes]:
    """One JSON document in parts: `audio` in base64, its `format`, and the `words`."""
    words: list[bytes] = []
    head = f'{{"format": {json.dumps(form)}, "audio": "'
    async for part in _base64(head, pieces, _told(job, words)):
        yield part
    yield b'", "words": [' + b", ".join(words) + b"]}"


async def _whole(
    pieces: AsyncIterator[bytes], job: SpokenJob, media_type: str
) -> AsyncIterator[bytes]:
    """Kokoro-FastAPI's one document."""
    words: list[bytes] = []
    head = f'{{"audio_format": {json.dumps(media_type)}, "audio": "'
    async for part in _base64(head, pieces, _told(job, words, _timestamp)):
        yield part
    yield b'", "timestamps": [' + b", ".join(words) + b"]}"


async def _lines(
    pieces: AsyncIterator[bytes], job: SpokenJob, media_type: str
) -> AsyncIterator[bytes]:
    """Kokoro-FastAPI's lines: a piece of audio, and the words that came with it."""
    waiting: list[Word] = []
    async for piece in pieces:
        waiting += job.new_words()
        if piece:
            yield _line(piece, media_type, waiting)
            waiting = []
    waiting += job.new_words()
    if waiting:
        yield _line(b"", media_type, waiting)


def _line(piece: bytes, media_type: str, words: Sequence[Word]) -> bytes:
    line = {
        "audio": base64.b64encode(piece).decode("ascii"),
        "audio_format": media_type,
        "timestamps": [_timestamp(word) for word in words],
    }
    return json.dumps(line).encode() + b"\n"


def _timestamp(word: Word) -> dict[str, Any]:
    return {"word": word.text, "start_time": word.begin_s, "end_time": word.end_s}


def _told(
    job: SpokenJob,
    words: list[bytes],
    form: Callable[[Word], dict[str, Any]] = lambda word: documents([word])[0],
) -> Callable[[], None]:
    """Keeps the words that have come, encoded."""

    def take() -> None:
        words.extend(json.dumps(form(word)).encode() for word in job.new_words())

    return take


async def _base64(
    head: str, pieces: AsyncIterator[bytes], came: Callable[[], None]
) -> AsyncIterator[bytes]:
    """The head, once there is audio, and all pieces as one string of base64, which has three bytes
    in four characters.
    """
    begun, rest = head.encode(), b""
    async for piece in pieces:
        came()
        whole = rest + piece
        size = len(whole) - len(whole) % 3
        rest = whole[size:]
        if size:
            yield begun + base64.b64encode(whole[:size])
            begun = b""
    came()
    yield begun + base64.b64encode(rest)
