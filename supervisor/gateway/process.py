"""Run the gateway until it is told to stop.

SIGTERM and Ctrl-C stop it: it takes no more connections, finishes the answers that
are being sent, and gives up those that take longer than the grace period.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress

from aiohttp import web

from supervisor.client import AsyncClient
from supervisor.config import Settings
from supervisor.config.loading import Place
from supervisor.config.sections.http import Http
from supervisor.gateway.app import make_app
from supervisor.gateway.context import make_context
from supervisor.gateway.handover import ANSWERS_GRACE_S
from supervisor.gateway.listener import Address, PortTakenError, address_of, listen
from supervisor.gateway.noise import http_logger
from supervisor.gateway.wyoming import wyoming_server
from supervisor.logs import get_logger, tell_faults

CREDIT_BYTES = 96 * 1024
"""Audio of one job that may wait here for a slow reader: 1 s at 24 kHz. Less of it costs a quick
reader the way to the supervisor and back for every piece: 6 ms an answer at 32 kB, 4 at this."""

PATIENCE_S = 2.0
"""How long a text that the supervisor has no room for right now is handed in again, before its
client is told 429: all clients of HTTP share the room that one client of the supervisor has."""

RESUME_S = 2.0
"""How long the way back to a lost supervisor may take, before the answers under way are cut."""

KEEP_ALIVE_S = 75.0
"""How long a connection may be without a request, and take for a request's head."""

FIRST_RETRY_S, MAX_RETRY_S = 0.5, 30.0
"""Between two tries for a port that somebody else has; doubled each time."""

log = get_logger()


async def serve(
    settings: Settings,
    announce: Callable[[Address], None],
    place: Place | None = None,
    *,
    patient: bool = False,
    beside: bool = False,
) -> None:
    """Listen, tell `announce` where, and serve until SIGTERM or SIGINT. Raises ListenError.

    `place` is where the supervisor has its settings from, if they may be changed there. If
    `patient`, a port that is taken is waited for; with `beside`, Wyoming is served alone where
    another gateway has the port for HTTP.
    """
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    tell_faults(loop)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    client = AsyncClient(name="gateway", credit=CREDIT_BYTES, patience=PATIENCE_S, resume=RESUME_S)
    context = make_context(settings.http, client, place)
    runner = web.AppRunner(
        make_app(context),
        handler_cancellation=True,
        keepalive_timeout=KEEP_ALIVE_S,
        shutdown_timeout=ANSWERS_GRACE_S,
        lingering_time=2.0,
        access_log=None,
        logger=http_logger(),
    )
    await runner.setup()
    try:
        async with AsyncExitStack() as stack:
            server = await _listen(runner, settings.http, stopped, patient=patient, beside=beside)
            if server is not None:
                stack.callback(server.close)
            if stopped.is_set():
                return
            address = None if server is None else address_of(server)
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
    runner: web.AppRunner, http: Http, stopped: asyncio.Event, *, patient: bool, beside: bool
) -> asyncio.Server | None:
    """Listen, if patient as soon as the port is free. None if `stopped` comes first, or where
    another gateway has the port and only Wyoming is asked for `beside` it.

    Raises ListenError.
    """
    delay = FIRST_RETRY_S
    while not stopped.is_set():
        try:
            return await listen(runner, http)
        except PortTakenError as error:
            if beside and http.wyoming is not None:
                where = Address(http.host, http.port)
                log.info(
                    "gateway: %s is in use, as by `supervisor start`: serving Wyoming alone", where
                )
                return None
            if not patient:
                raise
            if delay == FIRST_RETRY_S:
                log.warning("gateway: %s; trying again until it is free", error)
        with suppress(TimeoutError):
            await asyncio.wait_for(stopped.wait(), delay)
        delay = min(MAX_RETRY_S, 2 * delay)
    return None
