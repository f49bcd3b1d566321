"""The hosts of the fleet, by what they tell of themselves once a second.

They are listened to from the first question on, over a connection that mends itself. A host that
is silent for `GONE_S` is gone.
"""

from __future__ import annotations

import asyncio
import time
from typing import Final

from supervisor.logs import get_logger
from supervisor.nats.connection import Connection, Message, Servers
from supervisor.nats.errors import FleetError
from supervisor.wire.fleet import codec, names
from supervisor.wire.fleet.live import Heartbeat

GONE_S: Final = 5.0
"""Without a heartbeat: they come once a second."""

_FIRST_S: Final = 1.2
"""Within which every host has told of itself for the first time."""
_CONNECT_S: Final = 2.0
_AGAIN_S: Final = 5.0
"""After a connection that could not be made, the next is tried so much later."""

log = get_logger(__name__)


class Hosts:
    """The hosts that are heard over these servers."""

    def __init__(self, servers: Servers) -> None:
        self._servers = servers
        self._connection: Connection | None = None
        self._heard: dict[str, tuple[float, Heartbeat]] = {}
        self._listening_since = 0.0
        self._opening = asyncio.Lock()
        self._failed: FleetError | None = None
        self._failed_at = -_AGAIN_S

    async def now(self) -> list[Heartbeat]:
        """The hosts that are there, by name. Raises FleetError."""
        await self.connected()
        waited = time.monotonic() - self._listening_since
        if waited < _FIRST_S:
            await asyncio.sleep(_FIRST_S - waited)
        oldest = time.monotonic() - GONE_S
        self._heard = {name: found for name, found in self._heard.items() if found[0] >= oldest}
        return [self._heard[name][1] for name in sorted(self._heard)]

    async def connected(self) -> Connection:
        """The connection. Raises FleetError, at once where the servers are known to be away."""
        async with self._opening:
            connection = self._connection or await self._opened()
        if not connection.up:
            reason = connection.trouble or f"no NATS server at {connection.where}"
            raise FleetError("unavailable", reason)
        return connection

    async def close(self) -> None:
        """Listen no more."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _opened(self) -> Connection:
        if self._failed is not None and time.monotonic() - self._failed_at < _AGAIN_S:
            raise self._failed
        connection = Connection(self._servers)
        try:
            await connection.connect(_CONNECT_S)
            await connection.subscribe(names.heartbeat_subject("*"), self._take)
        except FleetError as error:
            self._failed, self._failed_at = error, time.monotonic()
            await connection.close()
            raise
        self._failed = None
        self._connection, self._listening_since = connection, time.monotonic()
        return connection

    async def _take(self, message: Message) -> None:
        try:
            heartbeat = codec.decode(message.data, Heartbeat)
        except (codec.Unreadable, codec.NewerSchema):
            return
        if message.subject == names.heartbeat_subject("*")[:-1] + heartbeat.host:
            self._heard[heartbeat.host] = time.monotonic(), heartbeat
