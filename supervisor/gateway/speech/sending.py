"""Streamed response that shows it when it is cut short.

A failure after the first byte ends the connection without the ending of the body: the last chunk is
missing, and where there are no chunks (HTTP/1.0) the connection is reset instead of closed. So no
client can take a part for the whole.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import AsyncIterator, Mapping

from aiohttp import hdrs, web

from supervisor.client import SupervisorError
from supervisor.gateway.connections.connection import connection_of
from supervisor.gateway.observe.metrics import Metrics
from supervisor.gateway.request_ids import request_id
from supervisor.logs import get_logger

STALL_S = 120.0
"""Seconds that a reader may take nothing. A player that pauses does so for a while."""

UNSENT_BYTES = 16 * 1024
"""Bytes of a response that are kept, beyond the kernel's buffer, before more of it is made."""

_AT_ONCE = {hdrs.CACHE_CONTROL: "no-store", "X-Accel-Buffering": "no"}
"""The latter has nginx hand on what comes when it comes."""

_RESET = struct.pack("ii", 1, 0)

log = get_logger(__name__)


async def send(
    request: web.Request,
    headers: Mapping[str, str],
    pieces: AsyncIterator[bytes],
    metrics: Metrics,
    started: float | None = None,
    *,
    status: int = 200,
) -> web.StreamResponse:
    """Begin the response with the first piece that is not empty, and stream the rest as it comes.

    `started` is when the request for speech began (monotonic seconds). Raises what `pieces` raises
    before that first piece, ConnectionResetError for whatever happens afterwards.
    """
    if request.transport is not None:
        request.transport.set_write_buffer_limits(UNSENT_BYTES)
    response = web.StreamResponse(status=status, headers={**_AT_ONCE, **headers})
    try:
        async for piece in pieces:
            if not piece:
                continue
            if not response.prepared:
                if started is not None:
                    metrics.first_byte.observe(time.monotonic() - started)
                await response.prepare(request)
            async with asyncio.timeout(STALL_S):
                await response.write(piece)
        if not response.prepared:
            await response.prepare(request)
        async with asyncio.timeout(STALL_S):
            await response.write_eof()
    except ConnectionError:
        raise
    except Exception as error:
        if not response.prepared:
            raise
        _report(error, request_id(request))
        metrics.cut_short.inc()
        cut(request)
        raise ConnectionResetError("cut short") from error
    return response


def cut(request: web.Request) -> None:
    """End the connection so that the client sees an unfinished response."""
    transport = request.transport
    if transport is None:
        return
    if request.version >= (1, 1):
        transport.close()  # What was written arrives; the last chunk never does.
        return
    raw = transport.get_extra_info("socket")
    if raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    connection = connection_of(request)
    if connection is not None:
        connection.hang_up()  # No lingering close: it would look like an ending.


def _report(error: Exception, request: str) -> None:
    what = f"an answer was cut short (request {request})"
    if isinstance(error, SupervisorError):
        log.warning("%s: %s", what, error)
    elif isinstance(error, TimeoutError):
        log.info("%s: its reader took nothing for %g s", what, STALL_S)
    else:
        log.error("%s", what, exc_info=error)
