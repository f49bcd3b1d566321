"""Sentences of a text that comes in pieces, as a language model writes it.

A sentence is complete when the next one has begun. Finding sentences can take time that grows with
the square of the text, on the event loop, so it is given little at a time, and only where a new one
can have ended: when a letter or a digit follows on a character that ends sentences somewhere.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Final

from sentencex import segment

LONGEST_SENTENCE: Final = 1000
"""Characters without an end of a sentence that are waited for; no more are looked at at once,
which takes 2 ms at worst."""

_PATIENCE: Final = 8
"""A look that found nothing is repeated when there is an eighth more to see."""

_IN_SENTENCES: Final = frozenset(",;:'\"*#&@%/\\…·†‡§¶、，；：")
"""Punctuation that Unicode has no other category for, and that ends nothing."""


class Dictation:
    """One text that comes in pieces."""

    def __init__(self) -> None:
        self._rest = ""
        self._may_have_ended = False
        """Whether an end, perhaps, is the last thing in the rest but for spaces and quotes."""
        self._look_from = 0
        """Length of the rest from which a look is worth it."""

    def add(self, text: str) -> Iterator[list[str]]:
        """The sentences that are complete now, in steps of 2 ms at most, between which other tasks
        can run. What goes on for too long counts as a sentence.
        """
        start = 0
        while start < len(text):
            piece = text[start : start + LONGEST_SENTENCE - len(self._rest)]
            start += len(piece)
            complete = self._look() if self._take(piece) else []
            if len(self._rest) >= LONGEST_SENTENCE:
                complete.append(self._cut())
            yield [sentence for sentence in complete if sentence.strip()]

    def rest(self) -> list[str]:
        """The sentence that is left at the end."""
        return [self._rest] if self._rest.strip() else []

    def _take(self, piece: str) -> bool:
        """Add a piece to the rest; returns whether it may complete a sentence."""
        self._rest += piece
        begun = False
        for char in piece:
            if char.isalnum():
                begun = begun or self._may_have_ended
            elif not self._may_have_ended:
                self._may_have_ended = _ends(char)
        return begun and len(self._rest) >= self._look_from

    def _look(self) -> list[str]:
        """Every sentence of the rest but the last, which is the new rest."""
        *complete, rest = list(segment("en", self._rest)) or [""]
        for at in range(len(complete) - 1, 0, -1):
            if not complete[at].strip():  # A blank line, which ends a paragraph.
                complete[at - 1 : at + 1] = [complete[at - 1] + complete[at]]
        self._keep(rest)
        self._look_from = 0 if complete else len(rest) + len(rest) // _PATIENCE
        return complete

    def _cut(self) -> str:
        """The rest, up to its last space if that is not far from the end."""
        end = max(self._rest.rfind(" "), self._rest.rfind("\n")) + 1
        if end < LONGEST_SENTENCE // 2:
            end = len(self._rest)
        cut = self._rest[:end]
        self._keep(self._rest[end:])
        self._look_from = 0
        return cut

    def _keep(self, rest: str) -> None:
        self._rest = rest
        self._may_have_ended = False
        for char in reversed(rest):
            if char.isalnum():
                break
            if _ends(char):
                self._may_have_ended = True
                break


def _ends(char: str) -> bool:
    """Whether a sentence may end with this character, in whatever language."""
    if char == "\n":
        return True
    return char not in _IN_SENTENCES and unicodedata.category(char) == "Po"
