"""The name of a request, `X-Request-Id`: the client's own where it gave one, else a new one.

It is in the answer and in every line of the log about the request, so that a report of a user's
leads to what happened.
"""

from __future__ import annotations

import re
import time
import uuid
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from supervisor.gateway.paths import route_of
from supervisor.logs import get_logger

HEADER: Final = "X-Request-Id"
_SANE: Final = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")
_NAME: Final = web.RequestKey("request_id", str)

log = get_logger(__name__)


def request_id(request: web.BaseRequest) -> str:
    """The name of a request: always the same one."""
    name = request.get(_NAME)
    if name is None:
        given = request.headers.get(HEADER, "")
        name = given if _SANE.fullmatch(given) else f"req_{uuid.uuid4().hex}"
        request[_NAME] = name
    return name


def naming() -> Middleware:
    """Middleware that logs each request with its name, for those who debug."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        started = time.monotonic()
        outcome = "was left by its client"
        try:
            response = await handler(request)
            outcome = f"is answered with {response.status}"
            return response
        finally:
            took = time.monotonic() - started
            method, route, name = request.method[:16], route_of(request), request_id(request)
            log.debug("request %s: %r %s %s after %.3f s", name, method, route, outcome, took)

    return middleware


def answer_with_names(app: web.Application) -> None:
    """Signal handler that puts the name of the request into its response."""

    async def add(request: web.Request, response: web.StreamResponse) -> None:
        response.headers[HEADER] = request_id(request)

    app.on_response_prepare.append(add)
