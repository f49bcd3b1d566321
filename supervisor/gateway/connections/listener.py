"""Listening sockets: binding an address, and serving HTTP on it."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from supervisor.config.sections.http import Http
from supervisor.gateway.connections import slots
from supervisor.gateway.connections.connection import Connection, OpenConnections
from supervisor.gateway.connections.lingering_close import LingeringCloses
from supervisor.gateway.connections.parse_errors import with_json_errors

BACKLOG = 4096
"""Connections that the kernel keeps until they are accepted; one more would be told a second later
to try again. The kernel may allow fewer (net.core.somaxconn)."""

ACCEPTED_AT_ONCE = 64
"""Connections accepted in one turn of the event loop."""

SEND_BUFFER_BYTES = 128 * 1024
"""Kernel's send buffer of a connection; by default it grows to megabytes for a slow reader."""


class ListenError(Exception):
    """The address cannot be listened on; one line that says what to do."""


class PortTakenError(ListenError):
    """The port is in use, and may become free."""


class Address(NamedTuple):
    """Address of a listener."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@asynccontextmanager
async def http_server(
    runner: web.AppRunner, http: Http, connections: int, open_connections: OpenConnections
) -> AsyncIterator[Address]:
    """Serve HTTP within the block, `connections` at once; yields the address.

    Accepted connections, the `open_connections`, are the runner's to close. Raises ListenError.
    """
    server = runner.server
    if server is None:
        raise RuntimeError("the runner is not set up")

    http_slots = slots.Slots("HTTP", connections, slots.RESERVED)
    lingering = LingeringCloses()

    def serve() -> RequestHandler:
        return with_json_errors(server())

    def accept() -> Connection:
        return Connection(serve, open_connections, http_slots, lingering)

    address = Address(http.host, http.port)
    listening = await start_server(accept, address, "http.host and http.port")
    try:
        yield address_of(listening)
    finally:
        listening.close()
        lingering.close()


async def start_server(
    accept: Callable[[], asyncio.BaseProtocol], address: Address, settings: str
) -> asyncio.Server:
    """Listen on `address`; errors name the `settings` it came from. Raises ListenError."""
    loop = asyncio.get_running_loop()
    try:
        server = await loop.create_server(accept, *address, backlog=ACCEPTED_AT_ONCE)
    except OSError as error:
        reason = os.strerror(error.errno).lower() if error.errno else str(error)
        kind = PortTakenError if error.errno == errno.EADDRINUSE else ListenError
        raise kind(f"cannot listen on {address}: {reason}; see {settings}") from None
    for listener in server.sockets:  # Connections inherit it.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        with listener.dup() as same:
            same.listen(BACKLOG)
    return server


def address_of(server: asyncio.Server) -> Address:
    """Address that a server listens on, with the port that it really got."""
    return Address(*server.sockets[0].getsockname()[:2])
