"""Reading what is written without spaces: a clause is read as a whole, and comes back in pieces.

Each piece knows its stretch of the text. Figures and signs are words of the language by then;
pieces that come from one of them belong together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from workers.languages.base import Said
from workers.languages.scanning import Scanner, Token, clauses
from workers.languages.spaced import given
from workers.languages.writing import Writing

Pieces = Callable[[str], Sequence[tuple[str, str]]]
"""A clause, cut into what is read together and its phonemes; all of it, in its order."""


class Unspaced:
    """A reader that makes words by tables and cuts what they are in by a function."""

    def __init__(self, writing: Writing, pieces: Pieces) -> None:
        self._scanner = Scanner(writing)
        self._pieces = pieces

    def read(self, text: str) -> list[Said]:
        """All that is said for a text, a stretch for each piece."""
        said: list[Said] = []
        for clause in clauses(self._scanner.tokens(text)):
            if clause[0].given is None:
                said += self._read(text, clause)
            else:
                said += map(given, clause)
        return said

    def _read(self, text: str, clause: Sequence[Token]) -> Iterator[Said]:
        """The pieces of a clause, with the punctuation around it."""
        written = "".join(word for token in clause for word in token.words)
        places = [place for token in clause for place in _places(text, token)]
        opening, closing, at = clause[0].opening, clause[-1].closing, 0
        held: list[tuple[str, str]] = []
        start = end = 0
        for piece, sounds in self._pieces(written):
            (first, _), (_, last) = places[at], places[at + len(piece) - 1]
            at += len(piece)
            if held and first >= end and not _glued(held[-1][1], sounds):
                yield _said(held, opening, "", start, end)
                held, opening = [], ""
            if not held:
                start = first
            held.append((piece, sounds))
            end = last
        if held:
            yield _said(held, opening, closing, start, end)


def _said(
    pieces: Sequence[tuple[str, str]], opening: str, closing: str, start: int, end: int
) -> Said:
    spoken = "".join(piece for piece, _sounds in pieces)
    sounds = " ".join(filter(None, (sounds for _piece, sounds in pieces)))
    sounds = sounds.replace("ʔ ", "ʔ").replace(" ʔ", "ʔ")
    return Said(
        spoken=f"{opening}{spoken}{closing}",
        phonemes=f"{opening}{sounds}{closing}" if sounds else "",
        start=start,
        end=end,
    )


def _glued(before: str, after: str) -> bool:
    """Whether nothing may stand between two pieces: a consonant is held from one to the other."""
    return before.endswith("ʔ") or after.startswith("ʔ")


def _places(text: str, token: Token) -> Iterator[tuple[int, int]]:
    """The stretch of the text for each character that is said: its own, or all of the token."""
    characters = sum(map(len, token.words))
    if text[token.start : token.end] == "".join(token.words):
        for place in range(token.start, token.end):
            yield place, place + 1
    else:
        for _character in range(characters):
            yield token.start, token.end
