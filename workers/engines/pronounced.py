"""Words whose pronunciation is given, on their way from a text to the engines' phonemes.

A mark (`supervisor.marks`) comes out of the reading as it went in. What its IPA means to the
engines says `workers.text.ipa`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from supervisor.marks import BOUND_SPACE, PRIVATE, PRONOUNCED
from workers.text.ipa import engine_phonemes
from workers.text.reading import Word

SLOT: Final = "\ue004"
"""Stands in a line of words for one that has its pronunciation given."""


class Given(msgspec.Struct, frozen=True):
    """The words that are written, and the engines' phonemes for all of them."""

    written: tuple[str, ...]
    phonemes: str


def slots(words: Sequence[Word], *, british: bool) -> tuple[list[str], Iterator[Given]]:
    """The words with a slot for each mark in them, and what the slots hold, in their order.

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

    spoken = [PRONOUNCED.sub(slot, word.spoken) for word in words]
    return [PRIVATE.sub("", word).replace("\0", SLOT) for word in spoken], iter(given)
