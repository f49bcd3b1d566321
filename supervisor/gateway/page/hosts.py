"""The fleet's hosts for the page, in words; only where there is a fleet."""

from __future__ import annotations

import msgspec
from aiohttp import web

from supervisor.gateway.context import Context
from supervisor.gateway.page.data import UNCACHED
from supervisor.telling.fleet import summary, unlike


def routes(context: Context) -> list[web.RouteDef]:
    """GET /page/hosts."""

    async def hosts(_request: web.Request) -> web.Response:
        if context.fleet is None:
            return web.json_response({"hosts": [], "said": "", "trouble": None}, headers=UNCACHED)
        rows = await context.fleet.rows()
        if rows is None:
            told = f"The fleet cannot be heard: {context.fleet.trouble}. This host works on alone."
            return web.json_response({"hosts": [], "said": "", "trouble": told}, headers=UNCACHED)
        document = {
            "hosts": msgspec.to_builtins(rows),
            "said": summary(rows, None),
            "trouble": unlike(rows),
        }
        return web.json_response(document, headers=UNCACHED)

    return [web.get("/page/hosts", hosts)]
