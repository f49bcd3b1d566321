"""Stretches of a text that is cut as ever: one of several parts, or what follows a segment.

Several hosts speak one text so: each cuts all of it, which is quick, and speaks its stretch. Where
a text is cut depends on what stands before (quotes, markup, windows), so a stretch that was cut
alone would not always be what it is of the whole. It is found slice by slice, for there may be
hundreds of thousands of segments, and an event loop waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

_EACH_CHARS = 10
"""What a segment takes beside its characters: a pause is spoken, too."""


class Found(NamedTuple):
    """A stretch: the number of its first segment, and the slices that its segments are in."""

    first: int
    slices: list[str]


class Stretch(msgspec.Struct, frozen=True, gc=False):
    """What of a text is asked for: the segments from `first` on, and of these the part (i, n): the
    i-th, from 0 on, of n. None: all of them.
    """

    first: int = 0
    part: tuple[int, int] | None = None

    def of(self, slices: Sequence[str]) -> Found:
        """The stretch of a text that is cut into these slices, a line for each segment.

        A segment belongs to the part in which its middle lies, so the parts of a text are all of
        it, each segment once, whatever their number. A part may be empty.
        """
        end = sum(map(_count, slices))
        begin = min(self.first, end)
        if self.part is not None:
            number, count = self.part
            skipped = _weight_before(slices, begin)
            whole = 2 * (sum(map(_weight, slices)) - skipped)
            begin, end = (
                _first_behind(slices, 2 * skipped * count + which * whole, count)
                for which in (number, number + 1)
            )
        return Found(begin, _between(slices, begin, end))


def _count(lines: str) -> int:
    return lines.count("\n") + 1


def _weight(lines: str) -> int:
    return len(lines) + 1 + (_EACH_CHARS - 1) * _count(lines)


def _weight_before(slices: Sequence[str], segment: int) -> int:
    return sum(map(_weight, _between(slices, 0, segment)))


def _first_behind(slices: Sequence[str], place: int, count: int) -> int:
    """The first segment whose middle is not before this place, in halves of a `count`-th."""
    number = before = 0
    for lines in slices:
        if 2 * (before + _weight(lines)) * count < place:
            number, before = number + _count(lines), before + _weight(lines)
            continue
        for line in lines.split("\n"):
            if (2 * before + _weight(line)) * count >= place:
                return number
            number, before = number + 1, before + _weight(line)
    return number


def _between(slices: Sequence[str], begin: int, end: int) -> list[str]:
    """The slices of the segments from `begin` to before `end`."""
    found: list[str] = []
    number = 0
    for lines in slices:
        count = _count(lines)
        low, high = max(0, begin - number), min(count, end - number)
        if low == 0 and high == count:
            found.append(lines)
        elif low < high:
            found.append("\n".join(lines.split("\n")[low:high]))
        number += count
    return found
