"""A text read: cut as the text of a job is, each segment with what is said for it.

Cutting is the broker's own (`broker.requests`, `broker.cutting`), in slices, so that an event loop
looks at its sockets between two of them; reading is the reading process's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from itertools import groupby
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
from supervisor.reading.skipped import skipped
from supervisor.speech import End, Speech
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
        readable = read_text(text, settings.broker.max_text_bytes)
        request, parts = await _cut(submit, readable, process.catalogue, settings)
    except Refused as refused:
        raise from_wire(refused.answer(submit.id)) from None
    manners = [_manner(part, request.speech) for part in parts]
    said = await _said(process, parts, manners)
    error = _failure(said, tolerant=request.tolerant)
    written = [marks.written(part.text) for part in parts]
    emoji = settings.reading.emoji != "names"
    left_out = skipped(readable, written, request.left_out, emoji=emoji)
    segments = tuple(
        ReadSegment(
            text=written[number],
            spoken=said[number].spoken,
            phonemes=said[number].phonemes,
            ends="pause" if isinstance(part.ends, float) else part.ends,
            pause_s=round(request.pauses.after(part.ends, manners[number].speed), 3),
            skipped=(*left_out[number], *_unsaid(written[number], said[number])),
        )
        for number, part in enumerate(parts)
    )
    return Outcome(ReadText(segments), error)


def _manner(part: Part, speech: Speech) -> Speech:
    return speech if part.prosody is None else part.prosody.applied(speech)


async def _said(
    process: ReadingProcess, parts: Sequence[Part], manners: Sequence[Speech]
) -> list[Said]:
    """How each part is read, in its own voice. Raises ReadingEnded."""
    said = [Said()] * len(parts)
    spoken = [number for number, part in enumerate(parts) if part.text]
    for (voice, language), run in groupby(
        spoken, key=lambda number: (manners[number].voice, manners[number].language)
    ):
        numbers = list(run)
        for start in range(0, len(numbers), AT_ONCE):
            some = numbers[start : start + AT_ONCE]
            texts = [parts[number].text for number in some]
            answers = await process.read(manners[some[0]].engine, voice, texts, language)
            for number, answer in zip(some, answers, strict=True):
                said[number] = answer
    return said


def _unsaid(text: str, said: Said) -> tuple[str, ...]:
    """What the engine's reader left out of a segment, or the whole of it and why."""
    return said.skipped if said.error is None else (f"{text} ({said.error})",)


async def _cut(
    submit: Submit, text: str, catalogue: Catalogue, settings: Settings
) -> tuple[JobRequest, list[Part]]:
    """The request that a SUBMIT becomes, and all its parts. Raises Refused."""
    request, reader = read_request(submit, text, catalogue, settings, now=0.0)
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


def _failure(said: Iterable[Said], *, tolerant: bool) -> SupervisorError | None:
    """The error that a job of these segments would end with: that of the first which cannot be
    read, unless it is left out.
    """
    for number, segment in enumerate(said):
        if segment.error is not None and not (tolerant and segment.unreadable):
            code: ErrorCode = "bad_text" if segment.unreadable else "failed"
            message = f"segment {number}: {segment.error}"
            return from_wire(Error(code, message, id="", field="text"))
    return None
