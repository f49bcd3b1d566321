"""What a browser is told of pages of other sites: preflights, and who may read the answers.

Nothing is ever sent with a browser's own credentials: keys are given by the page, which is why `*`
is safe where there are keys. `access` decides which requests of such pages are carried out.
"""

from __future__ import annotations

import re
from typing import Final

from aiohttp import hdrs, web

from supervisor.config.sections.http import ANY_ORIGIN, Http
from supervisor.gateway.errors import ApiError

MOST_HEADERS: Final = 64
"""Headers that a page may ask for at once; OpenAI's library sends ten."""

_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}")
_ALLOWED: Final = {
    hdrs.ACCESS_CONTROL_ALLOW_METHODS: "DELETE, GET, HEAD, POST",
    hdrs.ACCESS_CONTROL_MAX_AGE: "600",
}
_EXPOSED: Final = (
    "Accept-Ranges, Content-Location, Content-Range, ETag, Location, Retry-After, X-Ignored, "
    "X-Job-Id, X-Left-Out, X-Request-Id, X-TTS-Fleet, X-TTS-Host"
)


def allows(origin: str, settings: Http) -> bool:
    """Whether the settings let pages of this origin in."""
    return origin in settings.cors_origins or ANY_ORIGIN in settings.cors_origins


def preflight(request: web.Request, origin: str, settings: Http) -> web.Response:
    """Answer what a browser asks before it lets a page send something: any header is allowed."""
    if not allows(origin, settings):
        return ApiError(403, "no other site's page may use this", code="wrong_origin").response()
    asked = ",".join(request.headers.getall(hdrs.ACCESS_CONTROL_REQUEST_HEADERS, ()))
    names = [name.strip() for name in asked.split(",", MOST_HEADERS)] if asked else []
    if len(names) > MOST_HEADERS or not all(map(_NAME.fullmatch, names)):
        reason = f"a page may ask for {MOST_HEADERS} headers, with names of 64 characters, at most"
        return ApiError(400, reason, code="bad_value").response()
    allowed = ", ".join(names) or f"{hdrs.AUTHORIZATION}, {hdrs.CONTENT_TYPE}"
    return web.Response(
        status=204, headers={**_ALLOWED, hdrs.ACCESS_CONTROL_ALLOW_HEADERS: allowed}
    )


def allow_origins(app: web.Application, settings: Http) -> None:
    """Signal handler that lets pages of the configured origins read the responses."""
    if not settings.cors_origins:
        return

    async def add(request: web.Request, response: web.StreamResponse) -> None:
        response.headers.add(hdrs.VARY, "Origin")
        origin = request.headers.get(hdrs.ORIGIN)
        if origin is not None and allows(origin, settings):
            by_name = origin in settings.cors_origins
            response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin if by_name else ANY_ORIGIN
            response.headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = _EXPOSED

    app.on_response_prepare.append(add)
