"""One HTTP connection, between the socket and the HTTP library.

It holds the connection's slot, hands on what comes in pieces of a size that are parsed at once,
and says goodbye where the library would only close (`lingering_close`). What is asked is none of
its business; handlers find it behind a request's transport.
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
"""Read, parsed and joined at once: 5 ms where each byte is a chunk of its own."""

_numbers = itertools.count(1)


def next_number() -> int:
    """Of a connection that was accepted, at whichever door."""
    return next(_numbers)


def no_room() -> ApiError:
    """What they are told for whom there is no slot."""
    return ApiError(
        503,
        "too many connections (http.max_connections)",
        type=SERVER,
        code="too_many_connections",
        retry_after_s=RETRY_AFTER_S,
    )


_FULL = refusal(no_room())

_buffer = memoryview(bytearray(READ_BYTES))
"""One for all: what is read is handed on before anything else is."""


class OpenConnections:
    """Connections at one door that are not closed yet."""

    def __init__(self) -> None:
        self._here: set[Connection] = set()
        self._nobody = asyncio.Event()
        self._nobody.set()

    def came(self, connection: Connection) -> None:
        """One more."""
        self._here.add(connection)
        self._nobody.clear()

    def left(self, connection: Connection) -> None:
        """Its socket is closed: what was written to it has gone to the kernel, or never will."""
        self._here.discard(connection)
        if not self._here:
            self._nobody.set()

    async def gone(self, by: float) -> None:
        """Wait until all are closed, until `by` of the loop's clock at most.

        A transport that is told to close goes on sending what is written to it already.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout_at(by):
                await self._nobody.wait()


class Connection(asyncio.BufferedProtocol):
    """Serves one connection with a handler that `serve` makes, if there is a slot."""

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
        self._visitors = open_connections
        self._slots = slots
        self._farewells = lingering
        self._handler: RequestHandler | None = None
        self._transport: asyncio.Transport | None = None
        self._refused = False
        """Nothing is read any more."""
        self._gone = False
        """Nobody is there to be told anything."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a slot, or be told that there is none."""
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("a connection is read from and written to")
        self._transport = transport
        self._visitors.came(self)
        self.slot = self._slots.take(self)
        if self.slot is None:
            self.refuse()
            transport.write(_FULL)
            transport.close()
            return
        self._handler = self._serve()
        self._handler.connection_made(transport)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 (always of the same size)
        """Where to read to."""
        return _buffer

    def buffer_updated(self, nbytes: int) -> None:
        """So much has come."""
        if self._handler is not None and not self._refused:
            self._handler.data_received(bytes(_buffer[:nbytes]))

    def eof_received(self) -> None:
        """The other side sends no more: the transport closes by itself."""
        self._gone = True

    def pause_writing(self) -> None:
        """The other side takes nothing for the moment."""
        if self._handler is not None:
            self._handler.pause_writing()

    def resume_writing(self) -> None:
        """It does again."""
        if self._handler is not None:
            self._handler.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is closed, by whomever."""
        self._visitors.left(self)
        if self.slot is not None:
            self.slot.leave()
        if self._handler is not None:
            self._handler.connection_lost(exc)
        if exc is None and not self._gone and self._transport is not None:
            self._farewells.say(self._transport, whatever_comes=self._refused)

    @property
    def unsent(self) -> bool:
        """Whether some of an answer has not left yet."""
        return self._transport is not None and self._transport.get_write_buffer_size() > 0

    def hang_up(self) -> None:
        """End it at once."""
        self._gone = True
        if self._transport is not None:
            self._transport.abort()

    def refuse(self) -> None:
        """Read no more of what comes: the answer that follows is the last one."""
        self._refused = True


def connection_of(request: web.BaseRequest) -> Connection | None:
    """Who asks; None for one that has left."""
    protocol = None if request.transport is None else request.transport.get_protocol()
    return protocol if isinstance(protocol, Connection) else None
