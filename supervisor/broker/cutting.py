"""Whose text is cut next: a slice at a time, in turns, between everything else on the loop.

A slice takes a few milliseconds at worst (`core.segmentation`). However many clients hand in
long texts at once, one slice is cut before the loop looks at its sockets again. Texts of
plain jobs come here once they run short of segments; what is not a job yet, because nothing to
speak was found in its first window, or because it is durable and is to be cut whole, too.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from supervisor.core.segmentation import Uncut

Step = Callable[[], bool]
"""Cuts one slice; True if it wants another turn."""


class Turns:
    """Runs steps of many, one for each round of the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: deque[Step] = deque()
        self._called = False

    def __len__(self) -> int:
        """How many wait for a turn."""
        return len(self._waiting)

    def add(self, step: Step) -> None:
        """Give it a turn after those who wait already."""
        self._waiting.append(step)
        self._call()

    def _call(self) -> None:
        if self._waiting and not self._called:
            self._called = True
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        self._called = False
        step = self._waiting.popleft()
        try:
            if step():
                self._waiting.append(step)
        finally:
            self._call()


class Reading:
    """A text that is not a job yet. `whole`: no segment may be left uncut then."""

    def __init__(self, text: Uncut, *, whole: bool) -> None:
        self._whole = whole
        self._lines: list[str] = []
        self.segments: tuple[str, ...] = ()
        """The first segments, if they are all or not all are asked for."""
        self.rest: Uncut | None = text

    def step(self) -> bool:
        """Cut one slice; True if there is more to do."""
        if self.rest is None:
            return False
        segments, self.rest = self.rest.slice()
        if not self._whole:
            self.segments = segments
            return self.rest is not None and not segments
        if segments:
            self._lines.append("\n".join(segments))
        if self.rest is not None:
            return True
        if len(self._lines) > 1:
            self.rest = Uncut("\n".join(self._lines), begun=True)
        elif self._lines:
            self.segments = tuple(self._lines[0].split("\n"))
        return False
