"""Text cutting in turns: one slice of one text in each round of the event loop.

A slice takes some milliseconds at worst (`core.jobs.segmentation`). However many clients submit
long texts at once, the loop looks at its sockets between two slices. A plain job takes turns when
it runs short of segments; so does a submitted text that is not a job yet, because its first window
held nothing to speak, or because it is durable and must be cut whole.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator

from supervisor.broker.preparing import Preparation
from supervisor.core.jobs.parts import Part, line_of, part_of
from supervisor.core.jobs.segmentation import Uncut
from supervisor.core.jobs.stretches import Stretch
from supervisor.core.jobs.unreadable import emoji, signs
from supervisor.speech import LeftOut

AT_ONCE_S = 0.002
"""How long one text is cut before the loop goes on; a slice may take 2 ms more."""
_MANY_SLICES = 64
"""A text of more slices has thousands of segments: its job does not begin with all of them."""


Step = Callable[[], bool]
"""Cuts one slice; True if it wants another turn."""


class Turns:
    """Round robin over the steps of many texts: one step in each round of the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: deque[Step] = deque()
        self._called = False

    def __len__(self) -> int:
        """Number of steps that wait for a turn."""
        return len(self._waiting)

    def add(self, step: Step) -> None:
        """Queue a step behind those that wait already."""
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


class TextReader:
    """Prepares and cuts a text until it can become a job. `whole`: it has to be cut to its end for
    that, as for a `stretch` of it; `begin` makes the marked text one that can be cut.
    """

    def __init__(
        self,
        preparation: Preparation,
        begin: Callable[[str], Uncut],
        *,
        whole: bool,
        stretch: Stretch | None = None,
    ) -> None:
        self._preparation = preparation
        self._begin = begin
        self._whole = whole or stretch is not None
        self._stretch = stretch
        self.first_segment = 0
        """The number of the first part that is taken."""
        self._steps: Iterator[str | None] | None = preparation.steps()
        self._rest: Uncut | None = None
        self._prepared = ""
        self._first: tuple[Part, ...] = ()
        """The parts of the first slice that has any: most texts have no other."""
        self._lines: list[str] = []
        """For each slice behind it its segments, a line each: there may be thousands."""

    @property
    def ended(self) -> bool:
        """Whether all of it is cut."""
        return self._rest is None and self._steps is None

    @property
    def ready(self) -> bool:
        """Whether enough is cut to make a job of it, or a refusal."""
        return self.ended or (bool(self._first) and not self._whole)

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """What of the text is not read, as far as that is known before it is spoken."""
        return self._preparation.left_out

    def step(self) -> None:
        """Prepare a little of the text, or cut one slice. Raises Refused."""
        if self._steps is not None:
            text = next(self._steps)
            if text is not None:
                self._steps = None
                self._rest = self._begin(text) if text else None
                self._prepared = text
        elif self._rest is not None:
            parts, self._rest = self._rest.slice()
            if not self._first:
                self._first = parts
            elif parts:
                self._lines.append("\n".join(map(line_of, parts)))

    def read(self, clock: Callable[[], float]) -> None:
        """Take steps for `AT_ONCE_S`, in which most texts are cut to their end. Raises Refused."""
        until = clock() + AT_ONCE_S
        while (self._steps is not None or self._rest is not None) and clock() < until:
            self.step()

    def parts(self) -> tuple[Part, ...]:
        """The parts so far; none of a text without a word."""
        more = [part_of(line) for lines in self._lines for line in lines.split("\n")]
        return (*self._first, *more)

    def take(self) -> tuple[tuple[Part, ...], Uncut | None]:
        """The first parts so far and the uncut rest. A long text that is cut to its end comes as a
        rest, with a line for each part. One without a word has one part: the names of its signs, or
        a silence. A stretch may have none.
        """
        if self._first and not self._lines and self._stretch is None:
            return self._first, self._rest
        lines = ["\n".join(map(line_of, self._first)), *self._lines]
        if not self._first:
            lines = [line_of(Part(signs(self._prepared) or emoji(self._preparation.text)))]
        if self._stretch is not None:
            self.first_segment, lines = self._stretch.of(lines)
            if not lines:
                return (), None
        text = "\n".join(lines)
        if self.ended and len(lines) > _MANY_SLICES:
            return (), Uncut(text)
        return tuple(map(part_of, text.split("\n"))), self._rest
