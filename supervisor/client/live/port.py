"""A client's connection to the servers of a fleet, for plain code and for asyncio.

Flows await it in either case; where waits block the thread, the connection lives on a thread of
its own, and they never suspend.
"""

from __future__ import annotations

import asyncio
import threading
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import CancelledError
from contextlib import suppress
from typing import Any, Final, TypeVar

from supervisor.client.errors import NoSupervisor, Refused, SupervisorError
from supervisor.client.live.link import BlockingLiveLink, HostLink, LiveLink
from supervisor.nats.connection import Connection, Servers
from supervisor.nats.errors import FleetError

CONNECT_S: Final = 3.0
"""Time for a first server to answer."""

_STOP_S: Final = 5.0

T = TypeVar("T")


class Port(ABC):
    """One connection, made at the first use and mended by itself after that."""

    def __init__(self, servers: Servers) -> None:
        self.servers = servers
        self._connection: Connection | None = None
        self._refused = ""

    @property
    def up(self) -> bool:
        """Whether a server answers now."""
        return self._connection is not None and self._connection.up

    @property
    def trouble(self) -> str:
        """Why none does, in one line."""
        known = None if self._connection is None else self._connection.trouble
        return self._refused or known or f"no NATS server answers at {', '.join(self.servers.urls)}"

    @abstractmethod
    async def do(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Have work done on the connection's loop. Raises SupervisorError, also for its
        FleetError.
        """

    @abstractmethod
    def make_link(self, host: str, name: str, credit: int) -> HostLink:
        """A link to a host, to be opened on the connection's loop."""

    @staticmethod
    @abstractmethod
    async def pause(seconds: float) -> None:
        """Sleep."""

    @abstractmethod
    async def close(self) -> None:
        """Leave. Idempotent."""

    async def _done(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Do the work here; on the connection's loop."""
        try:
            return await work(await self._connected())
        except FleetError as error:
            raise as_supervisor_error(error) from None

    async def _connected(self) -> Connection:
        connection = self._connection
        if connection is None or connection.closed:
            connection = self._connection = Connection(self.servers)
            try:
                await connection.connect(CONNECT_S)
            except BaseException:
                self._connection = None
                raise
        return connection

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()


class AsyncPort(Port):
    """On the running loop."""

    def __init__(self, servers: Servers) -> None:
        super().__init__(servers)
        self._connecting = asyncio.Lock()
        self._joining: asyncio.Task[None] | None = None

    def join(self) -> None:
        """Connect in the background, for as long as it takes; again where a server has ended the
        connection for good.
        """
        if self._joining is None or self._joining.done():
            self._joining = asyncio.create_task(self._join())

    async def _join(self) -> None:
        async with self._connecting:
            if self._connection is not None and not self._connection.closed:
                return
            self._connection = Connection(self.servers)
            try:
                await self._connection.connect(None)
                self._refused = ""
            except FleetError as error:
                self._connection, self._refused = None, str(error)

    async def do(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """As `Port.do`."""
        return await self._done(work)

    def make_link(self, host: str, name: str, credit: int) -> HostLink:
        """As `Port.make_link`."""
        return LiveLink(host, name, credit)

    @staticmethod
    async def pause(seconds: float) -> None:
        """As `Port.pause`."""
        await LiveLink.pause(seconds)

    async def close(self) -> None:
        """As `Port.close`."""
        if self._joining is not None:
            self._joining.cancel()
            with suppress(asyncio.CancelledError, FleetError):
                await self._joining
        await self._disconnect()

    async def _connected(self) -> Connection:
        async with self._connecting:
            return await super()._connected()


class BlockingPort(Port):
    """On a thread of its own, which is started at the first use."""

    _loop: asyncio.AbstractEventLoop | None = None
    _thread: threading.Thread | None = None

    async def do(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """As `Port.do`; blocks the calling thread."""
        return self._wait(self._done(work))

    def make_link(self, host: str, name: str, credit: int) -> HostLink:
        """As `Port.make_link`."""
        return BlockingLiveLink(host, name, credit, self._running())

    @staticmethod
    async def pause(seconds: float) -> None:
        """As `Port.pause`."""
        await BlockingLiveLink.pause(seconds)

    async def close(self) -> None:
        """As `Port.close`."""
        loop, thread = self._loop, self._thread
        if loop is None or thread is None:
            return
        self._loop = self._thread = None
        try:
            asyncio.run_coroutine_threadsafe(self._disconnect(), loop).result(_STOP_S)
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join(_STOP_S)

    def _running(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            loop = self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(
                target=_run, args=(loop,), name="tts-fleet", daemon=True
            )
            self._thread.start()
        return self._loop

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        future = asyncio.run_coroutine_threadsafe(work, self._running())
        try:
            return future.result()
        except CancelledError:
            raise NoSupervisor("the client was closed") from None
        except BaseException:  # KeyboardInterrupt: nobody waits for it any more.
            future.cancel()
            raise


def _run(loop: asyncio.AbstractEventLoop) -> None:
    try:
        loop.run_forever()
    finally:
        loop.close()


def as_supervisor_error(error: FleetError) -> SupervisorError:
    """The error of a client's call."""
    if error.code == "forbidden":
        return Refused(str(error), code="forbidden")
    return NoSupervisor(str(error), code="fleet_unavailable")
