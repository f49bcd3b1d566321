"""Where the words that are heard stand in the text as it was sent.

A supervisor tells the words of a segment as they were read: markup is gone by then, letters that
nobody reads are left out, white space is one space. They come in the order of the text, so each is
looked for behind the one before, as a whole word, and not far.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from msgspec.structs import replace

from supervisor.speech import Word

_AHEAD: Final = 4_096
"""Characters that are looked through for a word: a table of links has fewer between two words."""


class WordPlaces:
    """Finds the words of one text, in their order. All of it takes time linear in its length."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._done = 0
        self._before = 0
        """Characters of the text that are not kept any more."""
        self._coming: list[str] = []

    def add(self, text: str) -> None:
        """Go on with the text."""
        self._coming.append(text)

    def placed(self, words: Iterable[Word]) -> Iterator[Word]:
        """The words with their places; one that does not stand in the text has none."""
        for word in words:
            self._join()
            place = self._find(word.text)
            if place is None:
                yield word
            else:
                self._done = place[1]
                start, end = (self._before + at for at in place)
                yield replace(word, start=start, end=end)

    def _join(self) -> None:
        """Put what has come to the text, of which only what is looked through is kept."""
        if self._coming:
            begin = max(0, self._done - 1)  # A word is whole if no letter stands before it.
            self._text = "".join([self._text[begin:], *self._coming])
            self._before, self._done = self._before + begin, self._done - begin
            self._coming.clear()

    def _find(self, written: str) -> tuple[int, int] | None:
        """The next place of a word that is not a part of a longer one."""
        parts = written.split()
        if not parts:
            return None
        end = min(len(self._text), self._done + _AHEAD)
        if len(parts) == 1:
            at = self._text.find(written, self._done, end)
            while at >= 0 and not self._is_whole(at, at + len(written)):
                at = self._text.find(written, at + 1, end)
            return None if at < 0 else (at, at + len(written))
        spaced = re.compile(r"\s+".join(map(re.escape, parts)))
        for found in spaced.finditer(self._text, self._done, end):
            if self._is_whole(*found.span()):
                return found.span()
        return None

    def _is_whole(self, start: int, end: int) -> bool:
        text = self._text
        cut_before = start > 0 and text[start].isalnum() and text[start - 1].isalnum()
        cut_behind = end < len(text) and text[end - 1].isalnum() and text[end].isalnum()
        return not cut_before and not cut_behind
