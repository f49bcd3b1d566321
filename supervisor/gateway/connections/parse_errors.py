"""The answer to what is not HTTP, or not whole: in the envelope of every other error.

The library answers such bytes before there is a request that a middleware could see.
"""

from __future__ import annotations

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from supervisor.gateway.errors import ApiError

_HTTPS = "HTTPS traffic"


class _Handler(RequestHandler):
    """A handler whose parser's errors are JSON."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The response to bytes that cannot be read; it closes the connection."""
        response = super().handle_error(request, status, exc, message)
        if not 400 <= status < 500:
            return response
        answer = ApiError(status, _explained(message), code="bad_http").response()
        answer.force_close()
        return answer


def with_json_errors(handler: RequestHandler) -> RequestHandler:
    """The same handler, whose parser's errors are JSON."""
    # The library makes its handlers itself and has no place to name a class of them.
    handler.__class__ = _Handler
    return handler


def _explained(message: str | None) -> str:
    """What is wrong in one line, without the bytes that were sent."""
    told = " ".join((message or "").split())
    if _HTTPS in told:
        return "this port speaks HTTP, not HTTPS: ask with http://"
    what = told.partition(": ")[0].partition(" b'")[0].rstrip(":")
    return f"HTTP that cannot be read: {what[:1].lower()}{what[1:]}" if what else "bad HTTP"
