"""What nobody here reads: letters of scripts that a voice's language is not written in, and emoji.

They are looked for before the text is cut, so that a client is told at once what is left out. In
place of what is taken out stand as many spaces: places in the text stay what they are. Which
words an engine makes of the rest is for its reader; what it refuses even so is told at the end.
"""

from __future__ import annotations

import functools
import itertools
import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from supervisor.speech import LeftOut

_LATIN = (
    "A-Za-z\u00aa\u00b5\u00ba\u00c0-\u02ff\u1d00-\u1dbf\u1e00-\u1eff\u2071\u207f\u2090-\u209c\u2c60-\u2c7f"
    "\ua720-\ua7ff\ufb00-\ufb06\uff21-\uff3a\uff41-\uff5a"
)
_ALWAYS = (
    "\u00b2\u00b3\u00b9\u00bc-\u00be\u2070-\u2089\u2100-\u218f\u2460-\u24ff\u2776-\u2793"
    "\U0001d400-\U0001d7ff\U0001f100-\U0001f1ff"
)
"""Figures, and letters that are signs, which every reader knows or leaves out by itself."""
_HAN = (
    "\u3005-\u3007\u3021-\u3029\u303b\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_KANA = "\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f"
_HANGUL = "\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff"
_CYRILLIC = "\u0400-\u052f\u1c80-\u1c8f\u2de0-\u2dff\ua640-\ua69f"
_GREEK = "\u0370-\u03ff\u1f00-\u1fff"
_ARABIC = "\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff\ufb50-\ufdff\ufe70-\ufeff"
_DEVANAGARI = "\u0900-\u097f\ua8e0-\ua8ff"

_LATIN_ONLY = (
    "af ca cs cy da de en es et eu fi fr ga gl hr hu id is it lt lv mt ms nb nl nn no pl pt ro sk "
    "sl sq sv sw tl tr vi"
)
_BESIDE: Final = {
    _LATIN_ONLY: "",
    "be bg kk ky mk mn ru sr uk": _CYRILLIC,
    "ar fa ps ur": _ARABIC,
    "hi mr ne sa": _DEVANAGARI,
    "el": _GREEK,
    "ja": _HAN + _KANA,
    "ko": _HAN + _HANGUL,
    "zh": _HAN + "\u3100-\u312f\u31a0-\u31bf",
}
_SCRIPTS: Final = {
    language: script for languages, script in _BESIDE.items() for language in languages.split()
}
"""What a language is written with beside Latin letters. A text in any other language is left to
its engine whole."""

_BETWEEN = r" \t\u00a0\u3000、。・「」『』…ー〜！？，．：；,.'’()-"
"""What stands between two words of a script, and goes with them."""

_SPEECH = re.compile(r"[^\W_²³¹\u2070\u2074-\u2079]")
EMOJI = re.compile(
    r"(?:(?:[\U0001f000-\U0001f0ff\U0001f18e\U0001f191-\U0001f19a\U0001f1e6-\U0001faff"
    r"\u231a\u231b\u23e9-\u23ec\u23f0\u23f3\u25fd\u25fe\u2614\u2615\u2648-\u2653\u267f\u2693\u26a1"
    r"\u26aa\u26ab\u26bd\u26be\u26c4\u26c5\u26ce\u26d4\u26ea\u26f2\u26f3\u26f5\u26fa\u26fd\u2705"
    r"\u270a\u270b\u2728\u274c\u274e\u2753-\u2755\u2757\u2795-\u2797\u27b0\u27bf\u2b1b\u2b1c\u2b50"
    r"\u2b55]|[\u203c-\u3299](?=\ufe0f))[\ufe0f\u200d\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]*)+"
)
_SIGN = re.compile(r"[%@#&+=<>$€£¥§©®°~^*/\\|±×÷√∞≈≠≤≥←→↑↓♥♪✓✗]")
_MOST_SIGNS = 24
_VISIBLE = re.compile(
    r"[^\s\x00-\x1f\x7f-\xa0\xad\u0300-\u036f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    r"\ue000-\ue00f\ufe00-\ufe0f\ufeff\ufff9-\ufffb]"
)
_SLICE: Final = 4_096
"""Characters that a step looks at."""


def has_speech(text: str) -> bool:
    """Whether anything in a text can be said: a letter, a number, or an emoji by its name. Small
    raised figures alone are the mark of a footnote.
    """
    return _SPEECH.search(text) is not None or EMOJI.search(text) is not None


def unread(language: str) -> re.Pattern[str] | None:
    """A pattern for words that a text in this language (a BCP 47 tag) is not read with; None
    where everything is the engine's.
    """
    return _unread(language.partition("-")[0].lower())


@functools.cache
def _unread(language: str) -> re.Pattern[str] | None:
    own = _SCRIPTS.get(language)
    if own is None:
        return None
    letter = rf"[^\W\d_{_LATIN}{_ALWAYS}{own}]"
    mark = r"[\u0300-\u036f\u0900-\u0903\u093a-\u094f\u0e31-\u0e4e]*"
    if own != _GREEK:  # One Greek letter is a sign, which readers name; several are a word.
        greek = f"[{_GREEK}]"
        letter += rf"(?:(?<!{greek})|(?<={greek}{greek})|(?={greek}))"
    return re.compile(
        rf"{letter}{mark}(?:[{_BETWEEN}]{{0,8}}{letter}{mark})*[、。！？，．」』]{{0,4}}"
    )


def slices(text: str) -> Iterator[tuple[int, str]]:
    """The text in slices, which end behind white space if they can, and where each begins."""
    at = 0
    while at < len(text):
        end = _end(text, at)
        yield at, text[at:end]
        at = end


def without(text: str, at: int, pattern: re.Pattern[str]) -> tuple[str, list[LeftOut]]:
    """A slice that begins at `at`, with spaces in place of what the pattern finds; and what that
    was.
    """
    found: list[LeftOut] = []
    return pattern.sub(functools.partial(_blank, at, found), text), found


def spelled(text: str, pattern: re.Pattern[str]) -> str:
    """The text with what the pattern finds letter by letter, by their names."""
    return pattern.sub(_spelled, text)


def without_emoji(text: str) -> str:
    """The text with spaces in place of its emoji."""
    return EMOJI.sub(lambda emoji: " " * len(emoji[0]), text)


def is_blank(text: str) -> bool:
    """Whether nothing can be seen of a text."""
    return _VISIBLE.search(text) is None


def emoji(text: str) -> str:
    """The first emoji of a text."""
    found = (emoji[0] for emoji in EMOJI.finditer(text[: _MOST_SIGNS * 8]))
    return " ".join(itertools.islice(found, _MOST_SIGNS))


def signs(text: str) -> str:
    """The first signs of a text that has neither letter nor number, which are read by their names.

    Empty if there are none, or a line of one sign alone, which is no word.
    """
    found = _SIGN.findall(text[: _MOST_SIGNS * 8])
    return "" if len(found) > 2 and len(set(found)) == 1 else " ".join(found[:_MOST_SIGNS])


def _end(text: str, at: int) -> int:
    end = min(at + _SLICE, len(text))
    if end == len(text):
        return end
    space = max(text.rfind(" ", at + _SLICE // 2, end), text.rfind("\n", at + _SLICE // 2, end))
    return space + 1 if space >= 0 else end


def _blank(at: int, found: list[LeftOut], run: re.Match[str]) -> str:
    letters = sum(character.isalpha() for character in run[0])
    found.append(LeftOut(what=_script(run[0][0]), at=at + run.start(), chars=letters))
    return " " * len(run[0])


def _script(letter: str) -> str:
    """Name of the script of a letter, as Unicode has it ("Hiragana", "Cyrillic")."""
    first = unicodedata.name(letter, "unknown letters").partition(" ")[0]
    return "Chinese characters" if first == "CJK" else first.capitalize()


def _spelled(run: re.Match[str]) -> str:
    names = (_letter_name(character) for character in run[0] if character.isalpha())
    return f" {', '.join(names)} "


_BEFORE_NAME = re.compile(r"^.*?\b(?:LETTER|SYLLABLE|LIGATURE|CHARACTER)\s+")


@functools.lru_cache(maxsize=4096)
def _letter_name(letter: str) -> str:
    """What a letter is called: "alpha", "de", "ko"; one without a name by its number."""
    name = unicodedata.name(letter, "")
    if name.startswith("CJK") or not name:
        return "U " + " ".join(f"{ord(letter):X}")
    name = re.sub(r"\b(?:SMALL|CAPITAL) ", "", name)
    return _BEFORE_NAME.sub("", name).lower().replace("-", " ")
