"""`<say-as>`: what it says of a text, written so that a reader of plain English reads it right.

A text that is not what it is called (a date without numbers) stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

_MONTHS: Final = (
    "January February March April May June July August September October November December"
).split()
_SIGNS: Final = {
    ".": "dot", ",": "comma", ":": "colon", ";": "semicolon", "!": "exclamation mark",
    "?": "question mark", "/": "slash", "\\": "backslash", "-": "dash", "_": "underscore",
    "@": "at", "#": "hash", "&": "and", "%": "percent", "+": "plus", "=": "equals", "*": "star",
    "'": "apostrophe", '"': "quote", "(": "open bracket", ")": "close bracket", "$": "dollar",
    "<": "less than", ">": "greater than", "~": "tilde", "|": "bar", "^": "caret",
}  # fmt: skip
_WHOLE: Final = re.compile(r"([-−+]?)(\d{1,3}(?:,\d{3})+|\d+)")
_NUMBER: Final = re.compile(r"([-−+]?)(\d{4,})((?:\.\d+)?)")
_FRACTION: Final = re.compile(r"(\d{1,9})\s?\+\s?(\d{1,9}/\d{1,9})")
_MEASURE: Final = re.compile(r"(?<=\d)(?=[^\W\d_])")
_DURATION: Final = re.compile(r"(?:(\d{1,3})')?(?:(\d{1,3})(?:''|\"|″))?")
_CLOCK: Final = re.compile(r"(\d{1,2})[:.h](\d{2})(?:[:.m](\d{2}))?\s?([AaPp]\.?[Mm]\.?)?")
_DATE_PART: Final = re.compile(r"\d+|[A-Za-z]{3,9}")
_BARE_DATE: Final = re.compile(r"\d{8}|\d{6}|\d{4}")


def said(text: str, what: str, form: str) -> str | None:
    """The text as plain writing; None if nobody knows `what` (the attribute `interpret-as`).

    `form` is the attribute `format`.
    """
    read = _READERS.get(what.lower().strip())
    return None if read is None else read(text.strip(), form.lower().strip())


def _characters(text: str, form: str) -> str:
    named = (_SIGNS.get(one, one.upper() if len(one.upper()) == 1 else one) for one in text)
    return " ".join(one for one in named if not one.isspace())


def _digits(text: str, form: str) -> str:
    return " ".join(text) if text.isdecimal() else _characters(text, form)


def _cardinal(text: str, form: str) -> str:
    number = _NUMBER.fullmatch(text)
    if number is None:
        return text
    # Without commas four figures may be a year.
    grouped = f"{int(number[2]):,}" if len(number[2]) <= 30 else number[2]
    return f"{number[1]}{grouped}{number[3]}"


def _ordinal(text: str, form: str) -> str:
    number = _WHOLE.fullmatch(text)
    if number is None or len(number[2]) > 30:
        return text
    value = int(number[2].replace(",", ""))
    teen = value % 100 in {11, 12, 13}
    ending = "th" if teen else {1: "st", 2: "nd", 3: "rd"}.get(value % 10, "th")
    return f"{value:,}{ending}"


def _date(text: str, form: str) -> str:
    order = "".join(
        dict.fromkeys(letter for letter in form if letter in "dmy")
    )  # Of yyyymmdd, too.
    if text.startswith("????"):
        text, order = text[4:], order.replace("y", "")  # No year.
    parts = _DATE_PART.findall(text)
    if len(parts) == 1 and len(order) > 1 and _BARE_DATE.fullmatch(parts[0]):
        parts = _bare(parts[0], order)
    if not order:
        order = "ymd" if len(parts) == 3 and len(parts[0]) == 4 else "mdy"[: len(parts)]
    if len(parts) != len(order) or len(set(order)) != len(order):
        return text
    of = dict(zip(order, parts, strict=True))
    month = _month(of["m"]) if "m" in of else 0
    day = int(of["d"]) if of.get("d", "").isdecimal() else 0
    year = _year(of["y"]) if "y" in of else ""
    if month is None or ("d" in of and not 1 <= day <= 31) or year is None:
        return text
    if month and day and year:
        return f"{year}-{month:02}-{day:02}"
    if month:
        return " ".join(filter(None, [_MONTHS[month - 1], str(day) if day else "", year]))
    return " ".join(filter(None, [_ordinal(str(day), "") if day else "", year]))


def _bare(figures: str, order: str) -> list[str]:
    """The parts of a date that is written without anything between."""
    short = len(figures) < 2 * len(order) + (2 if "y" in order else 0)
    parts: list[str] = []
    at = 0
    for part in order:
        size = 4 if part == "y" and not short else 2
        parts.append(figures[at : at + size])
        at += size
    return parts if at == len(figures) and all(parts) else [figures]


def _month(written: str) -> int | None:
    if written.isdecimal():
        return int(written) if len(written) <= 2 and 1 <= int(written) <= 12 else None
    return next((n for n, name in enumerate(_MONTHS, 1) if name[:3] == written[:3].title()), None)


def _year(written: str) -> str | None:
    if not written.isdecimal() or len(written) > 4:
        return None
    if len(written) == 2:
        return f"{'19' if int(written) > 40 else '20'}{written}"
    return written


def _time(text: str, form: str) -> str:
    duration = _DURATION.fullmatch(text)
    if text and duration is not None:
        return _lasting(duration[1], duration[2])
    clock = _CLOCK.fullmatch(text)
    if clock is None:
        return text
    half = f" {clock[4].upper().replace('.', '')}" if clock[4] else ""
    return ":".join(filter(None, clock.group(1, 2, 3))) + half


def _lasting(minutes: str | None, seconds: str | None) -> str:
    units = ((minutes, "minute"), (seconds, "second"))
    return " ".join(
        f"{int(value)} {unit}{'' if int(value) == 1 else 's'}" for value, unit in units if value
    )


def _telephone(text: str, form: str) -> str:
    groups: list[str] = []
    for part in re.findall(r"\+|\d+|[^\W\d_]+", text):
        if part == "+":
            groups.append("plus")
        elif not part.isdecimal():
            extension = part.lower() in {"x", "ext", "extension"}
            groups.append("extension" if extension else " ".join(part.upper()))
        else:
            groups += [" ".join(group) for group in _groups(part)]
    return ", ".join(groups).replace("plus, ", "plus ").replace("extension, ", "extension ")


def _groups(figures: str) -> list[str]:
    """A long number in groups of three, the last one of four as people say them."""
    if len(figures) <= 4:
        return [figures]
    *rest, last = figures[:-4], figures[-4:]
    head = rest[0]
    first = len(head) % 3
    return [
        group
        for group in [head[:first], *(head[at : at + 3] for at in range(first, len(head), 3)), last]
        if group
    ]


def _fraction(text: str, form: str) -> str:
    return _FRACTION.sub(r"\1 \2", text)


def _unit(text: str, form: str) -> str:
    return _MEASURE.sub(" ", text)


def _expletive(text: str, form: str) -> str:
    return "beep"


def _as_written(text: str, form: str) -> str:
    return text


_READERS: Final[dict[str, Callable[[str, str], str]]] = {
    **dict.fromkeys(("characters", "character", "spell-out", "spell", "verbatim"), _characters),
    **dict.fromkeys(("digits", "number_digit", "vxml:digits"), _digits),
    **dict.fromkeys(("cardinal", "number", "vxml:number"), _cardinal),
    "ordinal": _ordinal,
    **dict.fromkeys(("date", "vxml:date"), _date),
    **dict.fromkeys(("time", "duration", "vxml:time"), _time),
    **dict.fromkeys(("telephone", "phone", "vxml:phone"), _telephone),
    "fraction": _fraction,
    **dict.fromkeys(("unit", "measure"), _unit),
    **dict.fromkeys(("expletive", "bleep"), _expletive),
    **dict.fromkeys(
        ("address", "currency", "vxml:currency", "name", "net", "acronym"), _as_written
    ),
}
