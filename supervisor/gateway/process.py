"""Run the gateway until it is told to stop.

There are two doors, HTTP and Wyoming, and what is in the way of the second costs the
first nothing. SIGTERM and Ctrl-C stop it: it takes no more connections, finishes the answers that
are being sent, and gives up those that take longer than the grace period.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from functools import partial

from aiohttp import web

from supervisor.client import AsyncClient
from supervisor.config import Settings
from supervisor.config.loading import Place
from supervisor.gateway.app import make_app
from supervisor.gateway.connections.connection import READ_BYTES, OpenConnections
from supervisor.gateway.connections.listener import (
    Address,
    ListenError,
    PortTakenError,
    http_server,
)
from supervisor.gateway.connections.open_files import make_room
from supervisor.gateway.context import make_context
from supervisor.gateway.handover import ANSWERS_GRACE_S
from supervisor.gateway.http_log import http_logger
from supervisor.gateway.loop_faults import report
from supervisor.gateway.wyoming.server import wyoming_server
from supervisor.logs import get_logger, log_uncaught

CREDIT_BYTES = 96 * 1024
"""Audio of one job that may wait here for a slow reader: 1 s at 24 kHz. Less of it costs a quick
reader the way to the supervisor and back for every piece: 6 ms an answer at 32 kB, 4 at this."""

PATIENCE_S = 2.0
"""How long a text that the supervisor has no room for right now is handed in again, before its
client is told 429."""

RESUME_S = 2.0
"""How long the way back to a lost supervisor may take, before the answers under way are cut."""

KEEP_ALIVE_S = 75.0
"""How long a connection may be without a request, and take for a request's head."""

FIRST_RETRY_S, MAX_RETRY_S = 0.5, 30.0
"""Between two tries for a port that somebody else has; doubled each time."""

Door = Callable[[], AbstractAsyncContextManager[Address]]
"""Listens while it is entered; may raise ListenError then."""

log = get_logger(__name__)


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
    `patient`, a port for HTTP that is taken is waited for; with `beside`, Wyoming is served alone
    where another gateway has it. Beside HTTP, Wyoming is always waited for.
    """
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    log_uncaught(loop)
    loop.set_exception_handler(report)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    http = settings.http
    client = AsyncClient(name="gateway", credit=CREDIT_BYTES, patience=PATIENCE_S, resume=RESUME_S)
    context = make_context(http, client, place)
    runner = web.AppRunner(
        make_app(context),
        handler_cancellation=True,
        keepalive_timeout=KEEP_ALIVE_S,
        shutdown_timeout=ANSWERS_GRACE_S,
        lingering_time=0.0,  # Who is refused gets a `lingering_close` instead.
        read_bufsize=READ_BYTES // 2,  # Twice that waits, at most, for a handler that reads.
        auto_decompress=False,
        access_log=None,
        logger=http_logger(),
    )
    await runner.setup()
    connections = make_room(http.max_connections, 1 if http.wyoming is None else 2)
    open_connections = OpenConnections()
    doors = _Doors(stopped)
    wyoming: Door | None = None
    second: asyncio.Task[None] | None = None
    if http.wyoming is not None:
        wyoming = partial(wyoming_server, context, http.wyoming, connections)
        second = asyncio.create_task(doors.wyoming(wyoming))
    try:
        try:
            await doors.http(
                partial(http_server, runner, http, connections, open_connections),
                announce,
                patient=patient,
            )
        except PortTakenError:
            if not beside or wyoming is None:
                raise
            log.info(
                "gateway: %s is in use, as by `supervisor start`: serving Wyoming alone",
                Address(http.host, http.port),
            )
            await doors.stay(wyoming, _say_wyoming, patient=False)
    finally:
        ends_at = loop.time() + ANSWERS_GRACE_S
        await asyncio.gather(runner.cleanup(), doors.leave(second))
        await open_connections.gone(by=ends_at)
        await context.close()


class _Doors:
    """What is open until `stopped` is set."""

    def __init__(self, stopped: asyncio.Event) -> None:
        self._stopped = stopped
        self._tried_http = asyncio.Event()

    async def http(self, door: Door, announce: Callable[[Address], None], *, patient: bool) -> None:
        """Serve HTTP until the end. Raises ListenError."""

        def opened(address: Address) -> None:
            announce(address)
            self._tried_http.set()

        await self.stay(door, opened, patient=patient)

    async def wyoming(self, door: Door) -> None:
        """Serve Wyoming beside HTTP, which is there or waited for; what is in the way is logged."""
        await self._tried_http.wait()
        try:
            await self.stay(door, _say_wyoming, patient=True)
        except ListenError as error:
            log.warning("gateway: HTTP is served without Wyoming: %s", error)
        except Exception:
            log.exception("gateway: HTTP is served without Wyoming, which failed")

    async def stay(self, door: Door, opened: Callable[[Address], None], *, patient: bool) -> None:
        """Open, if `patient` as soon as the port is free, and stay so until the end.

        Raises ListenError.
        """
        delay = FIRST_RETRY_S
        while not self._stopped.is_set():
            try:
                async with door() as address:
                    opened(address)
                    await self._stopped.wait()
                    return
            except PortTakenError as error:
                if not patient:
                    raise
                if delay == FIRST_RETRY_S:
                    log.warning("gateway: %s; trying again until it is free", error)
            self._tried_http.set()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopped.wait(), delay)
            delay = min(MAX_RETRY_S, 2 * delay)

    async def leave(self, second: asyncio.Task[None] | None) -> None:
        """Wait until Wyoming is closed, if it was open."""
        if second is None:
            return
        if not self._stopped.is_set() or not self._tried_http.is_set():
            second.cancel()
        await asyncio.wait([second])


def _say_wyoming(address: Address) -> None:
    log.info("gateway: Wyoming on %s", address)
