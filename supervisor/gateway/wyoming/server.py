"""Listener for Home Assistant, on `http.wyoming`.

Each connection is a `session`. The library for the protocol is an extra, so it is loaded only
where an address is set.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from supervisor.config.handover import ANSWERS_GRACE_S
from supervisor.config.sections.addresses import parse_host_port
from supervisor.gateway.connections.listener import Address, ListenError, address_of, start_server
from supervisor.gateway.connections.slots import Slots
from supervisor.gateway.context import Context
from supervisor.gateway.wyoming.announcing import announced
from supervisor.gateway.wyoming.events import MAX_LINE_BYTES
from supervisor.gateway.wyoming.failures import Failures
from supervisor.installing import how_to_install
from supervisor.logs import get_logger

log = get_logger(__name__)


@asynccontextmanager
async def wyoming_server(context: Context, where: str, connections: int) -> AsyncIterator[Address]:
    """Serve Wyoming on HOST:PORT within the block, `connections` at once; yields the address.

    Texts in progress at the end are finished, within the grace period of HTTP's responses. Raises
    ListenError.
    """
    try:
        from supervisor.gateway.wyoming.session import WyomingSession  # noqa: PLC0415 - an extra
    except ImportError as error:
        how = how_to_install("wyoming")
        raise ListenError(f"http.wyoming needs a library: {how} ({error})") from None
    loop = asyncio.get_running_loop()
    slots = Slots("Wyoming", connections)
    failures = Failures(context.metrics)
    sessions: dict[asyncio.Task[None], WyomingSession] = {}

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = WyomingSession(context, failures, reader, writer)
        slot = slots.take(session)
        if slot is None:
            writer.close()
            return
        task = loop.create_task(session.run(slot))
        sessions[task] = session
        task.add_done_callback(ended)

    def ended(task: asyncio.Task[None]) -> None:
        del sessions[task]
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.error("gateway: a Wyoming session failed", exc_info=error)

    def accept() -> asyncio.BaseProtocol:
        reader = asyncio.StreamReader(MAX_LINE_BYTES, loop)
        return asyncio.StreamReaderProtocol(reader, connected, loop=loop)

    server = await start_server(accept, Address(*parse_host_port(where)), "http.wyoming")
    address = address_of(server)
    try:
        if context.settings.wyoming_announce:
            async with announced(address):
                yield address
        else:
            yield address
    finally:
        server.close()
        ending = dict(sessions)
        with suppress(TimeoutError):
            async with asyncio.timeout(ANSWERS_GRACE_S):
                await asyncio.gather(*(session.finish() for session in ending.values()))
        for task, session in ending.items():
            task.cancel()
            session.hang_up()
        await asyncio.gather(*ending, return_exceptions=True)
