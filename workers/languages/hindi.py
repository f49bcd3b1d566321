"""Hindi: sounds by rules of our own, since Devanagari is written almost as it is spoken.

What it does not write is where the vowel /ə/, which every consonant carries, is silent: at the end
of a word, and between a syllable and the next in the middle of one.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from workers.languages import cardinals
from workers.languages.writing import Writing

_CONSONANTS: Final = {
    "क": "k", "ख": "kʰ", "ग": "ɡ", "घ": "ɡʰ", "ङ": "ŋ", "च": "c", "छ": "cʰ", "ज": "ɟ", "झ": "ɟʰ",
    "ञ": "ɲ", "ट": "ʈ", "ठ": "ʈʰ", "ड": "ɖ", "ढ": "ɖʰ", "ण": "ɳ", "त": "t", "थ": "tʰ", "द": "d",
    "ध": "dʰ", "न": "n", "प": "p", "फ": "pʰ", "ब": "b", "भ": "bʰ", "म": "m", "य": "j", "र": "ɾ",
    "ल": "l", "ळ": "l", "व": "ʋ", "श": "ʃ", "ष": "ʂ", "स": "s", "ह": "h",
}  # fmt: skip
_DOTTED: Final = {
    "क": "q", "ख": "x", "ग": "ɣ", "ज": "z", "ड": "r.", "ढ": "r.h", "फ": "f", "य": "j", "न": "n",
    "र": "ɾ",
}  # fmt: skip
"""Consonants with a dot below (nukta). For /ɽ/ the voices learned what espeak-ng writes: "r."."""
_LETTER_VOWELS: Final = {
    "अ": "ə", "आ": "aː", "इ": "ɪ", "ई": "iː", "उ": "ʊ", "ऊ": "uː", "ऋ": "ɾɪ", "ए": "eː", "ऐ": "ɛː",
    "ओ": "oː", "औ": "ɔː", "ऑ": "ɔː", "ऍ": "ɛː",
}  # fmt: skip
_SIGN_VOWELS: Final = {
    "ा": "aː", "ि": "ɪ", "ी": "iː", "ु": "ʊ", "ू": "uː", "ृ": "ɾɪ", "े": "eː", "ै": "ɛː", "ो": "oː",
    "ौ": "ɔː", "ॉ": "ɔː", "ॅ": "ɛː",
}  # fmt: skip
_NUKTA: Final = "़"
_VIRAMA: Final = "्"
_NASAL: Final = {"ं": "N", "ँ": "\u0303"}
_HOMORGANIC: Final = (
    ("pb", "m"), ("tdnsz", "n"), ("ʈɖ", "ɳ"), ("cɟ", "n"), ("kɡ", "ŋ"),
)  # fmt: skip
_SPECIAL: Final = {
    "में": "mẽː", "मैं": "mɛ̃ː", "है": "hɛː", "हैं": "hɛ̃", "यह": "jˌeː", "वह": "ʋˌoː", "और": "ɔːɾ",
    "के": "keː", "की": "ki", "का": "kaː", "को": "koː", "से": "seː", "ने": "neː", "पर": "pəɾ",
    "ये": "jeː", "वे": "ʋeː", "तो": "toː", "भी": "bʰi", "ही": "hi", "ज्ञान": "ɡjˈaːn",
    "नहीं": "nˈʌhĩ", "हूँ": "hũ", "हूं": "hũ", "था": "tʰaː", "थी": "tʰi", "थे": "tʰeː",
    "थीं": "tʰĩ", "रहा": "ɾˌəhaː", "रहे": "ɾˌəheː", "रही": "ɾˌəhi", "हम": "hˌəm", "तुम": "tˌʊm",
    "आप": "ˌaːp", "तक": "tˌək", "क्या": "kjˌaː",
}  # fmt: skip


class _Unit:
    """A consonant or none, and the vowel after it: "ə" is one that nobody wrote."""

    __slots__ = ("consonant", "nasal", "vowel", "written")

    def __init__(self, consonant: str, vowel: str, *, written: bool) -> None:
        self.consonant, self.vowel, self.written, self.nasal = consonant, vowel, written, ""


def sounds(words: Sequence[str]) -> list[str]:
    """Phonemes of words that are said without a pause, one for each."""
    return [_word(word) for word in words]


@functools.lru_cache(4096)
def _word(word: str) -> str:
    known = _SPECIAL.get(word)
    return known if known is not None else _stressed(_silenced(_units(word)))


def _units(word: str) -> list[_Unit]:
    units: list[_Unit] = []
    for letter in unicodedata.normalize("NFC", word).replace("ज्ञ", "ग्य"):
        if letter in _CONSONANTS:
            units.append(_Unit(_CONSONANTS[letter], "ə", written=False))
        elif letter in _LETTER_VOWELS:
            units.append(_Unit("", _LETTER_VOWELS[letter], written=True))
        elif not units:
            continue
        elif letter == _NUKTA:
            undotted = next((k for k, v in _CONSONANTS.items() if v == units[-1].consonant), "")
            units[-1].consonant = _DOTTED.get(undotted, units[-1].consonant)
        elif letter == _VIRAMA:
            units[-1].vowel, units[-1].written = "", True
        elif letter in _SIGN_VOWELS:
            units[-1].vowel, units[-1].written = _SIGN_VOWELS[letter], True
        elif letter in _NASAL:
            units[-1].nasal, units[-1].written = _NASAL[letter], True
        elif letter == "ः":
            units[-1].written = True
    return units


def _silenced(units: list[_Unit]) -> list[_Unit]:
    """Without the vowels that are not said: the last one, and those between two syllables."""
    if len(units) > 1 and not units[-1].written:
        kept = units[-2].vowel == "" and units[-1].consonant == "ɾ"  # मित्र cannot end in /tr/.
        units[-1].vowel = "ə" if kept else ""
    for place in range(len(units) - 2, 0, -1):
        unit, before, after = units[place], units[place - 1], units[place + 1]
        if unit.written or unit.vowel != "ə" or unit.consonant in {"", "h"}:
            continue
        if before.vowel and after.vowel and after.consonant and before.nasal != "N":
            unit.vowel = ""
    return units


def _nasal(unit: _Unit, following: str) -> str:
    if unit.nasal != "N" or "ː" in unit.vowel:
        return "\u0303" if unit.nasal else ""
    for consonants, nasal in _HOMORGANIC:
        if following[:1] and following[0] in consonants:
            return nasal
    return "\u0303"


def _stressed(units: list[_Unit]) -> str:
    """The sounds, with a stress on the heaviest syllable, and on a later one before the last."""
    nuclei = [place for place, unit in enumerate(units) if unit.vowel]
    weights = [_weight(units, place) for place in nuclei]
    at = _stress(weights) if nuclei else -1
    said: list[str] = []
    for place, unit in enumerate(units):
        following = units[place + 1].consonant if place + 1 < len(units) else ""
        vowel, nasal = unit.vowel, _nasal(unit, following)
        if nasal == "\u0303" and vowel:
            vowel, nasal = vowel.replace("ː", "") + nasal, ""
        if vowel == "iː" and place == len(units) - 1:
            vowel = "i"
        if nuclei and place == nuclei[at] and (len(nuclei) > 1 or vowel):
            vowel = f"ˈ{vowel.replace('ə', 'ʌ')}"
        said.append(f"{unit.consonant}{vowel}{nasal}")
    return _DOUBLED.sub(r"\1ː", "".join(said))


_DOUBLED = re.compile("([bdɡkptʈɖɟcmnlsʃ])(?=\\1)\\1")


def _weight(units: Sequence[_Unit], place: int) -> int:
    """1 to 3 for a syllable: its vowel, and whether a consonant closes it."""
    unit = units[place]
    closed = place + 1 < len(units) and (
        not units[place + 1].vowel or (unit.nasal == "N" and "ː" not in unit.vowel)
    )
    return 1 + ("ː" in unit.vowel) + closed


def _stress(weights: Sequence[int]) -> int:
    last = len(weights) - 1
    if last == 0:
        return 0
    if weights[last] == 3 and max(weights[:last]) < 3:
        return last
    heaviest = max(weights[:last])
    if heaviest == 1:
        return 0
    return max(place for place in range(last) if weights[place] == heaviest)


_MONTHS: Final = "जनवरी फ़रवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर".split()


def _date(day: int, month: int, year: int | None) -> str:
    said = f"{cardinals.hindi(day)} {_MONTHS[month - 1]}"
    return f"{said} {_figures(str(year))}" if year else said


def _figures(figures: str) -> str:
    """A number of four figures, such as a year: उन्नीस सौ सत्तावन."""
    number = int(figures)
    if not 1100 <= number < 2000:
        return cardinals.hindi(number)
    hundreds, rest = divmod(number, 100)
    said = f"{cardinals.hindi(hundreds)} सौ"
    return f"{said} {cardinals.hindi(rest)}" if rest else said


_FIRST: Final = {1: "पहला", 2: "दूसरा", 3: "तीसरा", 4: "चौथा", 6: "छठा"}


def _ordinal(number: int, written: str) -> str:
    if written.startswith("व"):
        return f"{cardinals.hindi(number)}{written}"
    return _FIRST.get(number, f"{cardinals.hindi(number)} {written}")


def _time(hours: int, minutes: int) -> str:
    said = cardinals.hindi(hours)
    return f"{said} बजकर {cardinals.hindi(minutes)} मिनट" if minutes else f"{said} बजे"


_FRACTIONS: Final = {
    (1, 2): "आधा", (1, 4): "एक चौथाई", (3, 4): "तीन चौथाई", (1, 3): "एक तिहाई", (2, 3): "दो तिहाई",
}  # fmt: skip

WRITING: Final = Writing(
    cardinal=cardinals.hindi,
    decimal=".",
    point="दशमलव",
    groups=",\u00a0\u202f\u2009",
    minus="माइनस",
    date=_date,
    time=_time,
    after_time="बजे",
    dot="डॉट",
    lakhs=True,
    scales="हज़ार|लाख|करोड़",
    money={
        "₹": ("रुपया", "रुपये"), "$": ("डॉलर", "डॉलर"), "€": ("यूरो", "यूरो"), "£": ("पाउंड", "पाउंड"),
    },
    cents=lambda whole, cents: f"{whole} {cents} पैसे",
    units={
        "%": ("प्रतिशत", "प्रतिशत"), "km": ("किलोमीटर", "किलोमीटर"), "m": ("मीटर", "मीटर"),
        "cm": ("सेंटीमीटर", "सेंटीमीटर"), "kg": ("किलो", "किलो"), "g": ("ग्राम", "ग्राम"),
        "°C": ("डिग्री", "डिग्री"), "कि.मी.": ("किलोमीटर", "किलोमीटर"), "L": ("लीटर", "लीटर"),
    },
    till="से",
    fraction=lambda part, whole: _FRACTIONS.get((part, whole), ""),
    hundredths=("पैसा", "पैसे"),
    signs={"&": "और", "+": "प्लस", "=": "बराबर", "@": "ऐट", "%": "प्रतिशत"},
    abbreviations={
        "डॉ.": "डॉक्टर", "श्री.": "श्री", "रु.": "रुपये", "Rs.": "रुपये", "प्रो.": "प्रोफ़ेसर", "नं.": "नंबर",
    },
    ordinals="वीं|वां|वाँ|वें|ला|रा|था|ठा",
    ordinal=_ordinal,
    script="\u0904-\u0939\u0950\u0958-\u0961\u0972-\u097f",
    latin=True,
    figure_by_figure=True,
)  # fmt: skip
