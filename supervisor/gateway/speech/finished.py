"""Speech as a finished file: made whole first, and sent with its length in front.

The file is kept for a while (`shelf`) at `GET /v1/audio/files/NAME`, which the answer names in
Content-Location. A range of an answer to POST means nothing (RFC 9110, section 14.2), for the next
answer is made anew; of this file it does.
"""

from __future__ import annotations

import posixpath
from collections.abc import AsyncIterator, Mapping
from typing import Final, Protocol

from aiohttp import hdrs, web

from supervisor.gateway.connections.client_identity import request_client
from supervisor.gateway.context import Context
from supervisor.gateway.errors import ApiError
from supervisor.gateway.speech.pace import SpokenJob
from supervisor.gateway.speech.ranges import OutsideError, Span, asked_span
from supervisor.gateway.speech.sending import send
from supervisor.gateway.speech.shelf import FinishedFile, no_disk

FILES: Final = "/v1/audio/files/{name}"


def routes(context: Context) -> list[web.RouteDef]:
    """GET and HEAD /v1/audio/files/NAME."""

    async def get(request: web.Request) -> web.StreamResponse:
        file = context.shelf.find(request.match_info["name"], owner_of(request, context))
        if file is None:
            text = (
                f"there is no such file: each is kept for {context.shelf.kept_s:g} s "
                "(http.files_kept_s), or until there are too many"
            )
            raise ApiError(404, text, code="not_found")
        with file.held():
            return await send_part(request, file, file.format.media_type, context)

    return [web.get(FILES, get)]


async def fill(context: Context, job: SpokenJob, file: FinishedFile) -> None:
    """Write the whole audio of a job. Raises ApiError, SupervisorError."""
    encoders = context.encoders
    encoder = await encoders.open(file.format, job.sample_rate, file.stream)
    async for samples in job:
        try:
            await encoder.encode(samples)
        except OSError as error:
            raise no_disk(error) from error
        file.measure()
    try:
        await encoder.finish()
        await encoders.run(file.stream.flush)
    except OSError as error:
        raise no_disk(error) from error
    file.measure()


async def send_finished(
    request: web.Request,
    file: FinishedFile,
    headers: Mapping[str, str],
    context: Context,
    started: float,
) -> web.StreamResponse:
    """Answer with the whole file, and keep it. `started` and what is raised: as `sending.send`."""
    told = {
        hdrs.CONTENT_TYPE: file.format.media_type,
        hdrs.CONTENT_LENGTH: str(file.size),
        hdrs.ACCEPT_RANGES: "none",
        **headers,
    }
    if context.shelf.keep(file):
        # Relative, so that it is right below any prefix that a proxy puts in front.
        asked = posixpath.dirname(request.path)
        told[hdrs.CONTENT_LOCATION] = posixpath.relpath(FILES.format(name=file.name), asked)
    return await send(request, told, file.pieces(0, file.size), context.metrics, started)


def owner_of(request: web.Request, context: Context) -> str | None:
    """The client that a file is for: the key, where there are any; else who knows its name."""
    return request_client(request, context.settings) if context.settings.api_keys else None


class Whole(Protocol):
    """A file that is whole: its size, a tag that no other content of it has, and its bytes."""

    @property
    def size(self) -> int:
        """Bytes."""

    @property
    def tag(self) -> str:
        """For the header ETag."""

    def pieces(self, start: int, stop: int) -> AsyncIterator[bytes]:
        """Its bytes from `start` to before `stop`."""


async def send_part(
    request: web.Request,
    file: Whole,
    media_type: str,
    context: Context,
    more: Mapping[str, str] | None = None,
) -> web.StreamResponse:
    """Answer with a file, or the range of it that is asked for. `more`: headers. Raises ApiError
    where there is no such range.
    """
    tag = f'"{file.tag}"'
    is_get = request.method == hdrs.METH_GET
    same = request.headers.get(hdrs.IF_RANGE, tag) == tag
    try:
        part = asked_span(request.headers.get(hdrs.RANGE) if is_get and same else None, file.size)
    except OutsideError:
        text = f"the range is outside the file, which has {file.size:,} bytes"
        where: dict[str, str] = {hdrs.CONTENT_RANGE: f"bytes */{file.size}"}
        raise ApiError(416, text, code="bad_range", headers=where) from None
    span = part or Span(0, file.size)
    headers: dict[str, str] = {
        hdrs.CONTENT_TYPE: media_type,
        hdrs.CONTENT_LENGTH: str(span.stop - span.start),
        hdrs.ACCEPT_RANGES: "bytes",
        hdrs.ETAG: tag,
        **(more or {}),
    }
    if part is not None:
        headers[hdrs.CONTENT_RANGE] = part.of(file.size)
    pieces = file.pieces(span.start, span.stop if is_get else span.start)
    return await send(
        request, headers, pieces, context.metrics, status=200 if part is None else 206
    )
