"""The routes of the gateway, and the middlewares of all of them: access, errors, counts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from supervisor.client import SupervisorError
from supervisor.gateway import openapi, page, settings
from supervisor.gateway.access import access
from supervisor.gateway.books import routes as books
from supervisor.gateway.connections import root_path
from supervisor.gateway.connections.slot_middleware import hold_slots, plain_bodies
from supervisor.gateway.context import Context
from supervisor.gateway.cors import allow_origins
from supervisor.gateway.errors import SERVER, ApiError, from_http, from_supervisor
from supervisor.gateway.jobs import routes as jobs
from supervisor.gateway.observe import diagnostics, events, exposition, fleet_size
from supervisor.gateway.observe.metrics import Metrics
from supervisor.gateway.paths import route_of, with_slashes
from supervisor.gateway.realtime import routes as realtime
from supervisor.gateway.request_ids import answer_with_names, naming, request_id
from supervisor.gateway.speech import (
    captioned,
    finished,
    kokoro_fastapi,
    lists,
    phonemes,
    stream_socket,
)
from supervisor.gateway.speech import routes as speech
from supervisor.logs import get_logger

_PARTS = (
    diagnostics,
    events,
    speech,
    finished,
    jobs,
    books,
    lists,
    captioned,
    kokoro_fastapi,
    stream_socket,
    realtime,
    phonemes,
    settings,
    exposition,
    fleet_size,
    openapi,
)

log = get_logger(__name__)


def make_app(context: Context) -> web.Application:
    """The application with every route and middleware."""
    app = web.Application(
        middlewares=[
            naming(),
            counting(context.metrics),
            hold_slots(),
            errors(),
            access(context.settings),
            plain_bodies(),
        ],
        client_max_size=context.settings.max_request_bytes,
    )
    allow_origins(app, context.settings)
    answer_with_names(app)
    app.on_shutdown.append(_end_streams(context))
    page.add_to(app, context)
    for part in _PARTS:
        app.add_routes(with_slashes(part.routes(context)))
    if context.settings.root_path is not None:
        app.add_routes(root_path.routes(context.settings.root_path))
    return app


def _end_streams(context: Context) -> Callable[[web.Application], Awaitable[None]]:
    """End the streams that would never end by themselves, once no more connections are taken."""

    async def end(_app: web.Application) -> None:
        context.events.end_all()

    return end


def counting(metrics: Metrics) -> Middleware:
    """Count every request by its route, so that no client can invent a label."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        route = route_of(request)
        started = time.monotonic()
        with metrics.running.track_inprogress():
            try:
                response = await handler(request)
            except asyncio.CancelledError:
                metrics.left.inc()
                raise
        metrics.requests.labels(route, _known(request.method), str(response.status)).inc()
        metrics.seconds.labels(route).observe(time.monotonic() - started)
        return response

    return middleware


def errors() -> Middleware:
    """Turn every error into OpenAI's envelope; an unexpected one is logged and is status 500."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except ApiError as error:
            return error.response()
        except SupervisorError as error:
            return from_supervisor(error).response()
        except web.HTTPException as error:
            return from_http(error).response()
        except ConnectionError:
            raise
        except Exception:
            path = request.rel_url.raw_path
            log.exception("%s %s failed (request %s)", request.method, path, request_id(request))
            return ApiError(500, "the gateway failed; see its log", type=SERVER).response()

    return middleware


def _known(method: str) -> str:
    return method if method in {"DELETE", "GET", "HEAD", "POST", "OPTIONS"} else "other"
