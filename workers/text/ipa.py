"""Phonemes as people write them, in the alphabet that the engines were trained on.

Dictionaries and clients write IPA, each in a manner of its own: stress before the syllable,
/r/ and /g/ as on a keyboard, tie bars, dots between syllables. The engines know Kokoro's
alphabet: one capital for a diphthong (`A` for /eɪ/), one letter for an affricate (`ʧ`), stress
right before the vowel, and length in British alone. What is in that alphabet already stays.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Mapping
from typing import Final

VOWELS: Final = "AIOQWYaeiouyæɑɒɔəɐɛɜɪøœɯɤʊʌᵊᵻ"
_CONSONANTS = "bcdfhjklmnpqstvwxzçðŋɕɖɟɡɣɥɰɲɳɴɸɹɻɽʁʂʃʈʋʎʒʝʤʧβθχʣʥʦʨT"
_NASAL = "\u0303"
ALPHABET: Final = frozenset(f"{VOWELS}{_CONSONANTS}{_NASAL}ˈˌː, ")
"""Every symbol that can come out: each of them is in the vocabulary of every engine."""

_KEYBOARD: Final[Mapping[str, str]] = {
    "'": "ˈ", "’": "ˈ", "ʼ": "ˈ", "´": "ˈ", ":": "ː", "g": "ɡ", "r": "ɹ", "ʔ": "t", "ɫ": "l",
    "ɬ": "l", "ɭ": "l", "ʟ": "l", "ʍ": "w", "ɱ": "m", "ʉ": "u", "ɵ": "ʊ", "ᵿ": "ʊ", "ɘ": "ə",
    "ɞ": "ɜ", "ɶ": "œ", "ʏ": "y", "ɨ": "ᵻ", "ʀ": "ʁ", "ɾ": "T", "ɺ": "T", "ɦ": "h", "ʙ": "b",
    "ʐ": "ʒ", "ʲ": "j", "ɚ": "əɹ", "ɝ": "ɜɹ",
}  # fmt: skip
"""One symbol of IPA, or one that is typed for it, where the engines have another."""

_COMPOSED: Final[Mapping[str, str]] = {
    "tʃ": "ʧ", "dʒ": "ʤ", "eɪ": "A", "ei": "A", "aɪ": "I", "ai": "I", "ɑɪ": "I", "ɔɪ": "Y",
    "ɔi": "Y", "ɔʏ": "Y", "oɪ": "Y", "oi": "Y", "aʊ": "W", "au": "W", "ɑʊ": "W", "oʊ": "O",
    "ou": "O", "əʊ": "O", "l\u0329": "ᵊl", "n\u0329": "ᵊn", "m\u0329": "ᵊm", "ɹ\u0329": "əɹ",
    "r\u0329": "əɹ",
}  # fmt: skip
"""Two symbols of IPA that are one sound, and one symbol of the engines (or a sound before it)."""

_TIES = str.maketrans("", "", "\u0361\u035c")
_TOGETHER = re.compile("|".join(map(re.escape, _COMPOSED)))
_OPTIONAL_R = re.compile("[(][rɹ][)]")
_STRESS = re.compile(f"([ˈˌ])([^ˈˌ {VOWELS}]{{1,8}})(?=[{VOWELS}])")
_NO_STRESS = re.compile("[ˈˌ]+(?=[ˈˌ])|[ˈˌ](?= |$)")

_NO_VOWEL_NEXT = f"(?!j?[ˈˌ]?[{VOWELS}])"
_AMERICAN = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        ("e(?=ː|$| )", "A"),
        ("[eɛ]ə(?=ɹ)", "ɛ"),
        ("[eɛ]ə", "ɛɹ"),
        ("([ɪʊ])ə(?=ɹ)", r"\1"),
        ("ɪə", "iə"),
        ("ɜː?(?!ː?ɹ)", "ɜɹ"),
        ("e", "ɛ"),
        ("[ɒa]", "ɑ"),
        ("[oQ]", "O"),
        ("ː", ""),
    )
)
"""British and general vowels as an American says them, one after the other."""

_BRITISH = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        ("e(?=ː|$| )ː?", "A"),
        ("[eɛ]ə", "ɛː"),
        ("e", "ɛ"),
        ("oː", "ɔː"),
        ("aː", "ɑː"),
        ("[oO]", "Q"),
        ("æ", "a"),
        ("ᵻ", "ɪ"),
        (f"([ɪʊ])ɹ{_NO_VOWEL_NEXT}", r"\1ə"),
        (f"ɛɹ{_NO_VOWEL_NEXT}", "ɛː"),
        (f"([IWY])ɹ{_NO_VOWEL_NEXT}", r"\1ə"),
        (f"([ɑɔɜ])(?![ː{_NASAL}])", r"\1ː"),
        (f"(?<=[ˈˌ])([iu])(?!ː)|([iu])(?=[{_CONSONANTS}])", r"\1\2ː"),
        (f"ɹ{_NO_VOWEL_NEXT}", ""),
    )
)
"""American and general vowels as an Englishman says them, one after the other."""

_FROM_AMERICAN = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        ("[Tɾ]", "t"),
        ("ɑ(?!ɹ|$| )", "ɒ"),
        ("i(?=ə)", "ɪ"),
        (f"(?<=[ˈˌ])([ɪʊ])(?=ɹ[ˈˌ]?[{VOWELS}])", r"\1ə"),
    )
)


def engine_phonemes(ipa: str, *, british: bool) -> str:
    """The sounds that somebody wrote in IPA, as the engines spell them; words keep their spaces.

    Symbols of neither alphabet are dropped. The time is linear in the length.
    """
    return (_remembered if len(ipa) <= _SHORT else _respelled)(ipa, british)


def _respelled(ipa: str, british: bool) -> str:  # noqa: FBT001 (private, and remembered by place)
    plain = unicodedata.normalize("NFD", ipa).replace("c\u0327", "ç").translate(_TIES)
    whole = _TOGETHER.sub(lambda pair: _COMPOSED[pair.group()], _OPTIONAL_R.sub("r", plain))
    spelled = "".join(_KEYBOARD.get(symbol, symbol) for symbol in whole)
    kept = "".join(symbol for symbol in spelled if symbol in ALPHABET)
    stressed = _STRESS.sub(r"\2\1", _NO_STRESS.sub("", kept))
    return " ".join(_changed(stressed, _BRITISH if british else _AMERICAN).split())


_SHORT = 64
"""Characters: what is longer is no name that comes again."""
_remembered = functools.lru_cache(1024)(_respelled)


def british_from_american(phonemes: str) -> str:
    """An American reading as it would be read in England: no /r/ but before vowels, long vowels."""
    return _changed(_changed(phonemes, _FROM_AMERICAN), _BRITISH)


def _changed(phonemes: str, sounds: tuple[tuple[re.Pattern[str], str], ...]) -> str:
    for pattern, sound in sounds:
        phonemes = pattern.sub(sound, phonemes)
    return phonemes
