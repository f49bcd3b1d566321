"""How audio is delivered: in which format, and as a stream or as a finished file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import NamedTuple

from aiohttp import HttpVersion11, web

from supervisor.audio.formats import (
    AudioFormat,
    UnknownFormatError,
    UnknownRateError,
    at_rate,
    find_format,
    in_file,
)
from supervisor.gateway.context import Context
from supervisor.gateway.errors import ApiError
from supervisor.gateway.speech.asking import FORMAT_NAMES, SpeechRequest
from supervisor.gateway.speech.finished import fill
from supervisor.gateway.speech.pace import SpokenJob


class Delivery(NamedTuple):
    """The format in which a job's audio is sent, and whether that is as a finished file."""

    format: AudioFormat
    finished: bool


def delivery(request: web.BaseRequest, wanted: SpeechRequest) -> Delivery:
    """How a body wants its audio. Raises ApiError."""
    asked = _asked_format(wanted.response_format)
    events = wanted.stream_format == "sse"
    if not asked.streams and (wanted.stream or events):
        reason = f"{asked.name} cannot be streamed, as its length comes first; choose another"
        raise ApiError(400, reason, code="bad_value", param="response_format")
    if events and wanted.stream is False:
        reason = 'events are a stream: leave out `stream`, or `stream_format: "sse"`'
        raise ApiError(400, reason, code="bad_value", param="stream")
    streamed = wanted.stream
    if streamed is None:  # The end of a stream over HTTP/1.0 cannot be told from a failure.
        streamed = request.version >= HttpVersion11 or wanted.stream_format != "audio"
    finished = not (streamed and asked.streams)
    format = in_file(asked) if finished else asked
    try:
        if wanted.sample_rate is not None:
            format = at_rate(format, wanted.sample_rate)
    except UnknownRateError as error:
        raise ApiError(400, str(error), code="bad_value", param="sample_rate") from None
    return Delivery(format, finished)


def encoded(context: Context, job: SpokenJob, wanted: Delivery) -> AsyncIterator[bytes]:
    """The job's audio as bytes of the wanted format; of a finished file, once that is whole.

    Raises ApiError, SupervisorError.
    """
    piecewise = _finished if wanted.finished else in_format
    return piecewise(context, job, wanted.format)


async def in_format(
    context: Context,
    job: SpokenJob,
    format: AudioFormat,
    count: Callable[[int], None] = lambda _samples: None,
) -> AsyncIterator[bytes]:
    """The job's audio in this format, as it comes; `count` gets the samples in each piece."""
    encoder = await context.encoders.open(format, job.sample_rate)
    async for samples in job:
        count(len(samples))
        piece = await encoder.encode(samples)
        del samples  # Four times what is sent of them, and the reader may be slow.
        yield piece
    yield await encoder.finish()


async def _finished(context: Context, job: SpokenJob, format: AudioFormat) -> AsyncIterator[bytes]:
    with context.shelf.file(format) as file:
        await fill(context, job, file)
        async for piece in file.pieces(0, file.size):
            yield piece


def _asked_format(name: str) -> AudioFormat:
    try:
        found = find_format(name)
    except UnknownFormatError:
        found = None
    if found is None or found.name not in FORMAT_NAMES:
        reason = f"`response_format` is one of {', '.join(FORMAT_NAMES)}"
        raise ApiError(400, reason, code="bad_value", param="response_format")
    return found
