"""The forms in which something is written that is no plain word: one pattern for a language.

What is said for each is for `scanning`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from supervisor.marks import PRONOUNCED
from workers.languages.alphabet import OPENING, PUNCTUATION
from workers.languages.writing import LATIN, Writing

COMBINING: Final = (
    "\u00ad\u0300-\u036f\u0900-\u0903\u093a-\u094f\u0951-\u0957\u0962\u0963\u200b-\u200d\u2060"
)
"""What may stand inside a word and is no letter by itself."""


_SPACE: Final = "[ \u00a0\u202f\u2009]?"
_LONGEST: Final = 64
"""Characters of a word; what is longer is several."""

_MOST_WORDS: Final = 7
"""English words that are read together, after the first."""

_TILDES: Final = "~～〜"
"""From here to there: of typewriters, of wide letters, and the wave of Japanese keyboards."""

_ENDS_OF_RANGES: Final = "点時时月日年号分曜一二三四五六七八九十"
"""What ends a place in time, from which a dash leads to another, where nothing stands between."""


VULGAR: Final = {
    "½": ("1", "2"),
    "⅓": ("1", "3"),
    "⅔": ("2", "3"),
    "¼": ("1", "4"),
    "¾": ("3", "4"),
}
AMERICAN = re.compile(r"[0-9]{1,3}(?:,[0-9]{3}){1,4}\.[0-9]{1,2}")
"""A sum with its marks the other way round; as both are there, nothing else can be meant."""


def pattern(writing: Writing) -> str:
    """A pattern for whatever may stand in a text of this language."""
    edge = r"\w" if writing.spaced else "[A-Za-z0-9_]"
    apart, alone = f"(?<!{edge})", f"(?!{edge})"
    behind = alone if writing.spaced else ""
    other = "." if writing.decimal == "," else ","
    mark = f"[{re.escape(writing.groups)}]"
    size = "2" if writing.lakhs else "3"
    amount = (
        rf"(?:[0-9]{{1,3}}(?:{mark}[0-9]{{{size}}}){{0,4}}{mark}[0-9]{{3}}(?![0-9])|[0-9]{{1,32}})"
        rf"(?:[{writing.decimal}{other}][0-9]{{1,12}}(?![0-9]))?"
    )
    money, units, short, signs = map(
        _any_of, (writing.money, writing.units, short_forms(writing), writing.signs)
    )
    word = f"[{LATIN}][{LATIN}'’]{{0,{_LONGEST}}}"
    latin = f"{word}(?: {word}){{0,{_MOST_WORDS}}}" if writing.latin else "(?!)"
    rulers = sorted(writing.rulers.split(), key=len)
    ruled = "|".join(f"(?<={apart}{ruler} )" for ruler in rulers)
    ruled = f"(?:{ruled})" if ruled else "(?!)"
    clock = f"(?P<time>[0-9]{{1,2}}[{writing.clock}][0-5][0-9])"
    kings = f"{ruled}[IVX]|{apart}[IVX](?={writing.ordinals}{alone})"
    roman = f"(?=[IVX])(?:{apart}[IVX]{{2,8}}|{kings})"
    if not writing.roman:
        roman = "(?!)"
    date = (
        "(?P<date>(?P<day>[0-9]{1,2})(?P<between>[/.-])(?P<month>[0-9]{1,2})"
        "(?P=between)(?P<year>[0-9]{4}))"
    )
    amount = rf"(?:{AMERICAN.pattern}(?![0-9])|{amount})"
    number = (
        rf"(?P<before>{money}){_SPACE}(?P<sum>{amount}){alone}"
        rf"(?:{_SPACE}(?P<scale>{writing.scales}){alone})?"
        rf"|(?P<paid>{amount}){_SPACE}(?P<behind>{money}){alone}"
        rf"|(?P<measure>{amount}){_SPACE}(?P<unit>{units}){alone}"
        rf"|(?P<place>[0-9]{{1,6}})(?P<ordinal>{writing.ordinals}){behind}"
        rf"|(?P<amount>{amount})"
    )
    phone = "0[0-9]{1,4}-[0-9]{2,4}-[0-9]{3,4}|[0-9]{3}-[0-9]{3,4}-[0-9]{3,4}"
    hours = f"[0-9]{{1,2}}[{writing.clock}][0-5][0-9]"
    until = f"(?<=[{writing.clock}][0-5][0-9])[-–{_TILDES}](?={hours}(?![0-9:]))"
    until += f"|(?<=[0-9])[{_TILDES}](?=[-−]?[0-9])"
    if not writing.spaced:
        until += f"|(?<=[{_ENDS_OF_RANGES}])[-–{_TILDES}](?=[0-9{writing.script}])"
    score = "(?:2[5-9]|[3-9][0-9]|[0-9]{3})[:：][0-9]{1,3}|[0-9]{1,3}[:：][0-9]"
    first = "(?<![0-9][:：])"
    score = f"{first}(?P<ratio>{score})(?![0-9:：])"
    code = "[0-9]{3,32}(?:-[0-9]{3,12}){0,3}"
    code = f"(?=[0-9]{{3}})(?:{writing.before_code})(?P<code>{code})(?![.,]?[0-9])"
    years = f"(?P<years>{'(?!)' if writing.spaced else writing.ordinals})?"
    each = f"(?:{_SPACE}(?P<each>{units}|{money}){alone})?"
    letter = rf"[{writing.script}][{COMBINING}]{{0,8}}"
    return "|".join(
        (
            f"(?P<mark>{PRONOUNCED.pattern})",
            f"{apart}{date}{alone}",
            rf"{apart}(?P<iso>[0-9]{{4}}(?P<dash>[-/.])[0-9]{{1,2}}(?P=dash)[0-9]{{1,2}}){alone}",
            f"{apart}(?P<phone>{phone})(?![-0-9])",
            code,
            rf"{apart}(?:{writing.before_time})(?P<dotted>[0-9]{{1,2}}[.][0-5][0-9])(?![.,]?[0-9])",
            rf"{apart}(?P<range>(?P<from>[0-9]{{1,4}})[-–{_TILDES}](?P<to>[0-9]{{1,4}}){years}{each})(?![-–/.,:]?[0-9])",
            rf"(?<![\w/.,])(?P<part>[0-9]{{1,2}}/[0-9]{{1,2}})(?![\d/])(?!{edge})",
            f"(?P<vulgar>[{''.join(VULGAR)}])",
            f"{apart}{score}" if writing.ratio else "(?!)",
            f"(?P<until>{until})",
            f"{apart}{first}{clock}(?![0-9:])(?:{_SPACE}(?:{writing.after_time}){alone})?",
            f"{apart}(?P<minus>[-−])?(?:{number})",
            rf"{apart}(?P<short>{short}){alone}",
            f"(?P<roman>{roman})(?P<nth>(?:{writing.ordinals})?){alone}",
            r"(?<=[0-9] )(?P<times>x)(?= [0-9])",
            rf"(?<=[^\W_])(?P<dot>[.])(?=[a-z]{{2}}){'' if writing.dot else '(?!)'}",
            f"(?P<latin>{latin})",
            rf"(?P<word>{letter}(?:['’]?{letter}){{0,{_LONGEST}}}['’]?)",
            r"(?P<figures>[0-9]{1,32})",
            r"(?P<foreign>[^\W\d_])",
            f"(?P<sign>{signs})",
            f"(?P<opening>[{re.escape(''.join(OPENING))}])",
            '(?P<quote>")',
            f"(?P<punctuation>[{re.escape(''.join(PUNCTUATION))}]+|(?<=\\s)-(?=\\s))",
        )
    )


def _any_of(words: Iterable[str]) -> str:
    """A pattern for any of these, the longest first; for none of them one that never fits."""
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True))) or "(?!)"


def short_forms(writing: Writing) -> dict[str, str]:
    """Abbreviations, those in small letters as a sentence begins with them, too; but one capital
    is somebody's name.
    """
    begun = {
        short[:1].upper() + short[1:]: said
        for short, said in writing.abbreviations.items()
        if len(short) > len("p.")
    }
    return {**begun, **writing.abbreviations}
