"""Whose text is cut next: a slice at a time, in turns, between everything else on the loop.

A slice takes some milliseconds at worst (`core.jobs.segmentation`). However many clients hand in
long texts at once, one slice is cut before the loop looks at its sockets again. Texts of
plain jobs come here once they run short of segments; what is not a job yet, because nothing to
speak was found in its first window, or because it is durable and is to be cut whole, too.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from supervisor.core.jobs.parts import Part, line_of, part_of
from supervisor.core.jobs.segmentation import Uncut

_MANY_SLICES = 64
"""From so many on a job does not begin with all of its segments: they are thousands."""

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
    """A text that is not a job yet. `whole`: none of it may be left uncut then."""

    def __init__(self, text: Uncut, *, whole: bool) -> None:
        self._whole = whole
        self._rest: Uncut | None = text
        self._lines: list[str] = []
        """What was cut so far: for each slice its segments, a line each."""

    @property
    def ended(self) -> bool:
        """Whether all of it is cut."""
        return self._rest is None

    @property
    def enough(self) -> bool:
        """Whether it may become a job, or a refusal."""
        return self.ended or (bool(self._lines) and not self._whole)

    def step(self) -> None:
        """Cut one slice."""
        if self._rest is not None:
            parts, self._rest = self._rest.slice()
            if parts:
                self._lines.append("\n".join(line_of(part.text, part.ends) for part in parts))

    def take(self) -> tuple[tuple[Part, ...], Uncut | None]:
        """The first parts, and the rest of the text: of a long one that is cut, the lines."""
        text = "\n".join(self._lines)
        if self.ended and len(self._lines) > _MANY_SLICES:
            return (), Uncut(text)
        return tuple(map(part_of, text.split("\n"))) if text else (), self._rest
