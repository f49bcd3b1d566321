"""Letters to sounds by a table: at each place of a word the first row that fits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


class Letters:
    """Rows of a pattern (no groups in it that count) and the sounds of what it matches.

    Letters that no row takes are silent. The time is linear in the length of a word, as long as
    no pattern looks further than a few letters.
    """

    def __init__(self, rows: Iterable[tuple[str, str]]) -> None:
        known = tuple(rows)
        self._sounds = tuple(sound for _pattern, sound in known)
        self._pattern = re.compile("|".join(f"({pattern})" for pattern, _sound in known) + "|.")

    def sounds(self, word: str) -> str:
        """The sounds of a word, which is written in small letters."""
        return self._pattern.sub(self._sound, word)

    def _sound(self, found: re.Match[str]) -> str:
        return "" if found.lastindex is None else self._sounds[found.lastindex - 1]


def stressed(word: str, nuclei: Sequence[int], at: int, *, secondary: bool = True) -> str:
    """The word with a mark before the vowel that is stressed, the nucleus number `at`.

    With `secondary`, every second syllable from the first one on gets half a stress, as far as it
    is two syllables before the stressed one.
    """
    marks = {nuclei[number]: "ˌ" for number in range(0, at - 1, 2)} if secondary else {}
    marks[nuclei[at]] = "ˈ"
    return "".join(marks.get(place, "") + letter for place, letter in enumerate(word))
