"""`GET /metrics`, in the format that the scraper asks for."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import hdrs, web
from prometheus_client.exposition import choose_encoder
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from supervisor.client import SupervisorError
from supervisor.gateway.context import Context
from supervisor.gateway.observe.fleet_metrics import FleetCollector
from supervisor.gateway.observe.pool_metrics import PoolCollector
from supervisor.telling.fleet import FleetSize, HostRow
from supervisor.wire.status import Status


def routes(context: Context) -> list[web.RouteDef]:
    """GET /metrics."""
    latest: list[Status | None] = [None]
    registry = context.metrics.registry
    registry.register(PoolCollector(lambda: latest[0]))
    hosts: list[Sequence[HostRow] | None] = [None]
    size: list[FleetSize | None] = [None]
    if context.fleet is not None:
        registry.register(FleetCollector(lambda: hosts[0], lambda: size[0]))
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)

    async def metrics(request: web.Request) -> web.Response:
        try:
            latest[0] = (await context.status.get()).status
        except SupervisorError:
            latest[0] = None
        if context.fleet is not None:
            size[0] = await context.fleet.size()
            hosts[0] = await context.fleet.rows()
        encode, content_type = choose_encoder(request.headers.get(hdrs.ACCEPT, ""))
        return web.Response(body=encode(registry), headers={hdrs.CONTENT_TYPE: content_type})

    return [web.get("/metrics", metrics)]
