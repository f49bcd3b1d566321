"""Audio of jobs in a stream, one message a piece, under a subject a piece.

No object store of NATS: the subject of a piece names its tenant, so that a permission can; any
piece is read by itself, in any order; and nothing is read by a consumer that has to be removed.
A writer holds at most `WINDOW` pieces, a reader one.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
from collections.abc import AsyncIterator
from typing import Final, NamedTuple

from supervisor.logs import get_logger
from supervisor.nats.buckets import purge
from supervisor.nats.connection import PATIENCE_S, Connection
from supervisor.nats.errors import FleetError
from supervisor.nats.jetstream import store
from supervisor.wire.fleet import names

PIECE: Final = names.PIECE_BYTES
WINDOW: Final = 4
"""Pieces that are on their way at once."""
_READS: Final = 3
_FULL_S: Final = 2.0
"""Pause before a piece is offered again to a stream that is full."""


log = get_logger(__name__)


class Written(NamedTuple):
    """What was written: pieces, bytes, and the SHA-256 of all of them in hexadecimal."""

    pieces: int
    size: int
    sha256: str


class AudioWriter:
    """Writes one attempt's audio below `subject`, piece after piece as it comes.

    `within`: seconds for which a piece is offered again; what is written twice is the same. With
    infinity it is offered until it is taken, to a full stream too.
    """

    def __init__(self, connection: Connection, subject: str, within: float) -> None:
        self._connection = connection
        self._subject = subject
        self._within = within
        self._rest = bytearray()
        self._pieces = 0
        self._size = 0
        self._hash = hashlib.sha256()
        self._sent: set[asyncio.Task[None]] = set()
        self._failed: BaseException | None = None
        self._full = False

    @property
    def size(self) -> int:
        """Bytes so far."""
        return self._size

    async def write(self, body: bytes | memoryview) -> None:
        """Add bytes; waits where `WINDOW` pieces are on their way. Raises FleetError."""
        self._hash.update(body)
        self._size += len(body)
        self._rest += body
        while len(self._rest) >= PIECE:
            await self._send(bytes(self._rest[:PIECE]))
            del self._rest[:PIECE]

    async def finish(self) -> Written:
        """Write what is left and wait until all of it is stored. Raises FleetError."""
        if self._rest:
            await self._send(bytes(self._rest))
            self._rest.clear()
        while self._sent:
            await asyncio.wait(self._sent)
        self._check()
        return Written(self._pieces, self._size, self._hash.hexdigest())

    async def abandon(self) -> None:
        """Send no more, and remove what was stored. Raises FleetError."""
        for task in self._sent:
            task.cancel()
        if self._sent:
            await asyncio.wait(self._sent)
        if self._pieces:
            await remove(self._connection, self._subject)

    async def _send(self, piece: bytes) -> None:
        while len(self._sent) >= WINDOW:
            await asyncio.wait(self._sent, return_when=asyncio.FIRST_COMPLETED)
        self._check()
        task = asyncio.get_running_loop().create_task(
            self._store(f"{self._subject}.{self._pieces}", piece)
        )
        self._pieces += 1
        self._sent.add(task)
        task.add_done_callback(self._stored)

    async def _store(self, subject: str, piece: bytes) -> None:
        while True:
            try:
                await store(self._connection, subject, piece, None, self._within)
            except FleetError as error:
                if error.code != "full" or self._within != math.inf:
                    raise
                if not self._full:
                    log.warning("fleet: the store of audio is full, a result waits: %s", error)
                self._full = True
            else:
                return
            await asyncio.sleep(_FULL_S)

    def _stored(self, task: asyncio.Task[None]) -> None:
        self._sent.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._failed = task.exception()

    def _check(self) -> None:
        if self._failed is not None:
            raise self._failed


async def read(
    connection: Connection, stream: str, subject: str, size: int, start: int = 0
) -> AsyncIterator[bytes]:
    """The audio below `subject`, of `size` bytes, from byte `start` on, a piece at a time.

    Raises FleetError: `not_found` where a piece is gone.
    """
    for number in range(start // PIECE, -(-size // PIECE)):
        body = await piece(connection, stream, f"{subject}.{number}")
        if len(body) != min(PIECE, size - number * PIECE):
            raise FleetError("not_found", f"piece {number} of {subject} is not what was written")
        skipped = max(0, start - number * PIECE)
        yield body[skipped:] if skipped else body


async def piece(connection: Connection, stream: str, subject: str) -> bytes:
    """One piece. A copy of the stream may be a moment behind, so one that is missing is asked for
    again.
    """
    for attempt in range(_READS):
        try:
            answer = await connection.request(f"$JS.API.DIRECT.GET.{stream}.{subject}")
        except FleetError as error:
            if not error.transient or attempt == _READS - 1:
                raise
        else:
            status = (answer.headers or {}).get("Status")
            if status is None:
                return bytes(answer.data)
            if status != "404":
                raise FleetError("refused", f"{subject}: {status}")
        await asyncio.sleep(PATIENCE_S / 10)
    raise FleetError("not_found", f"{subject} is gone")


async def remove(connection: Connection, subject: str, stream: str = names.AUDIO) -> int:
    """Remove what is below a subject; returns how many pieces. Raises FleetError."""
    return await purge(connection, stream, f"{subject}.>")
