"""Parts of a text: what one segment says, and what ends with it.

Where they are cut is for `segmentation` to say. The journal has a part as a line: its text and,
where it ends something else than a sentence, a tab and what. No text of a part holds a tab.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, get_args

import msgspec

from supervisor.speech import End, Ends

LONGEST_PAUSE_S: Final = 10.0
"""Silence that a text may ask for at one place."""

_STRENGTH: Final[dict[Ends, int]] = {end: rank for rank, end in enumerate(get_args(End))}


class Part(msgspec.Struct, frozen=True, gc=False):
    """What one segment says, and what ends with it.

    One with an empty text is a silence alone: one that a text begins with, say.
    """

    text: str
    ends: Ends = "sentence"

    def at_least(self, ends: Ends) -> Part:
        """The same where more ends with it. A silence that was asked for stays."""
        if isinstance(self.ends, float) or _STRENGTH[self.ends] >= _STRENGTH[ends]:
            return self
        return Part(self.text, ends)

    def paused(self, seconds: float) -> Part:
        """The same with a silence of so many seconds, on top of one that was asked for."""
        before = self.ends if isinstance(self.ends, float) else 0.0
        return Part(self.text, min(before + seconds, LONGEST_PAUSE_S))


def split(parts: Sequence[Part]) -> tuple[tuple[str, ...], tuple[Ends, ...]]:
    """What parts say, and what ends with them: nothing where it is a sentence each time."""
    ends = tuple(part.ends for part in parts)
    plain = all(end == "sentence" for end in ends)
    return tuple(part.text for part in parts), () if plain else ends


def line_of(text: str, ends: Ends) -> str:
    """A part as a line."""
    return text if ends == "sentence" else f"{text}\t{ends}"


def part_of(line: str) -> Part:
    """The part that a line is. What it ends with counts for a sentence if nobody knows it."""
    text, tab, ends = line.partition("\t")
    if not tab:
        return Part(text)
    for end in get_args(End):
        if ends == end:
            return Part(text, end)
    try:
        return Part(text, min(max(float(ends), 0.0), LONGEST_PAUSE_S))
    except ValueError:
        return Part(text)
