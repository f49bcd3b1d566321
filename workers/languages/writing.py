"""How a language writes what is no word: the tables and functions that its module brings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

LATIN: Final = "A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff"
HAN: Final = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"


class Writing(msgspec.Struct, frozen=True, kw_only=True):
    """How a language writes what is no word, and what it says for it.

    `cardinal`: a whole number below `LIMIT` in words. `decimal`: the mark before a fraction,
    `point` the word for it. `groups`: what may stand between thousands. `counted`: a number in
    words as it is said before the next word. `date`: a day, a month of 1 to 12, and a year or None;
    `time`: hours and minutes. `money` and `units`: what one and what many are called; `cents`: a
    sum in words, and the words for its hundredths. `letters`: names of letters, for capitals that
    are no word. `ordinals`: a pattern of what stands behind a number to make it an ordinal;
    `ordinal` says it. `clock`: what stands between hours and minutes, and `after_time` what may
    stand behind them and is said with them. `dot`: the one in an address. `roman`: capitals may be
    a number; ordinals say it, and one capital behind a name of `rulers` is one. `scales`: a pattern
    of words that make a number larger, and `of` what joins money to them. `script`: the letters
    that it is written in, as in a class of a pattern; no others are read. `till`: what is said
    between the ends of a range. `fraction`: a part of a whole in words, where it has a name;
    `hundredths`: what one and many of them are called where a sum is nothing else. `before_time`: a
    look behind for words that make figures with a full stop a time. `lakhs`: groups of two figures.
    `latin`: words in Latin letters are English. `spaced`: there are spaces between words.
    `figure_by_figure`: so a fraction is said. `placed`: characters that make the number behind them
    a place in an order. `before_code`: a look behind for words that have figures said one by one.
    `ratio`: what is said between figures with a colon that are no time. Names of units and
    money with "{}" in them have the number there.
    """

    cardinal: Callable[[int], str]
    decimal: str
    point: str
    groups: str
    minus: str
    date: Callable[[int, int, int | None], str]
    time: Callable[[int, int], str]
    money: Mapping[str, tuple[str, str]]
    cents: Callable[[str, str], str] | None
    units: Mapping[str, tuple[str, str]]
    signs: Mapping[str, str]
    till: str
    fraction: Callable[[int, int], str]
    letters: Mapping[str, str] = {}
    abbreviations: Mapping[str, str] = {}
    counted: Callable[[str, str], str] = lambda said, _next: said
    ordinals: str = "(?!)"
    ordinal: Callable[[int, str], str] = lambda _number, _written: ""
    clock: str = ":"
    after_time: str = "(?!)"
    dot: str = ""
    roman: bool = False
    rulers: str = ""
    scales: str = "(?!)"
    script: str = LATIN
    hundredths: tuple[str, str] = ("", "")
    before_time: str = "(?!)"
    of: str = ""
    lakhs: bool = False
    latin: bool = False
    spaced: bool = True
    figure_by_figure: bool = False
    placed: str = ""
    before_code: str = "(?!)"
    ratio: str = ""
