"""Slot of a request: busy while the request is worked on, closed with a request that is refused.

Outermost but one of the middlewares. A handler that reads a body marks the slot busy when it has
all of it (`bodies`); until then, and after the response, the connection is idle and may have to
make room.
"""

from __future__ import annotations

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from supervisor.gateway.connections.connection import (
    Connection,
    connection_of,
    too_many_connections,
)
from supervisor.gateway.errors import ApiError
from supervisor.gateway.paths import address

PROBES = frozenset({"/health", "/healthz", "/readyz"})
"""Paths that are served from the reserved slots."""


def hold_slots() -> Middleware:
    """Middleware that keeps the slot during work, and closes after a body that was not all read."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        connection = connection_of(request)
        if connection is None or connection.slot is None:
            return await handler(request)
        slot = connection.slot
        if slot.reserved and address(request) not in PROBES and not slot.promote():
            return _last(too_many_connections().response(), request, connection)
        if request.content.is_eof():
            slot.mark_busy()
        else:
            slot.mark_idle()
        try:
            response = await handler(request)
        finally:
            slot.mark_idle()
        if slot.reserved or not request.content.is_eof():
            return _last(response, request, connection)
        return response

    return middleware


def plain_bodies() -> Middleware:
    """Middleware that refuses bodies with a Content-Encoding: to decompress one takes seconds of
    the event loop, and a speech request has nothing to compress.
    """

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        encodings = ",".join(request.headers.getall(hdrs.CONTENT_ENCODING, ()))
        named = {name.strip().lower() for name in encodings.split(",")} - {"", "identity"}
        if named:
            raise ApiError(
                415,
                "send the body as it is, without Content-Encoding",
                code="unsupported_encoding",
                headers={hdrs.ACCEPT_ENCODING: "identity"},
            )
        return await handler(request)

    return middleware


def _last(
    response: web.StreamResponse, request: web.Request, connection: Connection
) -> web.StreamResponse:
    """Mark a response as the last one of its connection; the rest of the body is dropped."""
    response.force_close()
    if not request.content.is_eof():
        connection.refuse()
    return response
