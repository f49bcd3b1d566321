"""One HTTP connection, between the socket and the HTTP library.

It takes a slot when it is accepted and gives it back when it is closed, passes received bytes on in
pieces that are parsed at once, and closes a refused connection with a lingering close
(`lingering_close`). It does not look at requests; handlers find it by `connection_of`.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from contextlib import suppress

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from supervisor.gateway.connections.lingering_close import LingeringCloses
from supervisor.gateway.connections.slots import Slot, Slots
from supervisor.gateway.errors import RETRY_AFTER_S, SERVER, ApiError, refusal

READ_BYTES = 32 * 1024
"""Bytes read, parsed and joined at once: 5 ms where each byte is a chunk of its own."""

_numbers = itertools.count(1)


def next_number() -> int:
    """Number of a connection that was accepted, on any listener."""
    return next(_numbers)


def too_many_connections() -> ApiError:
    """Response to a connection for which there is no slot."""
    return ApiError(
        503,
        "too many connections (http.max_connections)",
        type=SERVER,
        code="too_many_connections",
        retry_after_s=RETRY_AFTER_S,
    )


_TOO_MANY = refusal(too_many_connections())

_buffer = memoryview(bytearray(READ_BYTES))
"""Receive buffer of all connections: what is read is handed on before anything else is."""


class OpenConnections:
    """Connections of one listener that are not closed yet."""

    def __init__(self) -> None:
        self._connections: set[Connection] = set()
        self._all_closed = asyncio.Event()
        self._all_closed.set()

    def add(self, connection: Connection) -> None:
        """Count a connection that was accepted."""
        self._connections.add(connection)
        self._all_closed.clear()

    def discard(self, connection: Connection) -> None:
        """Remove one whose socket is closed: the kernel has what was written, or never will."""
        self._connections.discard(connection)
        if not self._connections:
            self._all_closed.set()

    async def wait_closed(self, by: float) -> None:
        """Wait until all are closed, until `by` of the loop's clock at most.

        A transport that is told to close goes on sending what is written to it already.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout_at(by):
                await self._all_closed.wait()


class Connection(asyncio.BufferedProtocol):
    """Protocol of one connection: takes a slot, passes bytes to a handler that `serve` makes."""

    def __init__(
        self,
        serve: Callable[[], RequestHandler],
        open_connections: OpenConnections,
        slots: Slots,
        lingering: LingeringCloses,
    ) -> None:
        self.number = next_number()
        self.slot: Slot | None = None
        self._serve = serve
        self._open_connections = open_connections
        self._slots = slots
        self._lingering = lingering
        self._handler: RequestHandler | None = None
        self._transport: asyncio.Transport | None = None
        self._refused = False
        """Whether received bytes are dropped."""
        self._peer_gone = False
        """Whether the client has closed its side or was aborted: no lingering close then."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a slot and start a handler; without a slot send 503 and close."""
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("a connection is read from and written to")
        self._transport = transport
        self._open_connections.add(self)
        self.slot = self._slots.take(self)
        if self.slot is None:
            self.refuse()
            transport.write(_TOO_MANY)
            transport.close()
            return
        self._handler = self._serve()
        self._handler.connection_made(transport)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 (always of the same size)
        """The buffer to receive into."""
        return _buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Pass received bytes to the handler."""
        if self._handler is not None and not self._refused:
            self._handler.data_received(bytes(_buffer[:nbytes]))

    def eof_received(self) -> None:
        """Note that the client sends no more; the transport closes by itself."""
        self._peer_gone = True

    def pause_writing(self) -> None:
        """Have the handler wait: the client reads too slowly."""
        if self._handler is not None:
            self._handler.pause_writing()

    def resume_writing(self) -> None:
        """Have the handler write on."""
        if self._handler is not None:
            self._handler.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the slot back; begin a lingering close if the gateway closed the connection."""
        self._open_connections.discard(self)
        if self.slot is not None:
            self.slot.leave()
        if self._handler is not None:
            self._handler.connection_lost(exc)
        if exc is None and not self._peer_gone and self._transport is not None:
            self._lingering.linger(self._transport, always=self._refused)

    @property
    def unsent(self) -> bool:
        """Whether part of a response has not been sent yet."""
        return self._transport is not None and self._transport.get_write_buffer_size() > 0

    def hang_up(self) -> None:
        """Abort the connection."""
        self._peer_gone = True
        if self._transport is not None:
            self._transport.abort()

    def refuse(self) -> None:
        """Drop what is received from now on: the next response is the last."""
        self._refused = True


def connection_of(request: web.BaseRequest) -> Connection | None:
    """Connection of a request; None if it is closed."""
    protocol = None if request.transport is None else request.transport.get_protocol()
    return protocol if isinstance(protocol, Connection) else None
