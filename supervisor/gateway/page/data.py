"""Data of the page: what it may do, the supervisor's status with what it means in words, and what
was recorded.
"""

from __future__ import annotations

import time
from typing import Any

import msgspec
from aiohttp import hdrs, web

from supervisor.gateway.context import Context
from supervisor.gateway.errors import ApiError
from supervisor.gateway.page.history import KEPT_S, History, course
from supervisor.gateway.page.recorder import Recorder
from supervisor.gateway.page.series import recorded
from supervisor.telling.notes import notes
from supervisor.telling.pool import doing, state, trouble, why
from supervisor.telling.reasons import explain
from supervisor.wire.status import Status

UNCACHED = {hdrs.CACHE_CONTROL: "no-store"}

SHORTEST_S = 60.0
"""Of a course that can be asked for."""


def routes(context: Context, recorder: Recorder, history: History) -> list[web.RouteDef]:
    """GET /page/about, /page/status, /page/trace and /page/history?seconds=."""

    async def about(_request: web.Request) -> web.Response:
        engines = (await context.welcome()).engines
        document = {
            "may_apply": context.may_change,
            "fleet": context.fleet is not None,
            "max_book_bytes": context.settings.max_book_file_mb * 1_000_000,
            "mixing": [name for name, engine in engines.items() if engine.get("mixes")],
        }
        return web.json_response(document, headers=UNCACHED)

    async def status(_request: web.Request) -> web.Response:
        snapshot = await context.status.get()
        document = {
            **snapshot.document,
            "age_s": round(snapshot.age_s, 3),
            "said": said(snapshot.status, snapshot.age_s),
        }
        return web.json_response(document, headers=UNCACHED)

    async def trace(_request: web.Request) -> web.Response:
        await recorder.look()
        return web.json_response(recorded(recorder.samples), headers=UNCACHED)

    async def past(request: web.Request) -> web.Response:
        seconds = _seconds(request.query.get("seconds", ""))
        await recorder.look()
        document = course(
            history.ticks,
            recorder.samples,
            history.profiles,
            now_s=time.monotonic(),
            sampled_at_s=recorder.taken_at_s,
            seconds=seconds,
        )
        return web.json_response(document, headers=UNCACHED)

    return [
        web.get("/page/about", about),
        web.get("/page/status", status),
        web.get("/page/trace", trace),
        web.get("/page/history", past),
    ]


def said(status: Status, age_s: float) -> dict[str, Any]:
    """What the status means, in words: of the whole, and of each worker and decision in it."""
    decisions = status.allocation.allocation_stats.decisions
    return {
        "state": state(status, age_s),
        "why": why(status),
        "trouble": trouble(status),
        "workers": [doing(worker) for worker in status.workers],
        "notes": [msgspec.to_builtins(note) for note in notes(status, time.time())],
        "decisions": [explain(one.kind, one.figures, one.reason, one.profile) for one in decisions],
    }


def _seconds(text: str) -> float:
    """The length of a course. Raises ApiError."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = float("nan")
    if not SHORTEST_S <= seconds <= KEPT_S:
        reason = f"seconds: a number from {SHORTEST_S:.0f} to {KEPT_S:.0f}"
        raise ApiError(400, reason, code="bad_value", param="seconds")
    return seconds
