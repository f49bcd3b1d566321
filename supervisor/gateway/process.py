"""Run the gateway until it is told to stop.

SIGTERM and Ctrl-C stop it: it takes no more connections, finishes the answers that
are being sent, and gives up those that take longer than the grace period.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack

from aiohttp import web

from supervisor.client import AsyncClient
from supervisor.config import Settings
from supervisor.config.loading import Place
from supervisor.config.settings import Http
from supervisor.gateway.app import make_app
from supervisor.gateway.context import make_context
from supervisor.gateway.listener import Address, AddressInUse, address_of, listen
from supervisor.gateway.noise import http_logger
from supervisor.gateway.wyoming import wyoming_server
from supervisor.logs import get_logger

CREDIT_BYTES = 32 * 1024
"""Audio of one job that may wait here for a slow reader: 0.3 s at 24 kHz."""

PATIENCE_S = 2.0
"""How long a text that the supervisor has no room for right now is handed in again, before its
client is told 429: all clients of HTTP share the room that one client of the supervisor has."""

RESUME_S = 2.0
"""How long the way back to a lost supervisor may take, before the answers under way are cut."""

KEEP_ALIVE_S = 75.0
"""How long a connection may be without a request, and take for a request's head."""

GRACE_S = 10.0

log = get_logger()


async def serve(
    settings: Settings,
    announce: Callable[[Address], None],
    place: Place | None = None,
    *,
    beside: bool = False,
) -> None:
    """Listen, tell `announce` where, and serve until SIGTERM or SIGINT. Raises ListenError.

    `place` is where the supervisor has its settings from, if they may be changed there. With
    `beside`, Wyoming is served alone where another gateway has the port for HTTP.
    """
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    client = AsyncClient(name="gateway", credit=CREDIT_BYTES, patience=PATIENCE_S, resume=RESUME_S)
    context = make_context(settings.http, client, place)
    runner = web.AppRunner(
        make_app(context),
        handler_cancellation=True,
        keepalive_timeout=KEEP_ALIVE_S,
        shutdown_timeout=GRACE_S,
        lingering_time=2.0,
        access_log=None,
        logger=http_logger(),
    )
    await runner.setup()
    try:
        async with AsyncExitStack() as stack:
            address = await _listen(stack, runner, settings.http, beside=beside)
            if settings.http.wyoming is not None:
                where = wyoming_server(context, settings.http.wyoming)
                log.info("gateway: Wyoming on %s", await stack.enter_async_context(where))
            if address is not None:
                announce(address)
            await stopped.wait()
    finally:
        await runner.cleanup()
        await context.close()


async def _listen(
    stack: AsyncExitStack, runner: web.AppRunner, http: Http, *, beside: bool
) -> Address | None:
    """Where HTTP is served while `stack` is open; None where another gateway does that."""
    try:
        server = await listen(runner, http)
    except AddressInUse:
        if not beside or http.wyoming is None:
            raise
        where = Address(http.host, http.port)
        log.info("gateway: %s is in use, as by `supervisor start`: serving Wyoming alone", where)
        return None
    stack.callback(server.close)
    return address_of(server)
