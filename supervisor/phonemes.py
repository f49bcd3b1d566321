"""The alphabet of phonemes: what may stand in a pronunciation, and what to write in its place.

It is IPA as far as the engines speak it, with the single letters of Kokoro's alphabet for
diphthongs (A as in "day", I as in "my"). How an engine says a phoneme is left to its reader.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

LONGEST: Final = 200
"""Symbols of one pronunciation."""

SOUNDS: Final = (
    "abcdefghijklmnopqrstuvwxyzæçðøœŋβθχɐɑɒɔɕɖəɚɛɜɟɡɣɤɥɨɪɯɰɲɳɴɸɹɻɽɾʁʂʃʈʊʋʌʎʒʔʝʣʤʥʦʧʨꭧᵊᵻAIOQTWY"
)
"""What is heard by itself."""

SIGNS: Final = "ˈˌ'ː.ʰʲᵝ↓→↗↘\u0303\u035c\u0361 "
"""What says how a sound beside it is said: stress, length, the end of a syllable or of a word,
aspiration, palatal and compressed sounds, tones, nasal vowels, ties."""

_NASAL: Final = {vowel: unicodedata.normalize("NFD", vowel) for vowel in "ãẽĩõũ"}
_ONE_FORM: Final = str.maketrans({**_NASAL, "'": "ˈ", "g": "ɡ"})
_SPACE: Final = re.compile(r"\s")
_KNOWN: Final = re.compile(f"[{SOUNDS}{re.escape(SIGNS)}{''.join(_NASAL)}]*")
_SOUND: Final = re.compile(f"[{SOUNDS}{''.join(_NASAL)}]")

_SAMPA: Final = {
    "{": "æ", "}": "u", "@": "ə", "&": "œ", "?": "ʔ", ":": "ː", '"': "ˈ", "%": "ˌ", "_": "\u0361",
    "~": "\u0303",
    "2": "ø", "3": "ɜ", "4": "ɾ", "5": "l", "6": "ɐ", "7": "ɤ", "8": "ə", "9": "œ",
    "B": "β", "C": "ç", "D": "ð", "E": "ɛ", "F": "m", "G": "ɣ", "H": "ɥ", "J": "ɲ", "K": "l",
    "L": "ʎ", "M": "ɯ", "N": "ŋ", "P": "ʋ", "R": "ɹ", "S": "ʃ", "U": "ʊ", "V": "ʌ", "X": "χ",
    "Z": "ʒ",
}  # fmt: skip
"""IPA in ASCII, as SAMPA has it."""

_TYPED: Final = {
    ",": "ˌ", "-": ".", "·": ".", "‧": ".", "’": "ˈ", "ʼ": "ˈ", "′": "ˈ", "`": "ˈ",
    "ꞌ": "ˈ", "‿": "\u0361", "ˑ": "ː", "ε": "ɛ", "ɩ": "ɪ", "ɷ": "ʊ", "ǝ": "ə", "∅": "ø", "φ": "ɸ",
    "ϑ": "θ", "γ": "ɣ", "ʹ": "ˈ", "ß": "β", "ñ": "ɲ", "ş": "ʃ", "š": "ʃ", "ž": "ʒ", "č": "ʧ",
}  # fmt: skip
"""What looks like the right symbol, or is written in its place."""

_NARROW: Final = {
    "ɝ": "ɜɹ", "ʳ": "ɹ", "˞": "ɹ", "ɫ": "l", "ɬ": "l", "ɭ": "l", "ɱ": "m", "ʍ": "w", "ʷ": "w",
    "ɦ": "h", "ʱ": "ʰ", "ʏ": "y", "ɵ": "ə", "ɘ": "ə", "ɞ": "ɜ", "ʉ": "u", "ʀ": "ʁ", "ɺ": "ɾ",
    "ʑ": "ʒ", "ʐ": "ʒ", "ɮ": "l", "ɢ": "ɡ", "ħ": "h", "ɶ": "œ", "ɓ": "b", "ɗ": "d", "ɠ": "ɡ",
    "\u0329": "ᵊ", "ⁿ": "n", "ˡ": "l", "˥": "→", "˦": "→", "˧": "→", "˩": "↓",
}  # fmt: skip
"""Sounds that no engine has a symbol for, and the nearest that they have."""

_LIKELY: Final = {**_SAMPA, **_TYPED, **_NARROW}

_PLAIN_WORDS: Final = frozenset(
    ("LATIN", "GREEK", "SMALL", "CAPITAL", "LETTER", "MODIFIER", "WITH", "AND", "OF")
)
"""Words in the name of a character that say nothing of what it looks like."""


class PhonemeError(ValueError):
    """Phonemes that nobody can say; the message is one line that says why."""


def one_form(phonemes: str) -> str:
    """The same pronunciation, without slashes around it, in the one form that readers know.

    Nasal vowels are two characters, stress is ˈ, the g is IPA's ɡ, spaces are single. Raises
    PhonemeError, which names the first wrong symbol, its place counted from 1, and what to write
    for it.
    """
    if len(phonemes) > 4 * LONGEST:  # No symbol has more characters before they are composed.
        raise _too_long()
    composed = _SPACE.sub(" ", unicodedata.normalize("NFC", phonemes))
    if len(composed) > LONGEST:
        raise _too_long()
    known = _KNOWN.match(composed)
    place = known.end() if known is not None else 0
    if place < len(composed):
        raise _unknown(composed[place], place + 1)
    if _SOUND.search(composed) is None:
        raise PhonemeError("there is no sound between the slashes: write phonemes, as in /wɪn/")
    return " ".join(composed.translate(_ONE_FORM).split())


def _too_long() -> PhonemeError:
    return PhonemeError(f"a pronunciation has at most {LONGEST} phonemes")


def _unknown(symbol: str, place: int) -> PhonemeError:
    code = f"U+{ord(symbol):04X}"
    named = f"{_shown(symbol)!r} ({code})" if symbol.isprintable() else code
    return PhonemeError(f"{named}, symbol {place}, is no phoneme here; {_advice(symbol)}")


@lru_cache(1024)
def _advice(symbol: str) -> str:
    """What to do about a symbol that is none of the alphabet."""
    near = _LIKELY.get(symbol) or _without_marks(symbol)
    if near is None and not symbol.isalnum():
        return "leave it out"
    near = near or _named_alike(symbol)
    return f"nearest: {_shown(near)}" if near else "write the sound in IPA"


def _shown(symbol: str) -> str:
    """The symbol for a message: a mark that stands on letters has a circle for one."""
    return f"◌{symbol}" if unicodedata.combining(symbol[0]) else symbol


def _without_marks(symbol: str) -> str | None:
    """The letter that this one is made of: e for é."""
    base = unicodedata.normalize("NFKD", symbol)[0]
    for letter in (base, base.lower()):
        if letter != symbol and letter in SOUNDS:
            return letter
    return _LIKELY.get(base)


def _named_alike(symbol: str) -> str | None:
    """The phoneme whose Unicode name has most words in common with this character's."""
    words = _words(symbol)

    def likeness(phoneme: str) -> float:
        other = _words(phoneme)
        return len(words & other) / len(words | other) if words | other else 0.0

    nearest = max(SOUNDS, key=likeness)
    return nearest if likeness(nearest) else None


@lru_cache(1024)
def _words(symbol: str) -> frozenset[str]:
    return frozenset(unicodedata.name(symbol, "").split()) - _PLAIN_WORDS
