"""The virtual clock: what is due, in order of time, and of being asked for."""

from __future__ import annotations

import heapq
from collections.abc import Callable


class Clockwork:
    """Calls functions at their times; `now` in seconds since the start."""

    def __init__(self) -> None:
        self.now = 0.0
        self._due: list[tuple[float, int, Callable[..., None], tuple[object, ...]]] = []
        self._count = 0

    def at(self, time: float, call: Callable[..., None], *args: object) -> None:
        """Have `call` called at this time."""
        self._count += 1
        heapq.heappush(self._due, (time, self._count, call, args))

    def every(self, seconds: float, call: Callable[[], None], start: float = 0.0) -> None:
        """Have `call` called again and again."""

        def again() -> None:
            call()
            self.at(self.now + seconds, again)

        self.at(start, again)

    def run(self, until: float, done: Callable[[], bool] = lambda: False) -> None:
        """Go on until this time, or until `done`, which is asked once a second."""
        asked = self.now
        while self._due and self._due[0][0] <= until:
            self.now, _, call, args = heapq.heappop(self._due)
            call(*args)
            if self.now >= asked + 1.0:
                asked = self.now
                if done():
                    return
        self.now = until
