"""Dates, days and months. Americans read 4/5 as April, British readers as May."""

from __future__ import annotations

import re

from workers.text import numbers, times
from workers.text.rules import (
    Manner,
    Rule,
    after,
    alternatives,
    before,
    before_sentence,
    ends_sentence,
    spaced,
    word_before,
)

_NAMES = (
    "January February March April May June July August September October November December"
).split()
MONTHS = {name[:3].lower(): name for name in _NAMES} | {name.lower(): name for name in _NAMES}
MONTHS["sept"] = "September"
_WEEK = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
DAYS = {name[:3].lower(): name for name in _WEEK} | {
    "tues": "Tuesday",
    "weds": "Wednesday",
    "thur": "Thursday",
    "thurs": "Thursday",
}
_MONTH = alternatives([*_NAMES, *(name[:3] for name in _NAMES), "Sept"])
_DAY = alternatives([name.capitalize() for name in DAYS])
_WORDS_TOO = {"mar", "jun", "may", "jan", "dec", "sun", "sat", "wed", "mon"}
"""Short forms that are names or words of their own: read as days and months beside a date only."""

_MONTH_LINKS = frozenset(
    "in since until till by of from to last next this early late mid before after".split()
)


def date(year: str | None, month: int, day: int, manner: Manner) -> str | None:
    """A date in words; None if there is no such day."""
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    nth = numbers.ordinal(day, manner.british)
    name = _NAMES[month - 1]
    words = f"the {nth} of {name}" if manner.british else f"{name} {nth}"
    return f"{words} {numbers.year(int(year), manner.british)}" if year else words


def _whole_year(written: str) -> str:
    if len(written) == 4:
        return written
    return ("19" if int(written) > 40 else "20") + written


def _iso(found: re.Match[str], manner: Manner) -> str | None:
    said = date(found.group(1), int(found.group(3)), int(found.group(4)), manner)
    clock = found.group("clock")
    if not said or not clock:
        return said
    time = times.clock(int(clock[:2]), int(clock[3:]), bare=False, british=manner.british)
    return f"{said}, {time}"


def _slashed(found: re.Match[str], manner: Manner) -> str | None:
    first, mark, second, year = found.group(1, 2, 3, 4)
    if mark == "." and len(year) == 2:
        return None
    if mark == "-" and len(year) == 2 and len(first) + len(second) < 4:
        return None
    day_first = manner.british or mark == "."
    pairs = [(int(second), int(first)), (int(first), int(second))]
    for month, day in pairs if day_first else pairs[::-1]:
        said = date(_whole_year(year), month, day, manner)
        if said:
            return said
    return None


_DATE_CUES = frozenset("on by until till since before after from due dated date".split())


def _short(found: re.Match[str], manner: Manner) -> str | None:
    cue = word_before(found).lower()
    if cue not in _DATE_CUES and cue not in DAYS and not cue.endswith("day"):
        return None
    first, second = int(found.group(1)), int(found.group(2))
    if (first, second) == (9, 11):
        return "nine eleven"
    if re.match(r"\s(?:of|cup|mile|inch|full)\b", after(found)):
        return None
    month, day = (second, first) if manner.british else (first, second)
    return date(None, month, day, manner) or date(None, day, month, manner)


def _is_verb(found: re.Match[str]) -> bool:
    """Whether "3 May" is "three may", of a sentence that goes on."""
    dated = found.group("th") or found.group("year") or word_before(found).lower() in _DATE_CUES
    return not dated and re.match(r"\s[a-z]", after(found)) is not None


def _day_and_month(found: re.Match[str], manner: Manner) -> str | None:
    day, month, year = int(found.group("day")), found.group("month"), found.group("year")
    first = found.group("from")
    if (
        not 1 <= day <= 31
        or (first and not 1 <= int(first) <= 31)
        or (month == "May" and _is_verb(found))
    ):
        return None
    words = f"{numbers.ordinal(day, manner.british)} of {MONTHS[month.lower()]}"
    if first:
        link = "and" if found.group("link").strip() in {"and", "&"} else "to"
        words = f"{numbers.ordinal(int(first), manner.british)} {link} {words}"
    if word_before(found).lower() not in {"the", "this", "that"}:
        words = f"the {words}"
    if year:
        words += f" {numbers.year(int(year), manner.british)}"
    return words + _stop(found)


_NO_DATE = re.compile(r" (?:miles|km|kilomet(?:er|re)s|steps|times|in \d|of \d|per)\b")


def _month_and_day(found: re.Match[str], manner: Manner) -> str | None:
    name = MONTHS[found.group("month").lower()]
    day, until, year = int(found.group("day")), found.group("until"), found.group("year")
    if not 1 <= day <= 31 or (name in {"May", "March"} and _NO_DATE.match(after(found))):
        return None
    words = f"{name} {'the ' if manner.british else ''}{numbers.ordinal(day, manner.british)}"
    if until:
        words += (
            f" to {'the ' if manner.british else ''}{numbers.ordinal(int(until), manner.british)}"
        )
    return f"{words} {numbers.year(int(year), manner.british)}" if year else words


def _month_and_year(found: re.Match[str], manner: Manner) -> str:
    name = MONTHS[found.group("month").lower()]
    year = found.group("year") or found.group("joined")
    return f"{name} {numbers.year(int(year), manner.british)}"


def _month(found: re.Match[str], manner: Manner) -> str | None:
    short = found.group(1)
    if short.lower() in _WORDS_TOO and word_before(found).lower() not in _MONTH_LINKS:
        return None
    return MONTHS[short.lower()] + _stop(found)


def _months(found: re.Match[str], manner: Manner) -> str:
    first, until = MONTHS[found.group(1).lower()], MONTHS[found.group("until").lower()]
    return f"{first} to {until}{_stop(found)}"


def _era_first(found: re.Match[str], manner: Manner) -> str:
    letters = " ".join(letter for letter in found.group(1) if letter.isalpha())
    return f"{letters} {numbers.year(int(found.group(2)), manner.british)}"


def _days(found: re.Match[str], manner: Manner) -> str:
    link = found.group("link").strip()
    link = {"/": ", ", "&": " and ", ",": ", ", "-": " to ", "–": " to "}.get(link, f" {link} ")
    return DAYS[found.group(1).lower()] + link + DAYS[found.group("until").lower()] + _stop(found)


def _day(found: re.Match[str], manner: Manner) -> str | None:
    short = found.group(1).lower()
    dated = re.match(
        rf"\.?,? (?:\d|(?:{_MONTH})\b)|\.?, \w", found.string[found.end(1) : found.end(1) + 16]
    )
    linked = re.search(
        r"(?:day|\b(?:on|next|last|every|this|Mon|Tue|Tues|Wed|Thu|Thurs|Fri|Sat|Sun)\.?,?)"
        r"(?: and| to| or|[-–,])? ?$",
        before(found),
    )
    dot = found.group().endswith(".")
    if short in _WORDS_TOO and not (
        dated
        and (
            dot
            or re.match(rf",? \d|, (?:{_MONTH})\b", found.string[found.end(1) : found.end(1) + 16])
        )
    ):
        sure = dot and linked and not re.search(r"\b(?:the|this) $", before(found))
        if not sure:
            return None
    elif not dot and not dated:
        return None
    return DAYS[short] + _stop(found)


def _stop(found: re.Match[str]) -> str:
    return "." if found.group().endswith(".") and before_sentence(found) else ""


def _until(found: re.Match[str], manner: Manner) -> str:
    return " to "


def _hyphened(found: re.Match[str], manner: Manner) -> str | None:
    """`22-Mar-2024`."""
    month = _NAMES.index(MONTHS[found.group(2).lower()]) + 1
    return date(_whole_year(found.group(3)), month, int(found.group(1)), manner)


def _decade(found: re.Match[str], manner: Manner) -> str:
    return numbers.plural_of(numbers.cardinal(int(found.group(1)), manner.british))


def _short_year(found: re.Match[str], manner: Manner) -> str:
    return f" {numbers.code(found.group(1)).replace('zero', 'oh')}"


def _era(found: re.Match[str], manner: Manner) -> str:
    written = found.group(1).replace(",", "")
    year = (
        numbers.year(int(written), manner.british)
        if len(written) == 4
        else numbers.number(written, manner.british)
    )
    if "," in found.group(1):
        year = numbers.cardinal(int(written), manner.british)
    letters = " ".join(letter for letter in found.group(2) if letter.isalpha())
    stop = "." if found.group().endswith(".") and ends_sentence(found) else ""
    return f"{year} {letters}{stop}"


_YEAR = r"(?:,? (?P<year>[12]\d{3})(?!\d|[.,]\d|[-–]\d))"

DIGITS = [
    Rule(
        "date, year first",
        "-/.",
        re.compile(
            r"([12]\d{3})([-/.])(\d{1,2})\2(\d{1,2})(?:[T ](?P<clock>\d\d:\d\d)(?::\d\d)?Z?"
            r"(?!\d))?(?!\w|-\d)"
        ),
        _iso,
    ),
    Rule(
        "date in numbers",
        "/.-",
        re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})(?![\d/]|[-.]\d)"),
        _slashed,
    ),
    Rule(
        "date with a month's name",
        "-",
        re.compile(rf"(\d{{1,2}})-({_MONTH})-(\d{{4}}|\d{{2}})(?![\w-])"),
        _hyphened,
    ),
    Rule(
        "day and month in numbers", "/", re.compile(r"(\d{1,2})/(\d{1,2})(?![\d/%]|[.-]\d)"), _short
    ),
    Rule(
        "day before month",
        {*"sntr-–", *spaced("JFMASONDoat&")},
        re.compile(
            r"(?:(?P<from>\d{1,2})(?:st|nd|rd|th)?(?P<link>[-–]| and | & | to ))?"
            rf"(?P<day>\d{{1,2}})(?P<th>st|nd|rd|th)?(?: of)? (?P<month>{_MONTH})\b\.?{_YEAR}?"
        ),
        _day_and_month,
    ),
    Rule(
        "year of an era",
        {*",ABC", *spaced("ABC")},
        re.compile(
            r"(\d{1,3}(?:,\d{3})|\d{1,4}) ?(A\.D\.|AD\b|B\.C\.E\.|BCE\b|B\.C\.|BC\b|C\.E\.|CE\b)"
        ),
        _era,
    ),
]
WORDS = [
    Rule(
        "month before day",
        MONTHS,
        re.compile(
            rf"(?P<month>{_MONTH})\.? (?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?![\d:%/]|[.,]\d|st"
            rf"|nd|rd|th)"
            rf"(?:[-–](?P<until>\d{{1,2}})(?!\d))?{_YEAR}?"
        ),
        _month_and_day,
    ),
    Rule(
        "month before year",
        MONTHS,
        re.compile(rf"(?P<month>{_MONTH})(?:\.?,?{_YEAR}|-(?P<joined>[12]\d{{3}})(?![\w-]))"),
        _month_and_year,
    ),
    Rule(
        "short month",
        {*MONTHS} - {*map(str.lower, _NAMES)},
        re.compile(r"([A-Z][a-z]{2,3})\."),
        _month,
    ),
    Rule(
        "months from and to",
        MONTHS,
        re.compile(rf"({_MONTH})\.?[-–/](?P<until>{_MONTH})\b\.?"),
        _months,
    ),
    Rule(
        "era before its year",
        ["ad", "bc"],
        re.compile(r"(AD|BC|A\.D\.|B\.C\.) (\d{1,4})(?![\w]|[.,]\d)"),
        _era_first,
    ),
    Rule(
        "days from and to",
        DAYS,
        re.compile(
            rf"({_DAY})\.?(?P<link> ?[-–/&] ?|, ?| and | or | to | through )(?P<until>{_DAY})\b\.?"
        ),
        _days,
    ),
    Rule("short day", DAYS, re.compile(rf"({_DAY})\b\.?"), _day),
]
SYMBOLS = [
    Rule(
        "from date to date",
        "-–",
        re.compile(
            rf"(?<=[a-z\d])[-–](?=(?:{_MONTH})\.? \d|\d{{1,2}}(?:st|nd|rd|th)? (?:{_MONTH})\b)"
        ),
        _until,
    ),
    Rule("decade", "'‘", re.compile(r"['‘](\d0)'?s(?!\w)"), _decade),
    Rule(
        "year without its century",
        "'‘",
        re.compile(r"(?:(?<!\w)|(?<=\bQ\d))['‘](\d\d)(?![\w'’])"),
        _short_year,
    ),
]
