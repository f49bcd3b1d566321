"""A way to the supervisor that is bad at times: it holds everything back, or breaks.

Clients connect to `path` and reach `target`, both Unix sockets; bytes pass as they are.
Runs in a thread of the chaos run, and outlives every supervisor.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from pathlib import Path
from typing import Self

_PIECE = 64 * 1024


class Proxy:
    """Use as a context. `delay` and `cut` may be called from another thread."""

    def __init__(self, path: Path, target: Path) -> None:
        self._path = path
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._open = asyncio.Event()
        self._writers: set[asyncio.StreamWriter] = set()
        self._pumps: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy")

    def delay(self, seconds: float) -> None:
        """Hold everything back for so long."""
        self._loop.call_soon_threadsafe(self._open.clear)
        self._loop.call_soon_threadsafe(self._loop.call_later, seconds, self._open.set)

    def cut(self) -> int:
        """End every connection, in the middle of whatever it carries; how many there were."""
        connections = len(self._writers) // 2
        self._loop.call_soon_threadsafe(self._cut)
        return connections

    def __enter__(self) -> Self:
        self._open.set()
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._path.unlink(missing_ok=True)

    async def _listen(self) -> None:
        self._server = await asyncio.start_unix_server(self._serve, self._path)

    async def _close(self) -> None:
        assert self._server is not None
        self._server.close()
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)
        self._cut()

    def _cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        try:
            far, forth = await asyncio.open_unix_connection(self._target)
        except OSError:
            back.close()
            return
        self._writers |= {forth, back}
        for reader, writer in ((near, forth), (far, back)):
            pump = self._loop.create_task(self._pump(reader, writer))
            self._pumps.add(pump)
            pump.add_done_callback(self._pumps.discard)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await reader.read(_PIECE):
                await self._open.wait()
                writer.write(piece)
                await writer.drain()
        self._writers.discard(writer)
        writer.close()
