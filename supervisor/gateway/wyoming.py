"""Where Home Assistant connects: the listening side of `http.wyoming`.

What is spoken there is `wyoming_session`'s business. The library for it is an extra,
so it is loaded only where an address is set.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from supervisor.gateway.context import Context
from supervisor.gateway.listener import Address, ListenError, address_of, start_server

MAX_EVENT_BYTES = 1 << 20
"""Longest part of one event; a text of that length speaks for half a day."""

HOW_TO_INSTALL = "http.wyoming needs a library: pip install 'tts-supervisor[wyoming]'"


class BoundedReader(asyncio.StreamReader):
    """A reader that takes no promise of a part that would not fit; the library sets no bound."""

    async def readexactly(self, n: int) -> bytes:
        """As StreamReader. Raises ValueError for too long a part."""
        if n > MAX_EVENT_BYTES:
            raise ValueError(f"a part of {n} bytes")
        return await super().readexactly(n)


@asynccontextmanager
async def wyoming_server(context: Context, where: str) -> AsyncIterator[Address]:
    """Serve on HOST:PORT meanwhile; yields the address. Raises ListenError."""
    try:
        from supervisor.gateway.wyoming_session import WyomingSession  # noqa: PLC0415 - an extra
    except ModuleNotFoundError:
        raise ListenError(HOW_TO_INSTALL) from None
    loop = asyncio.get_running_loop()
    sessions: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(sessions) >= context.settings.max_connections:
            writer.close()
            return
        task = loop.create_task(WyomingSession(context, reader, writer).run())
        sessions[task] = writer
        task.add_done_callback(sessions.pop)

    def accept() -> asyncio.Protocol:
        return asyncio.StreamReaderProtocol(BoundedReader(loop=loop), connected, loop=loop)

    host, _, port = where.rpartition(":")
    server = await start_server(accept, Address(host.strip("[]"), int(port)), "http.wyoming")
    try:
        yield address_of(server)
    finally:
        server.close()
        ending = dict(sessions)
        for task, writer in ending.items():
            task.cancel()
            writer.transport.abort()  # Nobody waits for a reader that takes nothing.
        await asyncio.gather(*ending, return_exceptions=True)
