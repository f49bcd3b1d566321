"""Liveness probes: only sending to a client shows that its connection has ended.

Clients that listen to a job are probed four times a second, for their work is to stop within a
second; the others now and then, for they only cost memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

PROBE_INTERVAL_S = 0.25
_PROBE_ALL_S = 10.0


class LivenessProbe:
    """Calls `probe` for clients. `clients` gives all of them, `listeners` those with a job."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        probe: Callable[[bytes], None],
        clients: Callable[[], Iterable[bytes]],
        listeners: Callable[[], list[bytes]],
    ) -> None:
        self._loop = loop
        self._probe = probe
        self._clients = clients
        self._listeners = listeners
        self._all_probed_at = loop.time()
        """Time of the last probe of all clients."""
        self._has_listeners = False
        """Whether a client listened to a job at the last look, or has begun to since."""
        self._timer = loop.call_later(_PROBE_ALL_S, self._look)

    def listener_added(self) -> None:
        """Probe often from now on: a client has begun to listen to a job."""
        if not self._has_listeners:
            self._has_listeners = True
            self._schedule()

    def close(self) -> None:
        """Stop probing."""
        self._timer.cancel()

    def _look(self) -> None:
        now = self._loop.time()
        all_due = now - self._all_probed_at >= _PROBE_ALL_S
        if all_due:
            self._all_probed_at = now
        for client in list(self._clients()) if all_due else self._listeners():
            self._probe(client)
        self._has_listeners = bool(self._listeners())
        self._schedule()

    def _schedule(self) -> None:
        """Set the timer: soon while a client listens, else late, to save wake-ups."""
        self._timer.cancel()
        interval = PROBE_INTERVAL_S if self._has_listeners else _PROBE_ALL_S
        self._timer = self._loop.call_later(interval, self._look)
