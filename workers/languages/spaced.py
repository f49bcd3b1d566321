"""Reading what is written with spaces: a word is a word, and a clause is said without a pause."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from workers.languages.alphabet import spelled
from workers.languages.base import Said
from workers.languages.scanning import Scanner, Token, clauses
from workers.languages.writing import Writing

Sounds = Callable[[Sequence[str]], Sequence[str]]
"""Phonemes of words that are said without a pause, one for each; words in small letters."""


class Spaced:
    """A reader that makes words by tables and their sounds by a function."""

    def __init__(self, writing: Writing, sounds: Sounds) -> None:
        self._scanner = Scanner(writing)
        self._sounds = sounds

    def read(self, text: str) -> list[Said]:
        """All that is said for a text, a stretch for each token."""
        said: list[Said] = []
        for clause in clauses(self._scanner.tokens(text)):
            words = [
                word.lower() for token in clause if token.given is None for word in token.words
            ]
            sounds = iter(self._sounds(words) if words else ())
            for token in clause:
                if token.given is None:
                    token.given = " ".join(filter(None, (next(sounds) for _word in token.words)))
                said.append(given(token))
        return said


def given(token: Token) -> Said:
    """What is said for a token whose sounds are known."""
    sounds = token.given
    return Said(
        spoken=f"{token.opening}{' '.join(token.words)}{token.closing}",
        phonemes=f"{token.opening}{spelled(sounds)}{token.closing}" if sounds else "",
        start=token.start,
        end=token.end,
    )
