"""The fleet's hosts for the page, in words; only where there is a fleet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from aiohttp import web

from supervisor.gateway.context import Context
from supervisor.gateway.page.data import UNCACHED
from supervisor.telling.fleet import HostRow, summary, unlike


def routes(context: Context) -> list[web.RouteDef]:
    """GET /page/hosts."""

    async def hosts(_request: web.Request) -> web.Response:
        fleet = context.fleet
        rows = [] if fleet is None else await fleet.rows()
        trouble = "" if fleet is None else fleet.trouble
        return web.json_response(document(rows, trouble), headers=UNCACHED)

    return [web.get("/page/hosts", hosts)]


def document(rows: Sequence[HostRow] | None, trouble: str) -> dict[str, Any]:
    """What the page is told; `rows` None: the fleet cannot be heard, for this trouble."""
    if rows is None:
        told = f"The fleet cannot be heard: {trouble}. This host works on alone."
        return {"hosts": [], "said": "", "trouble": told}
    return {
        "hosts": msgspec.to_builtins(rows),
        "said": summary(rows, None) if rows else "",
        "trouble": unlike(rows),
    }
