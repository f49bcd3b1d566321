"""Measures: a number and its unit, "a 40 m² flat", "12 km/h", "6'2"", "-4 °F"."""

from __future__ import annotations

import re

from workers.text import money, numbers
from workers.text.amounts import (
    GLYPHS,
    HIGH,
    NUMBER,
    fraction,
    mixed,
    parts_of,
    power_words,
)
from workers.text.measures import GLUED_ONLY, INGREDIENTS, UNITS
from workers.text.places import ROAD
from workers.text.rules import (
    FIGURES,
    Manner,
    Rule,
    after,
    alternatives,
    before,
    ends_sentence,
    spaced,
)

_CROWD = re.compile(
    r"\s(?:people|[a-z]*(?:views?|users|followers|likes|readers|subscribers|downloads"
    r"|customers|jobs|homes|"
    r"pounds|dollars|euros|tons|tonnes|copies|streams|visitors|members|viewers|households"
    r"|children|workers|"
    r"residents|voters|plays|hits|shares|fans|sales|units|records|rows|players|students|years"
    r"|lines|listeners|"
    r"patients|migrants|tourists|passengers|stars|tokens|parameters|votes|cars|books|times"
    r"|barrels|acres))\b"
)
_VIDEO = re.compile(
    r"(?i)\s(?:run|race|video|tv|display|monitor|screen|film|movie|resolution|footage|camera"
    r"|content|tele)"
)
_SPELLING = {"meter": "metre", "liter": "litre"}
_NOUN = re.compile(
    r"[ -](?!(?:and|or|of|at|in|on|for|to|per|with|is|was|are|were|from|over|by|but|a|an|the"
    r"|more|less|than|"
    r"away|long|tall|wide|high|deep|thick|below|above|apart|ago|later|left|each|down|up|off"
    r"|out|into|across|"
    r"around|along|between|during|before|after|if|when|while|until|as|that|which|so|then|east"
    r"|west|north|south|"
    r"daily|weekly|every|today|tomorrow|through|back|total|has|had|he|she|it|we|they|you|i"
    r"|will|would|per|via|using|under|against|because|since)\b)"
    r"[a-z]{3,}"
)


_DETERMINER = re.compile(
    r"(?i)\b(?:an?|the|this|that|each|his|her|their|our|my|your|its|one|two|three)\s$"
)


def _unit(sign: str, british: bool) -> tuple[str, str]:  # noqa: FBT001 (as in numbers)
    one, many = UNITS.get(sign, (sign, sign))
    if british:
        for american, ours in _SPELLING.items():
            one, many = one.replace(american, ours), many.replace(american, ours)
    return one, many


def _measure(found: re.Match[str], manner: Manner) -> str | None:
    written, gap, sign = found.group("sum"), found.group("gap"), found.group("unit")
    if not _is_unit(found):
        return None
    said = _thousands(found, manner)
    if said is not None:
        return said
    one, many = _unit(sign, manner.british)
    single = numbers.is_one(written) or gap == "-" or _is_adjective(found, sign, gap)
    per = found.group("per")
    words = f"{numbers.quantity(written, manner.british)} {one if single else many}"
    return words + (f" per {_unit(per, manner.british)[0]}" if per else "") + _stop(found)


def _stop(found: re.Match[str]) -> str:
    """The full stop of "12 in." where it ends the sentence, too."""
    return "." if found.group().endswith(".") and ends_sentence(found) else ""


def _is_unit(found: re.Match[str]) -> bool:
    """Whether these letters are a unit here: not in "5 in the morning", "the 1980s", "stop 4B"."""
    if found.group("unit") == "in" and _HYPHEN.match(after(found, 2)):
        return False
    return (_is_spaced_unit if found.group("gap") == " " else _is_glued_unit)(found)


def _is_spaced_unit(found: re.Match[str]) -> bool:
    sign = found.group("unit")
    if sign.isupper() and (re.search(r"\b[A-Z]-$", before(found, 3)) or ROAD.search(before(found))):
        return False
    if sign in {"K", "in."}:
        return not re.match(r"\s[A-Z]", after(found, 3))
    if sign == "in":
        return re.match(r"\s*(?:[,.;)]|$)", after(found, 3)) is not None
    if sign == "ha":
        return not re.match(r"\s[Hh]a\b", after(found, 4))
    return sign not in GLUED_ONLY or sign == "MP"


def _is_glued_unit(found: re.Match[str]) -> bool:
    written, sign = found.group("sum"), found.group("unit")
    if sign == "st":
        return written.isdecimal() and (written[-1] != "1" or written[-2:] == "11")
    if sign == "A":
        return "." in written or re.search(r"\dV[/, ] ?$", before(found, 4)) is not None
    if sign == "B":
        return "." in written or _CROWD.match(after(found)) is not None
    if sign == "s" and not found.group("gap") and written.isdecimal():
        lasts = (
            written[-1] != "0" or _LASTING.search(before(found)) or _LASTING_TOO.match(after(found))
        )
        return bool(lasts) and len(written) <= 2
    return True


def _per(found: re.Match[str], manner: Manner) -> str:
    each = _unit(found.group("per"), manner.british)[0]
    return f"{numbers.quantity(found.group(1), manner.british)} per {each}"


def _thousands(found: re.Match[str], manner: Manner) -> str | None:
    """`3m views` and `4K video`: not metres, not kelvin."""
    sign, gap = found.group("unit"), found.group("gap")
    if found.group("per"):
        return None
    number = numbers.quantity(found.group("sum"), manner.british)
    if sign == "m" and not gap and _CROWD.match(after(found)):
        return f"{number} million"
    if sign == "B" and not gap:
        return f"{number} billion"
    if sign == "K" and not gap and found.group("sum") in {"5", "10"} and _RUN.search(before(found)):
        return f"{number} K"
    if sign == "K" and not gap:
        special = found.group("sum") in {"2", "4", "5", "8"} and (
            found.group("sum") in {"4", "8"} or _VIDEO.match(after(found))
        )
        return f"{number} {'K' if special else 'thousand'}"
    return None


def _is_adjective(found: re.Match[str], sign: str, gap: str) -> bool:
    aside = re.match(r" \([^()]{1,12}\)", after(found))
    noun = _NOUN.match(after(found, 40)[aside.end() if aside else 0 :])
    if re.match(r"-[a-z]", after(found, 2)):
        return True
    if found.groupdict().get("per") or not noun:
        return False
    determined = _DETERMINER.search(before(found, 8))
    if aside:
        return bool(determined)
    return bool(determined) if sign in INGREDIENTS or gap == " " else True


def _by(found: re.Match[str], manner: Manner) -> str:
    """Sides of something, "10 x 12 ft", or a product."""
    sides = re.findall(NUMBER, found.group("sides"))
    unit = found.group("unit")
    sized = len(sides) > 2 or all(len(side) > 2 for side in sides)
    noun = " " not in found.group("sides") and _NOUN.match(after(found))
    times = "×" in found.group("sides") and not sized and not unit and not noun
    packs = len(sides) == 2 and unit in INGREDIENTS and len(sides[0]) < 3
    said = (" times " if times else " " if packs else " by ").join(
        numbers.code(side)
        if sized and len(side) == 4 and side.isdecimal()
        else numbers.quantity(side, manner.british)
        for side in sides
    )
    if unit:
        single = _is_adjective(found, "", "" if packs else " ")
        name = _unit(unit, manner.british)[0 if single else 1]
        return f"{said} {name}{_stop(found)}"
    return numbers.plural_of(said) if found.group("many") else said


_RUN = re.compile(r"\b(?:ran|runs?|running|races?|jog)\b")


def _big_range(found: re.Match[str], manner: Manner) -> str:
    low, high = (numbers.quantity(found.group(end), manner.british) for end in (1, 2))
    return f"{low} to {high} {money.MAGNITUDES[found.group(3).lower()]}"


def _big(found: re.Match[str], manner: Manner) -> str:
    if found.group() == "3M" and not re.match(r"\s[a-z]", after(found, 2)):
        return "three M"
    if found.group() in {"5k", "10k"} and _RUN.search(before(found) + after(found)):
        return f"{numbers.quantity(found.group(1), manner.british)} K"
    magnitude = money.MAGNITUDES[found.group(2).lower()]
    return f"{numbers.quantity(found.group(1), manner.british)} {magnitude}"


def _range(found: re.Match[str], manner: Manner) -> str | None:
    if found.group("unit") in GLUED_ONLY and found.group("gap") == " ":
        return None
    one, many = _unit(found.group("unit"), manner.british)
    low, high = (numbers.quantity(found.group(end), manner.british) for end in ("first", "second"))
    per = found.group("per")
    words = f"{low} to {high} {one if _is_adjective(found, '', ' ') else many}"
    return words + (f" per {_unit(per, manner.british)[0]}" if per else "") + _stop(found)


def _part(found: re.Match[str], manner: Manner) -> str | None:
    one, many = _unit(found.group("unit"), manner.british)
    whole, glyph = found.group("whole"), found.group("glyph")
    if found.group("unit") == "s":
        return None
    top, bottom = (
        parts_of(glyph) if glyph else (int(found.group("top")), int(found.group("bottom")))
    )
    part = fraction(top, bottom, manner.british)
    said = mixed(whole, top, bottom, manner) if whole else part
    single = not whole or _is_adjective(found, "", " ")
    return said and f"{said} {one if single else many}{_stop(found)}"


_SCALES = {"C": " Celsius", "F": " Fahrenheit", "K": " Kelvin", "": ""}
_WINDS = {"N": " north", "S": " south", "E": " east", "W": " west"}


def _degrees(found: re.Match[str], manner: Manner) -> str:
    written, until = found.group("sum"), found.group("until")
    scale = found.group("scale") or {"℃": "C", "℉": "F"}.get(found.group("sign"), "")
    tail = _WINDS.get(scale, "") or _SCALES.get(scale, "")
    single = (numbers.is_one(written) and not until) or (
        not scale and _is_adjective(found, "", " ")
    )
    many = "degree" if single else "degrees"
    minutes = found.group("minutes")
    said = numbers.quantity(written, manner.british)
    if until:
        said += f" to {numbers.quantity(until, manner.british)}"
    if minutes:
        many += f" {numbers.number(minutes, manner.british)} minutes"
    return f"{said} {many}{tail}"


_LASTING = re.compile(
    r"(?:=|\b(?:for|after|within|every|took|takes?|waits?|than|lasts?|lasted)) ?$"
    r"|\b(?:timeout|timer|delay|interval|countdown|duration|pause)s?\b.{0,12}$"
)
_LASTING_TOO = re.compile(r" (?:later|timeout|timer|delay|interval|countdown|pause|rest|clip)\b")
_HYPHEN = re.compile(r"-\w")
_WARM = re.compile(
    r"(?i)\b(?:temp\w*|heat\w*|ovens?|bak\w+|pre-?heat\w*|cook\w*|boil\w*|freez\w*|froze|warm\w*|cold|cool\w*"
    r"|hot|highs?|lows?|degrees|fever|weather|hit|reach\w*|roast\w*|below|above|sunny|record|minus)\b"
    r"|\d[CF]\b|[-−]$"
)


_OVEN = re.compile(r"\s?[/(]-?\d{1,3} ?°?[CF]\b|[ /(]{1,2}(?i:gas|fan)\b")


def _warmth(found: re.Match[str], manner: Manner) -> str | None:
    """`200C/400F`: degrees, where it is about heat."""
    if not (_WARM.search(before(found)) or _OVEN.match(after(found))):
        return None
    said = numbers.quantity(found.group("sum"), manner.british)
    if found.group("until"):
        said += f" to {numbers.quantity(found.group('until'), manner.british)}"
    return f"{said} degrees{_SCALES[found.group('scale')]}"


def _powered(found: re.Match[str], manner: Manner) -> str | None:
    """`10⁶ J`."""
    if found.group("unit") in GLUED_ONLY:
        return None
    base = numbers.quantity(found.group(1), manner.british)
    power = power_words(found.group(2).translate(HIGH), manner)
    per = f" per {_unit(found.group('per'), manner.british)[0]}" if found.group("per") else ""
    return f"{base} {power} {_unit(found.group('unit'), manner.british)[1]}{per}"


def _caret(found: re.Match[str], manner: Manner) -> str | None:
    """`10^8 km`."""
    if found.group("unit") in GLUED_ONLY or not before(found, 1).isdecimal():
        return None
    per = f" per {_unit(found.group('per'), manner.british)[0]}" if found.group("per") else ""
    many = _unit(found.group("unit"), manner.british)[1]
    return f" {power_words(found.group(1), manner)} {many}{per}"


def _glyph(found: re.Match[str], manner: Manner) -> str | None:
    top, bottom = parts_of(found.group("glyph"))
    part = fraction(top, bottom, manner.british)
    return part and f"{part} {_unit(found.group('unit'), manner.british)[0]}{_stop(found)}"


def _part_of_inch(found: re.Match[str], manner: Manner) -> str | None:
    """`5 1/4"`."""
    if found.group("mark") == '"' and _is_in_quotes(found):
        return None
    whole, top, bottom = found.group("whole"), int(found.group("top")), int(found.group("bottom"))
    part = fraction(top, bottom, manner.british)
    said = mixed(whole, top, bottom, manner) if whole else part
    return said and f"{said} inch"


def _is_in_quotes(found: re.Match[str]) -> bool:
    """Whether a quotation is open here, which the next straight mark would close."""
    if re.search(r'\d" ?(?:x|by) $', before(found, 8)):
        return False
    return found.string[max(0, found.start() - 400) : found.start()].count('"') % 2 == 1


def _by_sides(found: re.Match[str], manner: Manner) -> str | None:
    """`2m x 3m`: the sign between two sides that have units."""
    return "by" if re.search(r"\d ?(?:[\"″'′]|[a-z]{1,2}) $", before(found, 8)) else None


def _feet(found: re.Match[str], manner: Manner) -> str | None:
    feet, inches = int(found.group(1) or found.group(3)), found.group(2) or found.group(4)
    if inches is None or int(inches) > 11:
        return None
    foot = "foot" if feet < 10 else "feet"
    said = [numbers.cardinal(number, manner.british) for number in (feet, int(inches))]
    return f"{said[0]} {foot} {said[1]}"


_QUOTED = re.compile(r"(?:^|[\s(])'\w[^']*$")


def _inches(found: re.Match[str], manner: Manner) -> str | None:
    mark = found.group(2)
    if mark == '"' and _is_in_quotes(found):
        return None
    if mark == "'" and _QUOTED.search(before(found, 60)):
        return None
    names = ("inch", "inches") if mark in '"″' else ("foot", "feet")
    side = re.search(r"\d['′] ?[x×] ?$", before(found, 6))
    if mark == "'" and not side and not re.match(r"\s[a-z]+", after(found)):
        return None
    single = numbers.is_one(found.group(1)) or bool(_NOUN.match(after(found)))
    return f"{numbers.quantity(found.group(1), manner.british)} {names[0 if single else 1]}"


_PER = alternatives([*UNITS, "second", "minute", "hour", "day", "week", "month", "year", "person"])
_UNIT = rf"(?P<unit>{alternatives(UNITS)})(?: ?/ ?(?P<per>{_PER}))?(?![\w²³]|'[a-z])"
_SIGNS = {sign[0] for sign in UNITS}
_STARTS = {*"-,.", *_SIGNS, *spaced(_SIGNS)}

DIGITS = [
    Rule(
        "degrees",
        {*"°℃℉.-–", *spaced("°℃℉")},
        re.compile(
            rf"(?P<sum>{NUMBER})(?:[-–](?P<until>{NUMBER}))? ?(?P<sign>[°℃℉])"
            r"(?: ?(?P<minutes>\d{1,2})['′])?(?: ?(?P<scale>[CFKNSEW])(?!\w))?"
        ),
        _degrees,
    ),
    Rule(
        "warmth",
        "CF-–.",
        re.compile(rf"(?P<sum>{NUMBER})(?:[-–](?P<until>{NUMBER}))?(?P<scale>[CF])(?![\w+#])"),
        _warmth,
    ),
    Rule(
        "power of a unit",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁻.",
        re.compile(rf"({NUMBER})([⁰¹²³⁴⁵⁶⁷⁸⁹⁻]{{1,9}}) ?{_UNIT}"),
        _powered,
    ),
    Rule(
        "feet and inches",
        "'′f",
        re.compile(
            r"(\d{1,2})['′] ?(\d{1,2})(?:\"|″|”|''|′′)?(?!\w)"
            r"|(\d)ft(\d{1,2})(?!\w)"
        ),
        _feet,
    ),
    Rule(
        "part of an inch",
        {"/", "-", *spaced(FIGURES)},
        re.compile(
            r"(?:(?P<whole>\d{1,3})[ -])?(?P<top>\d{1,2})/(?P<bottom>\d{1,2}) ?"
            r"(?P<mark>[\"″])(?!\w)"
        ),
        _part_of_inch,
    ),
    Rule("inches or feet", "\"″'′.", re.compile(rf"({NUMBER})([\"″'′])(?!\w)"), _inches),
    Rule(
        "range of large counts",
        "-–.,",
        re.compile(rf"({NUMBER})[-–]({NUMBER})(k|K|M|bn|mn|tn)\b(?![/²³])"),
        _big_range,
    ),
    Rule("large count", "kKMbmt.", re.compile(rf"({NUMBER})(k|M|bn|mn|tn)\b(?![/²³])"), _big),
    Rule(
        "part of a unit",
        {*f"/-{GLYPHS}", *spaced(FIGURES + GLYPHS)},
        re.compile(
            rf"(?:(?P<whole>\d{{1,4}})(?:[ -](?=\d{{1,2}}/)|(?= ?[{GLYPHS}]) ?))?(?:"
            rf"(?P<top>\d{{1,2}})/(?P<bottom>\d{{1,3}})|(?P<glyph>[{GLYPHS}]))[ -]?{_UNIT}"
        ),
        _part,
    ),
    Rule(
        "by",
        {*"x×.", *spaced("x×")},
        re.compile(
            rf"(?P<sides>{NUMBER}(?: ?[x×] ?{NUMBER}){{1,3}})(?:(?P<many>s)|(?: ?|-)"
            rf"(?P<unit>{alternatives(UNITS)}))?(?![\w=+²³])"
        ),
        _by,
    ),
    Rule(
        "range of a unit",
        {*"-–.,", *spaced("-–t")},
        re.compile(rf"(?P<first>{NUMBER})(?: ?[-–] ?| to )(?P<second>{NUMBER})(?P<gap> ?){_UNIT}"),
        _range,
    ),
    Rule(
        "number per unit",
        {"/", ".", ","},
        re.compile(rf"({NUMBER})/(?P<per>{_PER})(?![\w/²³])"),
        _per,
    ),
    Rule("measure", _STARTS, re.compile(rf"(?P<sum>{NUMBER})(?P<gap>[ -]?){_UNIT}"), _measure),
]
SYMBOLS = [
    Rule("power of a unit", "^", re.compile(rf"\^\(?(-?\d{{1,9}})\)? ?{_UNIT}"), _caret),
    Rule(
        "fraction sign of a unit", GLYPHS, re.compile(rf"(?P<glyph>[{GLYPHS}])[ -]?{_UNIT}"), _glyph
    ),
]
WORDS = [Rule("by", ["x", "×"], re.compile(r"[x×](?= \d)"), _by_sides)]
