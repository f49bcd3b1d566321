"""Numbers in English words. British readers say "and" before tens and units, Americans do not."""

from __future__ import annotations

from functools import lru_cache

LONGEST = 30
"""Digits of the longest number that has a name here (10^27 is an octillion)."""

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
).split()
_TENS = "- - twenty thirty forty fifty sixty seventy eighty ninety".split()
_SCALES = (
    "- thousand million billion trillion quadrillion quintillion sextillion septillion octillion"
).split()
_IRREGULAR = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}


@lru_cache(4096)
def cardinal(number: int, british: bool) -> str:  # noqa: FBT001 (a key of the cache)
    """`1234` as "one thousand two hundred thirty four". Takes 0 to 10^30 - 1."""
    if number < 1000:
        return _below_thousand(number, british)
    groups = []
    for scale in _SCALES:
        number, group = divmod(number, 1000)
        if group:
            name = "" if scale == "-" else f" {scale}"
            link = "and " if british and scale == "-" and group < 100 else ""
            groups.append(f"{link}{_below_thousand(group, british)}{name}")
        if not number:
            break
    return " ".join(reversed(groups))


def _below_thousand(number: int, british: bool) -> str:  # noqa: FBT001 (as above)
    hundreds, rest = divmod(number, 100)
    if not hundreds:
        return _below_hundred(rest)
    words = f"{_ONES[hundreds]} hundred"
    if not rest:
        return words
    return f"{words}{' and' if british else ''} {_below_hundred(rest)}"


def _below_hundred(number: int) -> str:
    if number < 20:
        return _ONES[number]
    tens, ones = divmod(number, 10)
    return f"{_TENS[tens]} {_ONES[ones]}" if ones else _TENS[tens]


def ordinal(number: int, british: bool) -> str:  # noqa: FBT001 (as above)
    """`22` as "twenty second"."""
    return ordinal_of(cardinal(number, british))


def ordinal_of(words: str) -> str:
    """The ordinal of a number in words: its last word changes."""
    head, space, last = words.rpartition(" ")
    if last in _IRREGULAR:
        last = _IRREGULAR[last]
    elif last.endswith("y"):
        last = f"{last[:-1]}ieth"
    else:
        last += "th"
    return f"{head}{space}{last}"


def plural_of(words: str) -> str:
    """The plural of a number in words, "nineteen eighties", "sixes"."""
    if words.endswith("y"):
        return f"{words[:-1]}ies"
    return f"{words}es" if words.endswith("x") else f"{words}s"


def digits(written: str, *, zero: str = "zero") -> str:
    """Each digit by its name; what is no digit is passed over."""
    names = (
        zero if symbol == "0" else _ONES[int(symbol)] for symbol in written if symbol.isdecimal()
    )
    return " ".join(names)


def year(number: int, british: bool) -> str:  # noqa: FBT001 (as above)
    """`1987` as "nineteen eighty seven", `2009` as "two thousand nine". Below 10,000."""
    century, rest = divmod(number, 100)
    if number < 1000:
        return cardinal(number, british)
    if century % 10 == 0 and rest < 10:
        return cardinal(number, british)
    if not rest:
        return f"{_below_hundred(century)} hundred"
    return f"{_below_hundred(century)} {'oh ' if rest < 10 else ''}{_below_hundred(rest)}"


def code(written: str) -> str:
    """A number that is a name: "seven forty seven", "three oh two", longer ones by digits."""
    if len(written) > 4 or written[0] == "0" or (len(written) == 4 and written[1:3] == "00"):
        return digits(written)
    if len(written) < 3:
        return _ONES[int(written)] if len(written) == 1 else _below_hundred(int(written))
    head, tail = int(written[:-2]), int(written[-2:])
    if not tail:
        return f"{_below_hundred(head)} hundred"
    return f"{_below_hundred(head)} {'oh ' if tail < 10 else ''}{_below_hundred(tail)}"


def number(written: str, british: bool) -> str:  # noqa: FBT001 (as above)
    """A run of digits: a count, or digit by digit where it has no name or begins with a zero."""
    if len(written) > LONGEST or (len(written) > 1 and written[0] == "0"):
        return digits(written)
    return cardinal(int(written), british)


def quantity(written: str, british: bool) -> str:  # noqa: FBT001 (as above)
    """A count as written, "1,204.50": thousands may be set apart, the fraction is spelled."""
    whole, _, fraction = written.replace(",", "").replace(" ", "").partition(".")
    if len(whole) > LONGEST:
        words = digits(whole)
    else:
        words = cardinal(int(whole), british) if whole else ""
    if fraction:
        words += f" point {digits(fraction)}"
    return words.strip()


def is_one(written: str) -> bool:
    """Whether what is counted stands in the singular."""
    return written.lstrip("-−") == "1"
