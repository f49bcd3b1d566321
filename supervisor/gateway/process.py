"""The gateway process: listens on HTTP and Wyoming until it is told to stop.

What is in the way of Wyoming costs HTTP nothing. SIGTERM and Ctrl-C stop the process: it accepts no
more connections, finishes the responses that are being sent, and cuts those that take longer than
the grace period.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from functools import partial

from aiohttp import web

from supervisor.config import Settings
from supervisor.config.handover import ANSWERS_GRACE_S
from supervisor.config.loading import Place
from supervisor.gateway.app import make_app
from supervisor.gateway.connecting import speaking_client
from supervisor.gateway.connections.connection import READ_BYTES, OpenConnections
from supervisor.gateway.connections.listener import (
    Address,
    ListenError,
    PortTakenError,
    http_server,
)
from supervisor.gateway.connections.open_files import raise_file_limit
from supervisor.gateway.connections.root_path import serve_below
from supervisor.gateway.context import make_context
from supervisor.gateway.http_log import http_logger
from supervisor.gateway.loop_faults import log_fault
from supervisor.gateway.paths import merge_slashes
from supervisor.gateway.wyoming.server import wyoming_server
from supervisor.host.signals import STOP_SIGNALS, ignore_stop_signals
from supervisor.logs import get_logger, log_uncaught

KEEP_ALIVE_S = 75.0
"""Seconds that a connection may be without a request, and take for a request's head."""

FIRST_RETRY_S, MAX_RETRY_S = 0.5, 30.0
"""Seconds between two tries for a port that is in use; doubled each time."""

Listener = Callable[[], AbstractAsyncContextManager[Address]]
"""Listens within its block and yields the address; may raise ListenError on entry."""

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
    where another gateway has that port. Beside HTTP, Wyoming is always waited for.
    """
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    log_uncaught(loop)
    loop.set_exception_handler(log_fault)
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, stopped.set)
    http = settings.http
    context = make_context(settings, speaking_client(settings), place)
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
    context.books.start(context)
    if runner.server is not None:
        merge_slashes(runner.server)
        if http.root_path is not None:
            serve_below(runner.server, http.root_path)
    connections = raise_file_limit(http.max_connections, 1 if http.wyoming is None else 2)
    open_connections = OpenConnections()
    listeners = _Listeners(stopped)
    wyoming: Listener | None = None
    wyoming_task: asyncio.Task[None] | None = None
    if http.wyoming is not None:
        wyoming = partial(wyoming_server, context, http.wyoming, connections)
        wyoming_task = asyncio.create_task(listeners.wyoming(wyoming))
    try:
        try:
            await listeners.http(
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
            await listeners.listen(wyoming, _log_wyoming, patient=False)
    finally:
        ends_at = loop.time() + ANSWERS_GRACE_S
        await asyncio.gather(runner.cleanup(), listeners.closed(wyoming_task))
        await open_connections.wait_closed(by=ends_at)
        await context.close()
        ignore_stop_signals(loop)


class _Listeners:
    """Listeners that are open until `stopped` is set."""

    def __init__(self, stopped: asyncio.Event) -> None:
        self._stopped = stopped
        self._tried_http = asyncio.Event()

    async def http(
        self, listener: Listener, announce: Callable[[Address], None], *, patient: bool
    ) -> None:
        """Serve HTTP until the end. Raises ListenError."""

        def opened(address: Address) -> None:
            announce(address)
            self._tried_http.set()

        await self.listen(listener, opened, patient=patient)

    async def wyoming(self, listener: Listener) -> None:
        """Serve Wyoming beside HTTP, as soon as its port is free; failures are logged."""
        await self._tried_http.wait()
        try:
            await self.listen(listener, _log_wyoming, patient=True)
        except ListenError as error:
            log.warning("gateway: HTTP is served without Wyoming: %s", error)
        except Exception:
            log.exception("gateway: HTTP is served without Wyoming, which failed")

    async def listen(
        self, listener: Listener, opened: Callable[[Address], None], *, patient: bool
    ) -> None:
        """Listen, if `patient` as soon as the port is free, until the end. Raises ListenError."""
        delay = FIRST_RETRY_S
        while not self._stopped.is_set():
            try:
                async with listener() as address:
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

    async def closed(self, wyoming_task: asyncio.Task[None] | None) -> None:
        """Wait until Wyoming is closed, if it was open."""
        if wyoming_task is None:
            return
        if not self._stopped.is_set() or not self._tried_http.is_set():
            wyoming_task.cancel()
        await asyncio.wait([wyoming_task])


def _log_wyoming(address: Address) -> None:
    log.info("gateway: Wyoming on %s", address)
