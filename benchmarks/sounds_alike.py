"""Texts of a language cut into what they sound like, so that spelling is not what is compared.

Figures, abbreviations and signs become words as the readers here say them. Of words that sound the
same one stands for all; espeak-ng says which, which reads nothing here. Mandarin is compared by
syllables with their tones, Japanese by kana.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final

from benchmarks.aside import ESPEAK, SIMPLIFIED, ask
from workers.languages import readers

_ESPEAK_NAMES: Final = {
    "es": "es", "fr": "fr-fr", "hi": "hi", "it": "it", "pt": "pt-br",
}  # fmt: skip
_BETWEEN = re.compile(r"[^\w'\u0900-\u0963\u0966-\u097f]+")
_UNHEARD = re.compile(r"[ˈˌ()\-]")
_KANA = re.compile("[\u30a1-\u30fa\u30fc]")
_ALL_KANA = re.compile("[\u30a1-\u30fa\u30fc]*")

_HIRAGANA: Final = {code: code + 0x60 for code in range(0x3041, 0x3097)}
_ROWS: Final = {
    "ア": "アカガサザタダナハバパマヤラワァャ", "イ": "イキギシジチヂニヒビピミリィ",
    "ウ": "ウクグスズツヅヌフブプムユルゥュヴ", "エ": "エケゲセゼテデネヘベペメレェ",
    "オ": "オコゴソゾトドノホボポモヨロヲォョ",
}  # fmt: skip
_VOWEL_OF: Final = {kana: vowel for vowel, row in _ROWS.items() for kana in row}
_LENGTHENS: Final = {"アア", "イイ", "ウウ", "エエ", "エイ", "オオ", "オウ"}
_SAME_KANA: Final = str.maketrans({"ヂ": "ジ", "ヅ": "ズ", "ヲ": "オ"})


def sounds(language: str, texts: Sequence[str]) -> dict[str, list[str]]:
    """What is compared of each text: what it sounds like, a word, a syllable or a kana each.

    Raises LeftOut where a program that judges is not to be had.
    """
    if language == "zh":
        simple = zip(texts, map(_particle, ask(SIMPLIFIED, texts)), strict=True)
        return {text: _pinyin(_spoken(language, same)) for text, same in simple}
    if language == "ja":
        return {text: _kana(_spoken(language, text)) for text in texts}
    spoken = {text: words(_spoken(language, text)) for text in texts}
    known = _espeak(language, {word for said in spoken.values() for word in said})
    one = {sound: word.replace("'", "") for word, sound in known.items()}
    return {text: [one[known[word]] for word in said] for text, said in spoken.items()}


def words(text: str) -> list[str]:
    """The words of a text in small letters, without punctuation."""
    plain = unicodedata.normalize("NFC", text.lower().replace("\u2019", "'"))
    found = (word.strip("'_") for word in _BETWEEN.sub(" ", plain).split())
    return [word for word in found if word]


def _spoken(language: str, text: str) -> str:
    """The text with figures as words."""
    return " ".join(part.spoken for part in readers.reader(language).read(text))


def _espeak(language: str, words: set[str]) -> Mapping[str, str]:
    asked = sorted(words)
    heard = ask(ESPEAK, [[_ESPEAK_NAMES[language], word] for word in asked])
    return {word: _UNHEARD.sub("", sound) for word, sound in zip(asked, heard, strict=True)}


def _particle(text: str) -> str:
    """着 for the 著 of Taiwan, but not where the mainland writes that one, too (著名)."""
    return re.sub("(?<![名显土原编专巨论])著(?![名作称述])", "着", text)


def _pinyin(text: str) -> list[str]:
    from pypinyin import Style, lazy_pinyin  # noqa: PLC0415 - comes with an extra

    return [
        syllable
        for syllable in lazy_pinyin(text, style=Style.TONE3, errors="ignore")
        if syllable.strip()
    ]


def _kana(text: str) -> list[str]:
    """Kana as they are said: a text in katakana as it stands, any other as pyopenjtalk reads it."""
    import pyopenjtalk  # noqa: PLC0415 - comes with an extra

    said = text if _ALL_KANA.fullmatch(text) else str(pyopenjtalk.g2p(text, kana=True))
    return list(lengthened("".join(_KANA.findall(said.translate(_HIRAGANA)))))


def lengthened(kana: str) -> str:
    """Katakana with a mark for each vowel that only makes the one before it longer."""
    said = ""
    vowel = ""
    for sign in kana.translate(_SAME_KANA):
        if sign in "アイウエオ" and vowel + sign in _LENGTHENS:
            said += "ー"
        else:
            said += sign
            vowel = vowel if sign == "ー" else _VOWEL_OF.get(sign, "")
    return said
