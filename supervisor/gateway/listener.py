"""The listening socket: which address, and how many connections at once.

A connection over the bound is answered and closed before the HTTP library sees it,
so a flood costs neither tasks nor parsers.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import Callable
from typing import NamedTuple

from aiohttp import web

from supervisor.config.sections.http import Http
from supervisor.gateway.errors import RETRY_AFTER_S, SERVER, ApiError, refusal

BACKLOG = 512

SEND_BUFFER_BYTES = 128 * 1024
"""What the kernel keeps for a slow reader; by itself it would keep megabytes for each."""

_LINGER_S = 1.0

_FULL = refusal(
    ApiError(
        503,
        "too many connections (http.max_connections)",
        type=SERVER,
        code="too_many_connections",
        retry_after_s=RETRY_AFTER_S,
    )
)


class ListenError(Exception):
    """The address cannot be listened on; one line that says what to do."""


class PortTakenError(ListenError):
    """Somebody else listens there, and may stop doing so."""


class Address(NamedTuple):
    """Where something listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


async def listen(runner: web.AppRunner, http: Http) -> asyncio.Server:
    """Serve what the runner was set up with. Raises ListenError."""
    server = runner.server
    if server is None:
        raise RuntimeError("the runner is not set up")

    def accept() -> asyncio.Protocol:
        return server() if len(server.connections) < http.max_connections else _Full()

    return await start_server(accept, Address(http.host, http.port), "http.host and http.port")


async def start_server(
    accept: Callable[[], asyncio.Protocol], address: Address, settings: str
) -> asyncio.Server:
    """Listen on `address`, which `settings` set. Raises ListenError."""
    loop = asyncio.get_running_loop()
    try:
        server = await loop.create_server(accept, *address, backlog=BACKLOG)
    except OSError as error:
        reason = os.strerror(error.errno).lower() if error.errno else str(error)
        kind = PortTakenError if error.errno == errno.EADDRINUSE else ListenError
        raise kind(f"cannot listen on {address}: {reason}; see {settings}") from None
    for listener in server.sockets:  # Connections inherit it.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    return server


def address_of(server: asyncio.Server) -> Address:
    """Where this server listens, with the port that it really got."""
    return Address(*server.sockets[0].getsockname()[:2])


class _Full(asyncio.Protocol):
    """Says that there is no room, and closes.

    It listens a moment longer: closing on a request that was not read would reset the
    connection, and the answer would be lost with it.
    """

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.WriteTransport):
            transport.write(_FULL)
            transport.write_eof()
        asyncio.get_running_loop().call_later(_LINGER_S, transport.close)
