"""Times of the day, spans of time, and the ratios that are written like them."""

from __future__ import annotations

import re

from workers.text import numbers
from workers.text.rules import Manner, Rule, after, before, ends_sentence, spaced, word_before

_HALF = r"(?: ?(?P<half>[AaPp])(?:\.[Mm]\.|[Mm]\b))"
_CLOCK = re.compile(r"(\d{1,2})(?:[:.](\d\d))?(?:(?: ?([AaPp])(?:\.[Mm]\.?|[Mm]))(?!\w))?")
_DAYS = re.compile(
    r"\s(?:Mon|Tues?|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|GMT|UTC|"
    r"[ECMP][SD]?T\b|BST)"
)
_RATIO_CUES = re.compile(
    r"(?i)\b(?:ratio|scale|odds|diluted?|mix(?:ed)?|proportions?)\b[^.]{0,24}$"
)
_RATIO_AFTER = re.compile(r"\s(?:ratio|odds|scale|mix|dilution|favou?rite|majority|split)\b")


def half_of_day(letter: str, found: re.Match[str]) -> str:
    """The letters of a.m. or p.m., with a full stop where it ends the sentence, too."""
    stop = (
        "."
        if found.group().endswith(".") and ends_sentence(found) and not _DAYS.match(after(found))
        else ""
    )
    return f" {letter.upper()} M{stop}"


def clock(hour: int, minute: int | None, *, bare: bool, british: bool) -> str:
    """A time in words. `bare`: without "o'clock" on the hour."""
    said = numbers.cardinal(hour, british)
    if minute is None:
        return said
    if minute:
        return f"{said} {'oh ' if minute < 10 else ''}{numbers.cardinal(minute, british)}"
    if bare:
        return said
    if hour == 0:
        return "midnight"
    return f"{said} hundred" if hour > 12 else f"{said} o'clock"


def _time(found: re.Match[str], manner: Manner) -> str | None:
    hour, minute, half = int(found.group(1)), int(found.group(2)), found.group("half")
    if hour > 24 or minute > 59:
        return None
    if _RATIO_CUES.search(before(found)) or _RATIO_AFTER.match(after(found)):
        return None
    said = clock(hour, minute, bare=bool(half), british=manner.british)
    return said + (half_of_day(half, found) if half else "")


def _hour(found: re.Match[str], manner: Manner) -> str | None:
    hour = int(found.group(1))
    if hour > 12:
        return None
    return numbers.cardinal(hour, manner.british) + half_of_day(found.group("half"), found)


def _dotted(found: re.Match[str], manner: Manner) -> str | None:
    hour, minute = int(found.group(1)), int(found.group(2))
    if hour > 12 or minute > 59:
        return None
    return clock(hour, minute, bare=True, british=manner.british) + half_of_day(
        found.group("half"), found
    )


def _range(found: re.Match[str], manner: Manner) -> str | None:
    said = []
    for end in (found.group("first"), found.group("second")):
        time = _CLOCK.match(end)
        if time is None or int(time.group(1)) > 24 or int(time.group(2) or 0) > 59:
            return None
        hour, minute = int(time.group(1)), time.group(2)
        words = clock(hour, int(minute) if minute else None, bare=True, british=manner.british)
        if minute == "00" and (hour > 12 or hour == 0):
            words = clock(hour, 0, bare=False, british=manner.british)
        said.append(words + (half_of_day(time.group(3), found) if time.group(3) else ""))
    first, second = said
    return f"{first.rstrip('.')} to {second}"


def _span(found: re.Match[str], manner: Manner) -> str | None:
    hours, minutes, seconds = (int(part) for part in found.group(1, 2, 3))
    if minutes > 59 or seconds > 59:
        return None
    half = found.group("half")
    parts = [numbers.cardinal(hours, manner.british)]
    parts += [
        "oh oh"
        if not part
        else ("oh " if part < 10 else "") + numbers.cardinal(part, manner.british)
        for part in (minutes, seconds)
    ]
    if found.group("part"):
        parts.append(f"point {numbers.digits(found.group('part'))}")
    return " ".join(parts) + (half_of_day(half, found) if half else "")


def _race(found: re.Match[str], manner: Manner) -> str:
    """`1:23.45` on the track."""
    minutes, seconds = (int(part) for part in found.group(1, 2))
    said = clock(minutes, seconds, bare=True, british=manner.british)
    return f"{said} point {numbers.digits(found.group(3))}"


def _lasting(found: re.Match[str], manner: Manner) -> str:
    """`2h 15m 30s`."""
    said = []
    for name in ("hour", "minute", "second"):
        many = found.groupdict().get(f"{name}s") or found.groupdict().get(f"{name}s2")
        if many:
            plural = "" if many == "1" else "s"
            said.append(f"{numbers.quantity(many, manner.british)} {name}{plural}")
    return " ".join(said)


def _military(found: re.Match[str], manner: Manner) -> str | None:
    hour, minute = int(found.group(1)), int(found.group(2))
    if hour > 24 or minute > 59:
        return None
    said = ("zero " if hour == 0 else "oh " if hour < 10 else "") + (
        numbers.cardinal(hour, manner.british) if hour else ""
    )
    tail = (
        "hundred"
        if not minute
        else ("oh " if minute < 10 else "") + numbers.cardinal(minute, manner.british)
    )
    return f"{said.strip()} {tail} hours"


def _ratio(found: re.Match[str], manner: Manner) -> str | None:
    first, second = found.group(1), found.group(2)
    said = [numbers.number(part, manner.british) for part in (first, second)]
    cue = word_before(found)
    if all(len(part) == 2 and int(part) < 60 for part in (first, second)):
        return clock(int(first), int(second), bare=True, british=manner.british)
    if cue[:1].isupper() and not manner.known(cue.lower()):
        until = found.group("until")
        return " ".join(said) + (f" to {numbers.number(until, manner.british)}" if until else "")
    return None if found.group("until") else " to ".join(said)


def _noon(found: re.Match[str], manner: Manner) -> str:
    return f"{found.group(1)} to "


_ONE = r"\d{1,2}(?:[:.]\d\d)?(?: ?[AaPp](?:\.[Mm]\.?|[Mm])(?!\w))?"

DIGITS = [
    Rule(
        "from one time to another",
        {*":-–—.aApP", *spaced("-–—aApP")},
        re.compile(
            rf"(?P<first>\d{{1,2}}[.]\d\d(?=[-–]\d{{1,2}}[.]\d\d ?[AaPp]\.?[Mm])"
            rf"|\d{{1,2}}:\d\d(?: ?[AaPp](?:\.[Mm]\.?|[Mm])(?!\w))?"
            rf"|\d{{1,2}} ?[AaPp](?:\.[Mm]\.?|[Mm])(?!\w)"
            rf"|\d{{1,2}}(?=[^\n]{{0,9}}[AaPp]\.?[Mm]))"
            rf" ?[-–—] ?(?P<second>{_ONE})(?![\d:])"
        ),
        _range,
    ),
    Rule(
        "hours, minutes and seconds",
        ":",
        re.compile(rf"(\d{{1,2}}):(\d\d):(\d\d)(?P<part>\.\d{{1,6}})?(?![:\d]){_HALF}?"),
        _span,
    ),
    Rule("race", ":", re.compile(r"(\d{1,2}):(\d\d)\.(\d{1,3})(?![\w:])"), _race),
    Rule("time", ":", re.compile(rf"(\d{{1,2}}):(\d\d)(?![:\d])(?:{_HALF}|h\b)?"), _time),
    Rule(
        "hours and minutes",
        {*"hm", " h", " m"},
        re.compile(
            r"(?P<hours>\d{1,3}) ?h(?:rs?|ours?)? ?(?P<minutes>\d{1,2})(?: ?m(?:ins?)?)?"
            r"(?: ?(?P<seconds>\d{1,2}) ?s(?:ecs?)?)?(?!\w|\.\d)"
            r"|(?P<minutes2>\d{1,3}) ?m(?:ins?)? ?"
            r"(?P<seconds2>\d{1,2}(?:\.\d{1,3})?) ?s(?:ecs?)?(?!\w)"
        ),
        _lasting,
    ),
    Rule(
        "hour with its half of the day",
        {*"aApP", *spaced("aApP")},
        re.compile(rf"(\d{{1,2}}){_HALF}(?!\w)"),
        _hour,
    ),
    Rule("time with a stop", ".", re.compile(rf"(\d{{1,2}})\.(\d\d){_HALF}(?!\w)"), _dotted),
    Rule(
        "time of four digits",
        {"h", " h"},
        re.compile(r"(\d\d)(\d\d) ?(?:hours|hrs?|h)\b"),
        _military,
    ),
    Rule(
        "verses",
        ":",
        re.compile(r"(\d{1,3}):(\d{1,3})[-–](?P<until>\d{1,3})(?![:\d])"),
        _ratio,
    ),
    Rule("ratio", ":", re.compile(r"(\d{1,6}):(\d{1,6})(?P<until>)(?![:\d])"), _ratio),
]
WORDS = [
    Rule(
        "from noon",
        ["noon", "midnight"],
        re.compile(r"(?i:(noon|midnight)) ?[-–] ?(?=\d)"),
        _noon,
    ),
]
