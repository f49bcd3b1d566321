"""Words whose pronunciation is given, on their way from a text to the engines' phonemes.

A mark (`supervisor.marks`) must come out of the reading as it went in, and what stands around it be
read as if a common word stood there. What its IPA means to the engines says `workers.text.ipa`.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import msgspec

from supervisor.marks import BOUND_SPACE, PRIVATE, PRONOUNCED
from workers.text.ipa import engine_phonemes
from workers.text.reading import Word

SLOT: Final = "\ue004"
"""Stands in a line of words for one that has its pronunciation given."""

_NO_WORD = "zuqo"
"""What no rule of reading knows, however often it is repeated."""

_REACH = 256
"""Characters: how far on in a word what stands for a mark is looked for."""


class Given(msgspec.Struct, frozen=True):
    """The words that are written, and the engines' phonemes for all of them."""

    written: tuple[str, ...]
    phonemes: str


def read_around(text: str, read: Callable[[str], list[Word]]) -> list[Word]:
    """`read(text)`, where each mark of a pronunciation comes back as it is.

    The reader sees a word of the mark's length instead, with a capital where the written one has
    one: so places in the text stay what they are.
    """
    marks = deque(PRONOUNCED.finditer(text))
    if not marks:
        return read(text)
    words = read(PRONOUNCED.sub(_stand_in, text))
    return [_put_back(word, marks) for word in words]


def _stand_in(mark: re.Match[str]) -> str:
    size = len(mark.group())
    name = (_NO_WORD * (size // len(_NO_WORD) + 1))[:size]
    return name.capitalize() if mark[1][:1].isupper() else name


def _put_back(word: Word, marks: deque[re.Match[str]]) -> Word:
    """The word with the marks that it stood for; one that the reader has changed is left out."""
    parts: list[str] = []
    done = 0
    while marks and marks[0].start() < word.end:
        mark = marks.popleft()
        name = _stand_in(mark)
        found = word.spoken.find(name, done, done + len(name) + _REACH)
        if found >= 0:
            parts += [word.spoken[done:found], mark.group()]
            done = found + len(name)
    return Word("".join([*parts, word.spoken[done:]]), word.start, word.end) if parts else word


def slots(words: Sequence[Word], *, british: bool) -> tuple[str, Iterator[Given]]:
    """One line of words with a slot for each mark, and what the slots hold, in their order.

    A mark of which nothing can be spoken is read as it is written.
    """
    given: list[Given] = []

    def slot(mark: re.Match[str]) -> str:
        written, ipa = (part.replace(BOUND_SPACE, " ") for part in mark.groups())
        phonemes = engine_phonemes(ipa, british=british)
        if not any(symbol.isalpha() for symbol in phonemes):
            return written
        given.append(Given(tuple(written.split()) or (phonemes,), phonemes))
        return "\0"

    line = " ".join(PRONOUNCED.sub(slot, word.spoken) for word in words)
    return PRIVATE.sub("", line).replace("\0", SLOT), iter(given)
