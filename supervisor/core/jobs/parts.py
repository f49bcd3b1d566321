"""Parts of a text: what one segment says, what ends with it, and how it is spoken.

Where they are cut is for `segmentation` to say. The journal has a part as a line: its text and,
where it ends something else than a sentence, a tab and what, and where it is not spoken as the
rest of its job, another tab and how. No text of a part holds a tab.
"""

from __future__ import annotations

from typing import Final, get_args

import msgspec

from supervisor.speech import End, Ends, Prosody

LONGEST_PAUSE_S: Final = 10.0
"""Silence that a text may ask for at one place."""

_STRENGTH: Final[dict[Ends, int]] = {end: rank for rank, end in enumerate(get_args(End))}


class Part(msgspec.Struct, frozen=True, gc=False):
    """What one segment says, and what ends with it.

    One with an empty text is a silence alone: one that a text begins with, say. `prosody` is None
    where it is spoken as the job is.
    """

    text: str
    ends: Ends = "sentence"
    prosody: Prosody | None = None

    def at_least(self, ends: Ends) -> Part:
        """The same where more ends with it. A silence that was asked for stays."""
        if isinstance(self.ends, float) or _STRENGTH[self.ends] >= _STRENGTH[ends]:
            return self
        return Part(self.text, ends, self.prosody)

    def paused(self, seconds: float) -> Part:
        """The same with a silence of so many seconds, on top of one that was asked for."""
        before = self.ends if isinstance(self.ends, float) else 0.0
        return Part(self.text, min(before + seconds, LONGEST_PAUSE_S), self.prosody)


def sentences(*texts: str) -> tuple[Part, ...]:
    """Parts that say a sentence each."""
    return tuple(Part(text) for text in texts)


def line_of(part: Part) -> str:
    """A part as a line."""
    if part.prosody is not None:
        return f"{part.text}\t{part.ends}\t{part.prosody.encoded()}"
    return part.text if part.ends == "sentence" else f"{part.text}\t{part.ends}"


def part_of(line: str) -> Part:
    """The part that a line is. What it ends with counts for a sentence if nobody knows it."""
    if "\t" not in line:
        return Part(line)
    text, ends, *manner = line.split("\t")
    prosody = Prosody.decoded(manner[0]) if manner else None
    for end in get_args(End):
        if ends == end:
            return Part(text, end, prosody)
    try:
        return Part(text, min(max(float(ends), 0.0), LONGEST_PAUSE_S), prosody)
    except ValueError:
        return Part(text, "sentence", prosody)
