"""What is left out of a text before it is read, and with which of its segments to show it.

The broker tells where in a text a client's letters were left out (`LeftOut`), and takes emoji out
without a word; segments do not know where they come from. So each is looked for where it must be,
behind the one before. Where it stands otherwise than in the text (a tag in a word, letters that
are spelled), what is left out may be shown a segment too early.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from supervisor.core.jobs.unreadable import without_emoji
from supervisor.speech import LeftOut

_SPACES: Final = re.compile(" +")
"""What stands in the place of emoji."""

_BETWEEN: Final = 16
"""Characters that a letter of a run takes at most, with what is between it and the next."""

_WINDOW: Final = 4_096
"""Characters in which a segment is looked for: what stands between two of them is rarely longer."""


def skipped(
    text: str, segments: Sequence[str], left_out: Iterable[LeftOut], *, emoji: bool
) -> list[list[str]]:
    """For each segment what of the text is left out in it and behind it, in order.

    `emoji`: they are left out, too. What has no place is shown with the last segment. The time
    grows with the length of the text alone.
    """
    shown: list[list[str]] = [[] for _ in segments]
    if not segments:
        return shown
    places = [(place.at, _described(text, place)) for place in left_out]
    if emoji and not text.isascii():
        places += _emoji(text)
    if not places:
        return shown
    starts = list(_starts(text, segments))
    for at, what in sorted(places, key=lambda place: len(text) if place[0] is None else place[0]):
        number = len(starts) if at is None else bisect_right(starts, at)
        number = max(number - 1, 0)
        if what not in segments[number]:
            shown[number].append(what)
    return shown


def _described(text: str, place: LeftOut) -> str:
    """The letters themselves, and of which script they are; of a tag what there is to say."""
    if place.at is None or not place.chars:
        return place.what
    end, letters = place.at, 0
    last = min(len(text), place.at + place.chars * _BETWEEN)
    while end < last and letters < place.chars:
        letters += text[end].isalpha()
        end += 1
    return f"{text[place.at : end]} ({place.what})"


def _emoji(text: str) -> Iterator[tuple[int, str]]:
    kept = without_emoji(text)
    if kept == text:
        return
    for run in _SPACES.finditer(kept):
        taken = text[run.start() : run.end()].strip(" ")
        if taken:
            yield run.start(), taken


def _starts(text: str, segments: Iterable[str]) -> Iterator[int]:
    """Where each segment begins in the text, as far as that can be told; never one before another.

    It is looked for by its first word: behind as many characters as the segment before has, or
    else behind that one's own first word.
    """
    begin = behind = 0
    for segment in segments:
        words = segment.split(maxsplit=1)
        if words:
            for start in (behind, begin):
                found = text.find(words[0], start, start + _WINDOW)
                if found >= 0:
                    begin = found
                    behind = found + len(segment)
                    break
        yield begin
        begin += min(1, len(segment))
