"""A request and its slot: held while it is worked on, and given up where it is refused.

Outermost but one of the middlewares. A handler that reads a body says when it has all of it
(`bodies`); until then, and after the answer, the connection waits and may have to make room.
"""

from __future__ import annotations

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from supervisor.gateway.connections.connection import Connection, connection_of, no_room
from supervisor.gateway.errors import ApiError

PROBES = frozenset({"/healthz", "/readyz"})
"""What is answered from the slots of its own."""


def seating() -> Middleware:
    """Keep the slot while there is work; read no more of a body that nobody took as a whole."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        connection = connection_of(request)
        if connection is None or connection.slot is None:
            return await handler(request)
        slot = connection.slot
        if slot.reserved and request.path not in PROBES and not slot.promote():
            return _last(no_room().response(), request, connection)
        if request.content.is_eof():
            slot.works()
        else:
            slot.waits()
        try:
            response = await handler(request)
        finally:
            slot.waits()
        if slot.reserved or not request.content.is_eof():
            return _last(response, request, connection)
        return response

    return middleware


def plain_bodies() -> Middleware:
    """Bodies come as they are: to unpack one that nobody has asked for takes seconds of everybody's
    time, and a speech request has nothing to pack.
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
    """The answer after which the connection is closed, and before which no more is read."""
    response.force_close()
    if not request.content.is_eof():
        connection.refuse()
    return response
