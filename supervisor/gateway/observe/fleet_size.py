"""`GET /fleet/size`: how many hosts the fleet should have, for whoever starts and stops them."""

from __future__ import annotations

import msgspec
from aiohttp import web

from supervisor.gateway.context import Context
from supervisor.gateway.errors import SERVER, ApiError
from supervisor.telling.fleet import NO_FIGURES

_AGAIN_S = 5


def routes(context: Context) -> list[web.RouteDef]:
    """GET /fleet/size."""

    async def size(_request: web.Request) -> web.Response:
        fleet = context.fleet
        if fleet is None:
            raise ApiError(404, "this host is in no fleet (fleet.servers)", code="no_fleet")
        found = await fleet.size()
        if found is None:
            raise ApiError(
                503,
                fleet.trouble or NO_FIGURES,
                type=SERVER,
                code="fleet_unavailable",
                retry_after_s=_AGAIN_S,
            )
        return web.json_response(msgspec.to_builtins(found))

    return [web.get("/fleet/size", size)]
