"""`POST /v1/audio/speech`: the audio of a job is the response.

The status is decided before the first byte: the response begins with the first piece of audio. A
later failure cuts the connection (`sending`). A client that disconnects cancels this handler, and
leaving the job's block cancels the job.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from aiohttp import hdrs, web

from supervisor.gateway.bodies import when_wanted
from supervisor.gateway.context import Context
from supervisor.gateway.errors import ApiError
from supervisor.gateway.speech import captioned, sse
from supervisor.gateway.speech.asking import SpeechRequest, accepted, asked, headers_of
from supervisor.gateway.speech.delivery import delivery, encoded
from supervisor.gateway.speech.finished import fill, owner_of, send_finished
from supervisor.gateway.speech.sending import send


def routes(context: Context) -> list[web.RouteDef]:
    """POST /v1/audio/speech."""

    async def speak(request: web.Request) -> web.StreamResponse:
        started = time.monotonic()
        wanted, ignored = await asked(request, SpeechRequest)
        return await answer(context, request, wanted, ignored, started)

    return [web.post("/v1/audio/speech", speak, expect_handler=when_wanted)]


async def answer(
    context: Context,
    request: web.Request,
    wanted: SpeechRequest,
    ignored: Mapping[str, str],
    started: float,
) -> web.StreamResponse:
    """Speak what is wanted; `ignored` is a header, `started` when the request began (monotonic
    seconds). Raises ApiError, SupervisorError before the first byte.
    """
    words = bool(wanted.timestamp_granularities)
    if words and wanted.stream_format == "audio":
        reason = 'times of words need `stream_format` "sse" or "json"'
        raise ApiError(400, reason, code="bad_value", param="timestamp_granularities")
    form, finished = how = delivery(request, wanted)
    job = await accepted(context, request, wanted, words=words)
    async with job:
        if finished and wanted.stream_format == "audio":
            with context.shelf.file(form, owner_of(request, context)) as file:
                await fill(context, job, file)
                headers = {**headers_of(job), **ignored}
                return await send_finished(request, file, headers, context, started)
        pieces = encoded(context, job, how)
        match wanted.stream_format:
            case "sse":
                media_type = "text/event-stream"
                pieces = sse.events(pieces, len(wanted.input), job.new_words if words else None)
            case "json":
                media_type = "application/json"
                pieces = captioned.document(pieces, job, form.name)
            case _:
                media_type = form.media_type
        headers = {hdrs.CONTENT_TYPE: media_type, **headers_of(job), **ignored}
        return await send(request, headers, pieces, context.metrics, started)
