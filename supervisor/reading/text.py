"""A text read: cut as the text of a job is, each segment with what is said for it.

Cutting is the broker's own (`broker.requests`, `broker.cutting`), in slices, so that an event loop
looks at its sockets between two of them; reading is the reading process's.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Final, Literal, NamedTuple

import msgspec

from supervisor import marks
from supervisor.broker.refused import Refused
from supervisor.broker.requests import complete, read_request, read_text
from supervisor.client.errors import SupervisorError, from_wire
from supervisor.config import Settings
from supervisor.core.jobs.parts import Part
from supervisor.core.jobs.request import JobRequest
from supervisor.reading.process import ReadingProcess
from supervisor.speech import End
from supervisor.wire.client import Error, ErrorCode, Submit
from supervisor.wire.reading import Said
from supervisor.wire.worker import Catalogue

AT_ONCE: Final = 32
"""Segments of one request to the reading process: for who leaves it works no longer than that."""


class ReadSegment(msgspec.Struct, frozen=True, kw_only=True):
    """A segment, and how it is read."""

    text: Annotated[str, msgspec.Meta(description="As it is written.")]
    spoken: Annotated[str, msgspec.Meta(description="The words that are said for it.")]
    phonemes: Annotated[
        str, msgspec.Meta(description="What the model gets, in the engine's alphabet.")
    ]
    ends: Annotated[
        End | Literal["pause"],
        msgspec.Meta(description="What ends with it; `pause`: a silence that the text asks for."),
    ]
    pause_s: Annotated[float, msgspec.Meta(description="Seconds of silence after it.")]
    skipped: Annotated[
        tuple[str, ...], msgspec.Meta(description="What of it is written and not said.")
    ] = ()


class ReadText(msgspec.Struct, frozen=True):
    """A text, segment by segment."""

    segments: tuple[ReadSegment, ...]


class Outcome(NamedTuple):
    """A text that was read; and why a job of it would fail, if it would."""

    text: ReadText
    error: SupervisorError | None


async def read(process: ReadingProcess, submit: Submit, text: bytes, settings: Settings) -> Outcome:
    """Read a text, UTF-8, as it would be spoken for this SUBMIT.

    Raises SupervisorError for what would be refused, ReadingEnded.
    """
    try:
        request, parts = await _cut(submit, text, process.catalogue, settings)
    except Refused as refused:
        raise from_wire(refused.answer(submit.id)) from None
    speech = request.speech
    texts = [part.text for part in parts if part.text]
    said: list[Said] = []
    for start in range(0, len(texts), AT_ONCE):
        some = texts[start : start + AT_ONCE]
        said += await process.read(speech.engine, speech.voice, some)
    answers = iter(said)
    silent = Said()
    readings = [next(answers) if part.text else silent for part in parts]
    segments = [
        ReadSegment(
            text=marks.written(part.text),
            spoken=reading.spoken,
            phonemes=reading.phonemes,
            ends="pause" if isinstance(part.ends, float) else part.ends,
            pause_s=round(request.pauses.after(part.ends, speech.speed), 3),
            skipped=reading.skipped,
        )
        for part, reading in zip(parts, readings, strict=True)
    ]
    return Outcome(ReadText(tuple(segments)), _failure(readings))


async def _cut(
    submit: Submit, text: bytes, catalogue: Catalogue, settings: Settings
) -> tuple[JobRequest, list[Part]]:
    """The request that a SUBMIT becomes, and all its parts. Raises Refused."""
    readable = read_text(text, settings.broker.max_text_bytes)
    request, reader = read_request(submit, readable, catalogue, settings, now=0.0)
    while not reader.ended:
        reader.step()
        await asyncio.sleep(0)
    request = complete(request, reader)
    parts = list(request.segments)
    rest = request.rest
    while rest is not None:
        more, rest = rest.slice()
        parts += more
        await asyncio.sleep(0)
    return request, parts


def _failure(readings: list[Said]) -> SupervisorError | None:
    """The error that a job of these segments would end with, by the first that cannot be read."""
    for number, reading in enumerate(readings):
        if reading.error is not None:
            code: ErrorCode = "bad_text" if reading.unreadable else "failed"
            message = f"segment {number}: {reading.error}"
            return from_wire(Error(code, message, id="", field="text"))
    return None
