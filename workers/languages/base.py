"""What a reader of a language is, and what it says of a text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, Protocol

import msgspec


class Said(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Words that are said one after another for one stretch of the text.

    `spoken`: the words, with the punctuation that stands around them; `phonemes`: the same in
    Kokoro's alphabet. `start` and `end`: the place of what was written, in characters.
    """

    spoken: str
    phonemes: str
    start: int
    end: int


class LanguageReader(Protocol):
    """Reads texts of one language. It keeps no state between calls, so threads may share it.

    There is one for each language and process (`readers.reader`), loaded with the first text.
    """

    def read(self, text: str) -> Sequence[Said]:
        """All that is said for a text, in its order; what cannot be read is left out.

        The text may hold marks of pronunciations (`supervisor.marks`), and no others. The time
        is linear in its length.
        """
        ...


def as_written(said: Sequence[Said]) -> str:
    """The words of all of it, as they would be written: with spaces where the language has them."""
    return _UNSPACED.sub("", " ".join(part.spoken for part in said))


_WIDE: Final = "[\u3005-\u3007\u3041-\u30ff\u3400-\u9fff\uf900-\ufaff]"
_UNSPACED = re.compile(f"(?<={_WIDE}) (?={_WIDE})")


def line(said: Sequence[Said]) -> str:
    """The phonemes of all of it, as one line."""
    return " ".join(part.phonemes for part in said if part.phonemes)
