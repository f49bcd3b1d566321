"""The fleet's hosts for the page, in words; only where there is a fleet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
        size = await fleet.size() if fleet is not None and rows is not None else None
        waiting = None if size is None else size.jobs_waiting
        return web.json_response(document(rows, trouble, waiting), headers=UNCACHED)

    return [web.get("/page/hosts", hosts)]


def document(
    rows: Sequence[HostRow] | None, trouble: str, waiting: Mapping[str, int] | None = None
) -> dict[str, Any]:
    """What the page is told; `rows` None: the fleet cannot be heard, for this trouble. `waiting`:
    jobs by class, where that is known.
    """
    if rows is None:
        told = f"The fleet cannot be heard: {trouble}. This host works on alone."
        return {"hosts": [], "said": "", "trouble": told}
    return {
        "hosts": msgspec.to_builtins(rows),
        "said": summary(rows, waiting) if rows else "",
        "trouble": unlike(rows),
    }
