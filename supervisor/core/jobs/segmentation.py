"""Segmentation: cuts a text into segments, which are spoken on their own, in parallel.

A sentence with what ends with it (`pieces`) is a segment; what is longer than a segment may be is
cut by `breaths`. The first segment is kept short, so that speech starts early. Pure and
deterministic: the same text always gives the same segments, in however many slices it is cut,
which makes a seeded job reproducible.

A text is cut a slice at a time, the rest while the first of it is spoken. A slice looks
at one window of the text and no further, so it takes some milliseconds at worst and all
slices together grow with the length of the text alone: what sentencex does within a
window may grow with the square of its length (quotes, backticks, 漢字。).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from supervisor.core.jobs import breaths
from supervisor.core.jobs.parts import LONGEST_PAUSE_S, Part, part_of
from supervisor.core.jobs.pieces import TAG, complete
from supervisor.core.jobs.unreadable import has_speech
from supervisor.lexicon import MAX_RESPELLING_CHARS
from supervisor.marks import ENDS, LONG, OPENING, sealed
from supervisor.speech import Ends, Prosody

_LONGEST_MARK = 2_048
"""More than markup makes of a phrase and its phonemes."""
_LONGEST_TAG = 24
_WINDOW = 1024
"""Characters that a slice looks at. A window of the worst characters takes some milliseconds."""

_LONG_WINDOW = 2048
"""The same where segments of more than half a window are asked for."""

_GROWTH = 2
"""How many times as long as others a segment with pronunciations may be: phonemes stand beside the
words that they are for.
"""
_MOST_GROWTH = 8
"""The same for the text of a segment before it is cut for that. What would be more is read as it is
written: short words that are said at such length, all through a text, would fill our memory."""

_PLAIN: Final = Prosody()

_LINES = 64
"""Segments that a slice takes of a text that was cut before."""


class Rules(msgspec.Struct, frozen=True, gc=False):
    """Rules for cutting a text: the longest segment and the longest first one, in characters.

    `language` is the primary subtag of a BCP 47 tag; it picks the splitter's rules. `finish` is
    applied to the text of each part: it may put pronunciations in.
    """

    language: str
    first_max_chars: int
    max_chars: int
    finish: Callable[[str], str] | None = None

    @property
    def window(self) -> int:
        """Number of characters that one slice looks at."""
        return _WINDOW if self.max_chars * 2 <= _WINDOW else _LONG_WINDOW

    def cut(
        self, sentence: str, ends: Ends, prosody: Prosody | None, *, begun: bool
    ) -> Iterator[Part]:
        """Parts of a sentence. `begun`: they are not the first ones of their text."""
        first = self.max_chars if begun else self.first_max_chars
        parts = breaths.cut(sentence, ends, self.language, first_limit=first, limit=self.max_chars)
        if self.finish is not None:
            parts = self._finished(parts, self.finish)
        if prosody is None:
            return parts
        return (Part(part.text, part.ends, prosody) for part in parts)

    def _finished(self, parts: Iterator[Part], finish: Callable[[str], str]) -> Iterator[Part]:
        """The parts with what is put into them; one that becomes far longer is cut once more."""
        limit = _GROWTH * self.max_chars
        for part in parts:
            text = finish(part.text)
            if len(text) > _MOST_GROWTH * self.max_chars + MAX_RESPELLING_CHARS:
                text = part.text
            yield from breaths.cut(text, part.ends, self.language, first_limit=limit, limit=limit)


class Uncut(msgspec.Struct, frozen=True, gc=False):
    """The rest of a text, from character `at` on.

    `rules` are None for a text that was cut before, a segment a line. `begun`: a segment
    was cut by them already, so the next one may be long. `silent_s`: seconds of silence that the
    text has asked for since its last word; `prosody` is the manner that holds at `at`.
    """

    text: str
    rules: Rules | None = None
    at: int = 0
    begun: bool = False
    silent_s: float = 0.0
    prosody: Prosody | None = None

    def __len__(self) -> int:
        """Number of characters that are not cut yet."""
        return len(self.text) - self.at

    def slice(self) -> tuple[tuple[Part, ...], Uncut | None]:
        """Cut the next window: its parts (there may be none), and the rest of the text."""
        if self.rules is None:
            return self._lines()
        parts: list[Part] = []
        begun, silent_s, prosody, taken = self.begun, self.silent_s, self.prosody, 0
        window = self._window(self.rules.window)
        last = self.at + len(window) == len(self.text)
        column = self.at - self.text.rfind("\n", max(0, self.at - _WINDOW), self.at) - 1
        for piece, ends in complete(sealed(window), self.rules.language, column, last=last):
            begin, taken = taken, taken + len(piece)
            flat = " ".join(window[begin:taken].rstrip(ENDS).split())
            if isinstance(ends, Prosody):
                prosody = None if ends == _PLAIN else ends
            elif isinstance(ends, float):
                seconds = min(ends, LONGEST_PAUSE_S - silent_s)
                silent_s += seconds
                _pause(parts, seconds)
            elif has_speech(flat):
                parts += self.rules.cut(flat, ends, prosody, begun=begun)
                begun, silent_s = True, 0.0
            elif parts:
                parts[-1] = parts[-1].at_least(ends)
        at = self.at + taken
        if at == len(self.text):
            return tuple(parts), None
        left = Uncut(self.text, self.rules, at, begun, silent_s, prosody)
        return tuple(parts), left

    def _window(self, size: int) -> str:
        """The next characters, a mark that they break off, and a silence that begins with their
        end or just behind it: it belongs to what was said before.
        """
        end = self.at + size
        if end >= len(self.text):
            return self.text[self.at :] if self.at else self.text
        opened = max(self.text.rfind(mark, self.at, end) for mark in OPENING)
        if opened >= 0:
            closed = LONG.match(self.text, opened, opened + _LONGEST_MARK)
            end = max(end, closed.end() if closed else end)
        for tag in TAG.finditer(self.text, end - _LONGEST_TAG, end + 2 * _LONGEST_TAG):
            end = max(end, tag.end())
        return self.text[self.at : end]

    def _lines(self) -> tuple[tuple[Part, ...], Uncut | None]:
        at = self.at
        parts: list[Part] = []
        while len(parts) < _LINES:
            end = self.text.find("\n", at)
            if end < 0:
                return (*parts, part_of(self.text[at:])), None
            parts.append(part_of(self.text[at:end]))
            at = end + 1
        return tuple(parts), Uncut(self.text, None, at)


def uncut(
    text: str,
    *,
    language: str,
    first_max_chars: int,
    max_chars: int,
    finish: Callable[[str], str] | None = None,
) -> Uncut:
    """A whole text that is to be cut by these rules; `language` is a BCP 47 tag.

    Characters that cannot be spoken (controls, lone marks) never make a segment of their
    own; a text without anything to speak gives none at all.
    """
    primary = language.partition("-")[0].lower()
    return Uncut(text, Rules(primary, first_max_chars, max_chars, finish))


def _pause(parts: list[Part], seconds: float) -> None:
    """A silence after the last part, in place of its own."""
    if seconds <= 0 and not parts:
        return
    if parts:
        parts[-1] = parts[-1].paused(seconds)
    else:
        parts.append(Part("", seconds))
