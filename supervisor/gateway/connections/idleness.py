"""Idleness of a WebSocket: its slot is busy only while something is spoken or asked over it.

A request's slot is busy from its begin to its end (`slot_middleware`). A WebSocket is one request
for as long as it is open, and mostly nothing happens there: then it is idle, makes room when all
slots are taken, and is closed once that has lasted long.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from supervisor.gateway.connections.slots import Slot

IDLE_S: Final = 3600.0
"""Seconds that a WebSocket may be idle; to answer pings is no work."""


class Idleness:
    """That of one connection, which begins idle. `over` is called once that lasts too long."""

    def __init__(self, slot: Slot | None, over: Callable[[], None]) -> None:
        self._slot = slot
        self._over = over
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self.begin()

    def begin(self, after_s: float = 0.0) -> None:
        """Be idle from now on, or busy for so many seconds more."""
        self.end()
        if after_s:
            self._timer = self._loop.call_later(after_s, self.begin)
            return
        self._timer = self._loop.call_later(IDLE_S, self._over)
        if self._slot is not None:
            self._slot.mark_idle()

    def end(self) -> None:
        """Be busy from now on."""
        self.forget()
        if self._slot is not None:
            self._slot.mark_busy()

    def forget(self) -> None:
        """The connection is closed: nothing is to be called any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
