"""Kokoro's alphabet, as far as readers of languages need to know it: punctuation, and sounds that
others write in plain IPA.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

PUNCTUATION: Final[Mapping[str, str]] = {
    ";": ";", ":": ":", ",": ",", ".": ".", "!": "!", "?": "?", "—": "—", "–": "—", "…": "…",
    ")": ")", "]": ")", "}": ")", "”": "”", "»": "”", "’’": "”",
    "、": ",", "，": ",", "。": ".", "．": ".", "｡": ".", "！": "!", "？": "?", "：": ":",
    "；": ";",
    "）": ")", "」": "”", "』": "”", "》": "”", "〉": "”", "】": "”", "～": "—", "・": ",",
    "।": ".", "॥": ".", "‥": "…", "⋯": "…", "‒": "—", "―": "—", "|": ",", "·": ",", "•": ",",
}  # fmt: skip
"""What stands after a word, and the symbol for it."""

OPENING: Final[Mapping[str, str]] = {
    "(": "(", "[": "(", "{": "(", "“": "“", "«": "“", "„": "“", "（": "(", "「": "“", "『": "“",
    "《": "“", "〈": "“", "【": "“", "¿": "", "¡": "",
}  # fmt: skip
"""What stands before a word, and the symbol for it."""

_PAIRS: Final[Mapping[str, str]] = {
    "aɪ": "I", "aʊ": "W", "dz": "ʣ", "dʒ": "ʤ", "eɪ": "A", "oʊ": "O", "əʊ": "Q", "ts": "ʦ",
    "tʃ": "ʧ", "ɔɪ": "Y", "tɕ": "ʨ", "dʑ": "ʥ",
}  # fmt: skip
"""What the alphabet has one symbol for."""
_TIED = re.compile("([a-zɪʊɔəʃʒɕʑ])[\u0361\u035c^]([a-zɪʊɔəʃʒɕʑ])")
_PAIR = re.compile("|".join(map(re.escape, _PAIRS)))
_OTHER: Final = str.maketrans({"g": "ɡ", "'": "ˈ", "’": "ˈ", "ʼ": None, "-": None, "ɫ": "l"})
_VOWELS: Final = "aeiouyæɑɐɒɔəɚɛɜɨɪøœɯʊʌᵻAIOQSTWY"
_STRESS = re.compile(f"([ˈˌ])([^ˈˌ {_VOWELS}]{{1,8}})(?=[{_VOWELS}])")


def tied(ipa: str) -> str:
    """IPA with one symbol for each pair that a tie binds together (`^` is a tie as well)."""

    def one(found: re.Match[str]) -> str:
        pair = found[1] + found[2]
        return _PAIRS.get(pair, pair)

    return _TIED.sub(one, ipa)


def from_ipa(ipa: str) -> str:
    """Sounds that somebody wrote in IPA, for voices of any language but English.

    Tied or not, affricates and diphthongs become one symbol, and stress goes to the vowel.
    """
    plain = tied(unicodedata.normalize("NFD", ipa)).translate(_OTHER).replace("c\u0327", "ç")
    whole = _PAIR.sub(lambda pair: _PAIRS[pair[0]], plain)
    return _STRESS.sub(r"\2\1", whole).strip()


_NASAL = re.compile("[\u00e3\u1ebd\u0129\u00f5\u0169]")


def spelled(sounds: str) -> str:
    """Sounds with the tilde of a nasal vowel as a symbol of its own, as the alphabet has it."""
    if sounds.isascii():
        return sounds
    return _NASAL.sub(lambda vowel: unicodedata.normalize("NFD", vowel[0]), sounds)


def marks(written: str) -> str:
    """A run of punctuation in the alphabet, each mark once."""
    known = [PUNCTUATION[mark] for mark in written.replace("...", "…") if mark in PUNCTUATION]
    return "".join(dict.fromkeys(known))[:3]
