"""Finding out who has left: a connection that ended says nothing, only sending to it tells.

Those with jobs are asked four times a second, for their work is to stop within a
second; the others now and then, for they only cost memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

PROBE_INTERVAL_S = 0.25
_PROBE_EVERYONE_S = 10.0


class Probing:
    """`probe` asks one client; `everyone` and `listeners` say whom there is to ask."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        probe: Callable[[bytes], None],
        everyone: Callable[[], Iterable[bytes]],
        listeners: Callable[[], list[bytes]],
    ) -> None:
        self._loop = loop
        self._probe = probe
        self._everyone = everyone
        self._listeners = listeners
        self._everyone_at = loop.time()
        """When everyone was asked, and not just those who wait for a job."""
        self._somebody_waits = False
        """Whether somebody listened to a job at the last look, or has begun to since."""
        self._timer = loop.call_later(_PROBE_EVERYONE_S, self._look)

    def somebody_listens(self) -> None:
        """A client has begun to listen to a job."""
        if not self._somebody_waits:
            self._somebody_waits = True
            self._schedule()

    def close(self) -> None:
        """Ask nobody any more."""
        self._timer.cancel()

    def _look(self) -> None:
        now = self._loop.time()
        everyone = now - self._everyone_at >= _PROBE_EVERYONE_S
        if everyone:
            self._everyone_at = now
        for client in list(self._everyone()) if everyone else self._listeners():
            self._probe(client)
        self._somebody_waits = bool(self._listeners())
        self._schedule()

    def _schedule(self) -> None:
        """Soon where somebody waits; nobody else is worth waking up for."""
        self._timer.cancel()
        interval = PROBE_INTERVAL_S if self._somebody_waits else _PROBE_EVERYONE_S
        self._timer = self._loop.call_later(interval, self._look)
