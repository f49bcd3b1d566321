"""Numbers without a unit: counts, percents, fractions, ordinals, ranges, powers."""

from __future__ import annotations

import re
import unicodedata

from workers.text import numbers
from workers.text.rules import ANY, FIGURES, Manner, Rule, after, before, spaced, word_before

NUMBER = r"(?:[0-9]{1,3}(?:,[0-9]{3}){1,9}(?![0-9])|[0-9]{1,30})(?:\.[0-9]{1,40})?"
"""A count: "1,204.50". A pattern without groups."""

DENOMINATORS = {
    2: "half",
    3: "third",
    4: "quarter",
    5: "fifth",
    6: "sixth",
    7: "seventh",
    8: "eighth",
    9: "ninth",
    10: "tenth",
    12: "twelfth",
    16: "sixteenth",
    20: "twentieth",
    32: "thirty second",
    64: "sixty fourth",
    100: "hundredth",
    1000: "thousandth",
}
GLYPHS = "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅐⅛⅜⅝⅞⅑⅒"
HIGH = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_SCORES = frozenset(
    "win wins won lose lost loss beat beats score scored scores drew draw tied tie lead leads led "
    "final victory defeat defeated trailing leading".split()
)
_OF_PAIRS = {
    ("24", "7"): "twenty four seven",
    ("9", "11"): "nine eleven",
    ("20", "20"): "twenty twenty",
    ("50", "50"): "fifty fifty",
}
_SURE_YEAR_CUES = frozenset(
    "in since until till during year years circa spring summer autumn winter early late mid "
    "january "
    "february april june july august september october november december".split()
)
_HOURS = re.compile(
    r"\b(?:(?i:open|hours?|works?|working|daily|from)|Mon|Tues?|Wed|Thu|Fri|Sat|Sun)\b|day\b"
)
_ODDS = re.compile(r"\bodds\b")
_COUNTED = re.compile(r"\s(?:[a-z]{2,}[^su\W]s|people|men|women|children|feet|sheep)\b")


def fraction(top: int, bottom: int, british: bool) -> str | None:  # noqa: FBT001 (as in numbers)
    """`3/4` as "three quarters"; None if the parts have no name."""
    name = DENOMINATORS.get(bottom)
    if name is None and 2 < bottom < 100 and 1 < top < bottom:
        name = numbers.ordinal(bottom, british)
    if name is None or not 0 < top < max(bottom, 2):
        return None
    if top == 1:
        return f"one {name}"
    return f"{numbers.cardinal(top, british)} {'halves' if bottom == 2 else name + 's'}"


def mixed(whole: str, top: int, bottom: int, manner: Manner) -> str | None:
    """`1 1/2` as "one and a half"."""
    part = fraction(top, bottom, manner.british)
    if part is None:
        return None
    if top == 1:
        part = f"{'an' if bottom == 8 else 'a'} {DENOMINATORS[bottom]}"
    return f"{numbers.quantity(whole, manner.british)} and {part}"


def parts_of(glyph: str) -> tuple[int, int]:
    """The two numbers of `⅔`."""
    top, _, bottom = unicodedata.normalize("NFKC", glyph).partition("⁄")
    return int(top), int(bottom)


def is_year(written: str, found: re.Match[str]) -> bool:
    """Whether these four digits are said as a year is."""
    if len(written) != 4 or not written.isdecimal() or not 1001 <= int(written) <= 2099:
        return False
    if word_before(found).lower() in _SURE_YEAR_CUES:
        return True
    if int(written) < 1100:
        return False
    return _COUNTED.match(after(found)) is None


def count(written: str, found: re.Match[str], manner: Manner) -> str:
    """A number that stands alone: a year or a count."""
    if is_year(written, found):
        return numbers.year(int(written), manner.british)
    if written.isdecimal():
        return numbers.number(written, manner.british)
    return numbers.quantity(written, manner.british)


def _range(found: re.Match[str], manner: Manner) -> str | None:
    first, second = found.group("first"), found.group("second")
    if first == second:
        nil = first == "0" and manner.british
        return " ".join(["nil" if nil else numbers.quantity(first, manner.british)] * 2)
    near = f"{before(found)} {after(found, 10)}".lower()
    score = _SCORES & {*re.findall(r"[a-z]+", near)}
    if score:
        zero = "nil" if manner.british else "zero"
        ends = [
            zero if end == "0" else numbers.quantity(end, manner.british) for end in (first, second)
        ]
        return " to ".join(ends) if "0" not in (first, second) else " ".join(ends)
    years = first.isdecimal() and second.isdecimal() and len(first) == 4 and len(second) in {2, 4}
    if years and 1100 <= int(first) <= 2099:
        low = numbers.year(int(first), manner.british)
        high = numbers.year(int(second), manner.british)
        return f"{low} to {high}"
    low_number, high_number = float(first.replace(",", "")), float(second.replace(",", ""))
    hours = _HOURS.search(before(found))
    odds = _ODDS.search(before(found)) or _completes(first, second)
    link = "to" if low_number <= high_number or odds or (hours and low_number <= 12) else ""
    return " ".join(
        f"{numbers.quantity(first, manner.british)} {link} "
        f"{numbers.quantity(second, manner.british)}".split()
    )


def _completes(first: str, second: str) -> bool:
    """Whether the second end of a range is the last digits of a number above the first, "245-7"."""
    return (
        first.isdecimal()
        and second.isdecimal()
        and len(second) < len(first)
        and len(first) > 2
        and int(first[-len(second) :]) < int(second)
    )


def _slash(found: re.Match[str], manner: Manner) -> str | None:
    first, second = found.group(1), found.group(2)
    top, bottom = int(first), int(second)
    pair = _OF_PAIRS.get((first, second))
    if pair is not None or (len(first) == 4 and len(second) in {2, 4}):
        years = f"{numbers.year(top, manner.british)} {numbers.year(bottom, manner.british)}"
        return pair or years
    say_top, say_bottom = (numbers.cardinal(n, manner.british) for n in (top, bottom))
    starred = re.match(r"\s(?:stars?|points?|marks?|correct)\b", after(found))
    rated = re.search(
        r"(?i)\b(?:score[ds]?|rat(?:ed|es|ing)|got|gave it|gives it)\b", before(found)
    )
    if top <= bottom and top != 1 and (bottom in {10, 20, 100} or starred or rated):
        return f"{say_top} out of {say_bottom}"
    odds = _ODDS.search(before(found)) is not None
    if odds or (top + bottom == 100 and min(top, bottom) > 4):
        return f"{say_top}{' to' if odds else ''} {say_bottom}"
    if top >= 60 and bottom >= 30:
        return f"{numbers.code(first)} over {numbers.code(second)}"
    return fraction(top, bottom, manner.british) or f"{say_top} over {say_bottom}"


def _run(found: re.Match[str], manner: Manner) -> str:
    """`24/7/365`."""
    return " ".join(numbers.code(part) for part in found.group().split("/"))


def _out_of(found: re.Match[str], manner: Manner) -> str:
    top, bottom = (numbers.quantity(part, manner.british) for part in found.groups())
    return f"{top} out of {bottom}"


def _mixed(found: re.Match[str], manner: Manner) -> str | None:
    return mixed(found.group(1), int(found.group(2)), int(found.group(3)), manner)


def _glyph(found: re.Match[str], manner: Manner) -> str | None:
    top, bottom = parts_of(found.group("glyph"))
    whole = found.groupdict().get("whole")
    if whole is not None:
        return mixed(whole, top, bottom, manner)
    return fraction(top, bottom, manner.british)


def _ordinal(found: re.Match[str], manner: Manner) -> str | None:
    number = int(found.group(1).replace(",", ""))
    if found.group(2) == "st" and (number % 10 != 1 or number % 100 == 11):
        return None
    return numbers.ordinal(number, manner.british)


def _plural(found: re.Match[str], manner: Manner) -> str:
    written = found.group(1)
    if written in {"100", "1000"}:
        return "hundreds" if written == "100" else "thousands"
    if len(written) == 4 and 1100 <= int(written) <= 2099:
        return numbers.plural_of(numbers.year(int(written), manner.british))
    return numbers.plural_of(numbers.code(written))


def _times(found: re.Match[str], manner: Manner) -> str:
    said = numbers.quantity(found.group(1), manner.british)
    maths = re.match(r"\s?[-+−=*/^²³)]", after(found)) or re.search(
        r"[=+−*/(]\s?$", before(found, 3)
    )
    return f"{said} {'X' if maths else 'times'}"


def _power(found: re.Match[str], manner: Manner) -> str | None:
    power = found.group(2).translate(HIGH)
    base = numbers.quantity(found.group(1), manner.british)
    return f"{base} {power_words(power, manner)}"


def power_words(power: str, manner: Manner) -> str:
    """`2` as "squared", `-3` as "to the minus three"."""
    if power in {"2", "3"}:
        return "squared" if power == "2" else "cubed"
    digits = power.replace("-", "")
    if not digits:
        return ""
    if power.startswith("-"):
        return f"to the minus {numbers.number(digits, manner.british)}"
    return f"to the power of {numbers.number(digits, manner.british)}"


def _exponent(found: re.Match[str], manner: Manner) -> str:
    """`1.5e-5`: a power of ten, whichever it is."""
    base = numbers.quantity(found.group(1), manner.british)
    power = numbers.number(found.group(2).lstrip("-−+"), manner.british)
    return f"{base} times ten to the {'minus' if found.group(2)[0] in '-−' else 'power of'} {power}"


def _any_version(found: re.Match[str], manner: Manner) -> str:
    parts = [numbers.number(part, manner.british) for part in found.group(1).split(".")]
    return " point ".join([*parts, "X"])


def _percent(found: re.Match[str], manner: Manner) -> str:
    sign = "percent" if found.group(2) == "%" else "per mille"
    return f"{numbers.quantity(found.group(1), manner.british)} {sign}"


def _comma_percent(found: re.Match[str], manner: Manner) -> str:
    whole, part = found.groups()
    return f"{numbers.number(whole, manner.british)} point {numbers.digits(part)} percent"


def _grouped(found: re.Match[str], manner: Manner) -> str:
    return numbers.number(re.sub(r"\D", "", found.group()), manner.british)


def _plus(found: re.Match[str], manner: Manner) -> str:
    return f"{count(found.group(1), found, manner)} plus"


def _long(found: re.Match[str], manner: Manner) -> str | None:
    return None if found.group().endswith("000") else numbers.digits(found.group())


def _plain(found: re.Match[str], manner: Manner) -> str:
    return count(found.group(), found, manner)


def _point(found: re.Match[str], manner: Manner) -> str:
    return f"point {numbers.digits(found.group(1))}"


_END = r"(?![\w/°%]|[.,]\d|-\d)"

DIGITS = [
    Rule(
        "thousands set apart by spaces",
        spaced(FIGURES),
        re.compile(r"\d{1,3}(?: \d{3}){2,9}(?![ ]?\d)|\d{1,3} 000(?![ ]?\d)"),
        _grouped,
    ),
    Rule(
        "thousands set apart by stops",
        ".",
        re.compile(r"\d{1,3}(?:\.\d{3}){2,9}(?!\w|\.\w)"),
        _grouped,
    ),
    Rule(
        "mixed number",
        {"-", *spaced(FIGURES)},
        re.compile(rf"(\d{{1,6}})[ -](\d{{1,2}})/(\d{{1,4}}){_END}"),
        _mixed,
    ),
    Rule(
        "mixed number with a sign",
        {*GLYPHS, *spaced(GLYPHS)},
        re.compile(rf"(?P<whole>\d{{1,9}}) ?(?P<glyph>[{GLYPHS}])"),
        _glyph,
    ),
    Rule(
        "number over number",
        "/",
        re.compile(rf"(\d{{1,4}})/(\d{{1,4}})(?:(?:rd|th|nd|st)?s?(?=[^\w/.°%]|\.?$|\. )|{_END})"),
        _slash,
    ),
    Rule(
        "power of ten",
        "eE.",
        re.compile(rf"({NUMBER})(?:e|E(?=[-−+])|(?<=\.\d)E)([-−+]?\d{{1,3}})(?!\w|\.\d)"),
        _exponent,
    ),
    Rule("any version", ".", re.compile(r"(\d{1,3}(?:\.\d{1,3}){0,2})\.[xX](?!\w)"), _any_version),
    Rule("numbers over numbers", "/", re.compile(rf"\d{{1,4}}(?:/\d{{1,4}}){{2}}{_END}"), _run),
    Rule("mark", ".", re.compile(rf"(\d{{1,2}}\.\d)/(5|10|20|100){_END}"), _out_of),
    Rule(
        "ordinal",
        "sntrdh,",
        re.compile(r"(\d{1,3}(?:,\d{3}){1,4}|\d{1,15})(st|nd|rd|th|ST|ND|RD|TH)(?!\w)"),
        _ordinal,
    ),
    Rule("plural", "s'", re.compile(r"(\d{1,4})'?s(?!\w)"), _plural),
    Rule("times", "x", re.compile(rf"({NUMBER})[x×](?!\w)"), _times),
    Rule("power", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻.", re.compile(rf"({NUMBER})([⁰¹²³⁴⁵⁶⁷⁸⁹⁻]{{1,9}})"), _power),
    Rule("percent with a comma", ",", re.compile(r"(\d{1,3}),(\d{1,2}) ?%"), _comma_percent),
    Rule("percent", {*"%‰.,", *spaced("%‰")}, re.compile(rf"({NUMBER}) ?([%‰])"), _percent),
    Rule(
        "range",
        {*"-–—.,", *spaced("–—")},
        re.compile(
            rf"(?P<first>{NUMBER})(?:[-–—]| [–—] )(?P<second>{NUMBER})(?![\w–/]|[.,]\d|-[\d]|- \d)"
        ),
        _range,
    ),
    Rule("and more", "+,.", re.compile(rf"({NUMBER})\+(?![\w+])"), _plus),
    Rule("long", ANY, re.compile(r"\d{10,30}(?![,.]?\d)"), _long),
    Rule("number", ANY, re.compile(NUMBER), _plain),
]
SYMBOLS = [
    Rule("fraction sign", GLYPHS, re.compile(rf"(?P<glyph>[{GLYPHS}])"), _glyph),
    Rule("decimal without a zero", ".", re.compile(r"(?<![\w.])\.(\d{1,40})(?!\w|\.\w)"), _point),
]
