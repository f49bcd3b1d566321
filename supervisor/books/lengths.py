"""Chapters that are too long for one job, read as several."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from typing import Final

from supervisor.books.book import CHAPTER_CHARACTERS, Chapter

_ENDS: Final = tuple(
    re.compile(pattern)
    for pattern in (r"\n[ \t\r]*\n", r"\n", r"[.!?…。！？]['\"”’»）)]*\s?", r"\s", r"")
)
"""Where a text is cut, the best place first."""
_ENDS_OF_HTML: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"</(?:p|div|h[1-6]|section|blockquote|ul|ol|table|pre)>",
        r"</(?:li|tr|dd)>|<br ?/?>",
        r"(?=<)",
        r"[.!?…。！？]\s",
        r"\s",
        r"",
    )
)


def divided(chapters: Iterable[Chapter]) -> Iterator[Chapter]:
    """The chapters, each long one as several of about the same length."""
    for chapter in chapters:
        count = math.ceil(chapter.characters / CHAPTER_CHARACTERS)
        if count < 2:
            yield chapter
            continue
        ends = _ENDS_OF_HTML if chapter.markup == "html" else _ENDS
        texts = list(_cut(chapter.text, count, ends))
        for number, text in enumerate(texts, 1):
            yield Chapter(
                title=f"{chapter.title} ({number} of {len(texts)})",
                text=text,
                characters=chapter.characters * len(text) // len(chapter.text),
                markup=chapter.markup,
            )


def _cut(text: str, count: int, ends: tuple[re.Pattern[str], ...]) -> Iterator[str]:
    """The text in so many parts, each from half to once and a half as long as all would be."""
    at, length = 0, len(text) // count
    for _ in range(count - 1):
        nearest = at + length
        reach = length // 4
        found = (
            min(
                (end.end() for end in pattern.finditer(text, nearest - reach, nearest + reach)),
                key=lambda place: abs(place - nearest),
                default=None,
            )
            for pattern in ends
        )
        place = next(place for place in found if place is not None)
        yield text[at:place]
        at = place
    yield text[at:]
