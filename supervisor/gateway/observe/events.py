"""`GET /events`: what happens in the pool, as server-sent events.

Whoever may see the diagnostics may see these. Where keys are configured, of jobs one sees those
that came with the same key; without keys all that the page shows.
"""

from __future__ import annotations

from aiohttp import hdrs, web

from supervisor.gateway.connections.client_identity import request_client
from supervisor.gateway.context import Context
from supervisor.gateway.errors import ApiError
from supervisor.gateway.observe.event_hub import Stream
from supervisor.gateway.speech.sending import send
from supervisor.wire.events import EVENTS, JobChanged

_HEADERS: dict[str, str] = {hdrs.CONTENT_TYPE: "text/event-stream"}
_SHOWN_CHARS = 40


def routes(context: Context) -> list[web.RouteDef]:
    """GET /events?events=allocation,jobs."""

    async def events(request: web.Request) -> web.StreamResponse:
        kinds = _kinds(request.query.getall("events", []))
        who = request_client(request, context.settings) or ""
        keys = bool(context.settings.api_keys)

        def sees(job: JobChanged) -> bool:
            return not keys or job.on_behalf == who

        stream = Stream(kinds, sees)
        await context.events.join(stream, who, request.headers.get("Last-Event-ID"))
        try:
            return await send(request, _HEADERS, stream.pieces(), context.metrics)
        finally:
            context.events.leave(stream)

    # A HEAD would be a stream that nobody reads.
    return [web.get("/events", events, allow_head=False)]


def _kinds(asked: list[str]) -> frozenset[str]:
    """The kinds of events that are asked for, all where none is. Raises ApiError."""
    names = [name.strip() for part in asked for name in part.split(",")]
    for name in names:
        if name not in EVENTS:
            text = f"events: {name[:_SHOWN_CHARS]!r} is none; there are {', '.join(EVENTS)}"
            raise ApiError(400, text, code="bad_value", param="events")
    return frozenset(names or EVENTS)
