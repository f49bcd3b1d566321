"""Data of the page: the supervisor's status as it is, and the recorded hour."""

from __future__ import annotations

from typing import Any

from aiohttp import hdrs, web

from supervisor.gateway.context import Context
from supervisor.gateway.page.recorder import Recorder
from supervisor.gateway.page.series import recorded

UNCACHED = {hdrs.CACHE_CONTROL: "no-store"}


def routes(context: Context, recorder: Recorder) -> list[web.RouteDef]:
    """GET /page/status and /page/trace."""

    async def status(_request: web.Request) -> web.Response:
        snapshot = await context.status.get()
        document: dict[str, Any] = {**snapshot.document, "age_s": round(snapshot.age_s, 3)}
        return web.json_response(document, headers=UNCACHED)

    async def trace(_request: web.Request) -> web.Response:
        await recorder.look()
        return web.json_response(recorded(recorder.samples), headers=UNCACHED)

    return [web.get("/page/status", status), web.get("/page/trace", trace)]
