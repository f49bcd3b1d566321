"""Roman numerals, where there are any: behind a ruler or a chapter, before a century."""

from __future__ import annotations

import re

from workers.text import numbers
from workers.text.rules import Manner, Rule, after, before

_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_VALID = re.compile(r"(?=[IVXLCDM])M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")
_COUNTED = frozenset(
    "chapter chapters part parts vols volumes acts books sections articles phases stages "
    "types wars ww saturn gta fantasy act scene section volume vol book phase article war mark "
    "type level stage class "
    "grade bowl apollo gemini episode round title appendix figure fig table psalm canto "
    "sonata symphony group "
    "category tier unit lesson division schedule annex exhibit corps world factor season step "
    "series".split()
)
_RULERS = frozenset(
    "henry louis edward george william charles james richard elizabeth napoleon pius benedict "
    "leo paul ramses "
    "frederick philip philippe alexander nicholas peter catherine ivan umberto emmanuel "
    "gustav christian ferdinand "
    "john gregory innocent clement urban boniface julius sixtus mary victor albert wilhelm "
    "friedrich franz joseph "
    "rudolf otto ludwig maximilian harald haakon olav carl karl juan carlos felipe alfonso "
    "pedro joao manuel "
    "margaret margrethe christina robert david thutmose amenhotep ptolemy cleopatra darius "
    "xerxes artaxerxes "
    "tiberius constantine theodosius justinian leopold baudouin rama selim mehmed murad "
    "suleiman abdul mohammed "
    "hassan hussein faisal martin thomas arthur stephen adrian celestine eugene nicolas "
    "casimir sigismund wladyslaw "
    "ramesses seti bayezid osman baldwin godfrey "
    "philippa isabella anne pope king queen emperor tsar prince edmund alfred harold rameses "
    "cosimo lorenzo".split()
)

_SMALL = frozenset("act scene page pages canto verse chapter appendix section".split())
"""What is counted in small letters, too."""

_NEVER = frozenset("a an the this that his her my our your their on no type-".split())
"""Words before letters that are no numeral: "an IV drip"."""


_PLAIN = frozenset("II III VII VIII XII XIII XIV XVI XVII XVIII XIX".split())
"""Letters that are a numeral wherever they stand."""

_TITLED = re.compile(
    r"\b(?:King|Queen|Pope|Emperor|Empress|Sultan|Tsar|Czar|Kaiser|Prince|Duke|Count|Saint|Pharaoh|"
    r"Shah|Patriarch) [A-Z]\w+ $"
)
_REIGNS = re.compile(
    r" (?:of|and|died|is|has|became|reigned|ruled|succeeded|granted|ascended|abdicated|married"
    r"|'s)\b"
)


def value(numeral: str) -> int | None:
    """The number that a Roman numeral stands for; None for letters that are none."""
    if not numeral or _VALID.fullmatch(numeral) is None:
        return None
    total = 0
    for here, then in zip(numeral, [*numeral[1:], "I"], strict=True):
        total += -_VALUES[here] if _VALUES[then] > _VALUES[here] else _VALUES[here]
    return total


def _numeral(found: re.Match[str], manner: Manner) -> str | None:
    written = found.group(1)
    number = value(written)
    if number is None:
        return None
    cue = re.search(r"([^\W\d_]+)[.]?,? $", before(found))
    said = _behind(cue.group(1), written, number, found, manner) if cue else None
    if said is None and written in _PLAIN and not (cue and cue.group(1).lower() in _NEVER):
        said = numbers.cardinal(number, manner.british)
    return said and said + ("'s" if found.group(2) else "")


def _behind(
    cue: str, written: str, number: int, found: re.Match[str], manner: Manner
) -> str | None:
    name = cue.lower()
    count = numbers.cardinal(number, manner.british)
    if name in _COUNTED:
        return count if _is_counted(cue, written, found) else None
    if name in _NEVER or not cue[0].isupper() or (cue.isupper() and len(cue) > 1):
        return None
    if _is_ruler(name, written, found):
        return f"the {numbers.ordinal(number, manner.british)}"
    several = len(written) > 1 and set(written) <= set("IVX")
    return count if several or name == "rocky" else None


def _is_ruler(name: str, written: str, found: re.Match[str]) -> bool:
    """Henry VIII, and people with a surname, "John Smith III"."""
    if len(written) == 1:
        pronoun = written == "I" and re.match(r" [a-z]|'", after(found))
        reigns = _REIGNS.match(after(found))
        return name in _RULERS and written in "IVX" and (not pronoun or reigns is not None)
    if name in _RULERS or _TITLED.search(before(found)):
        return True
    person = re.search(r"([A-Z][a-z]+) (?:[A-Z][\w.]* ){1,2}$", before(found))
    return person is not None and person.group(1).lower() in _RULERS


def _is_counted(cue: str, written: str, found: re.Match[str]) -> bool:
    if len(written) > 1:
        return not written.isupper() or written not in {"MC", "CD", "MD", "DC", "CC"}
    if written in "LCDM":
        return cue.lower() in {"chapter", "psalm"}
    if written == "I" and not cue[0].isupper():
        return re.match(r"\s*(?:$|[.,;:)]|of\b|and\b)", after(found)) is not None
    return True


def _small(found: re.Match[str], manner: Manner) -> str | None:
    """`act iii, scene iv`, `page xii`."""
    number = value(found.group(1).upper())
    cue = re.search(r"([^\W\d_]+)[.]? $", before(found))
    if number is None or cue is None or cue.group(1).lower() not in _SMALL:
        return None
    if len(found.group(1)) == 1 and re.match(r"\s*(?:$|[.,;:)]|of\b)", after(found)) is None:
        return None
    return numbers.cardinal(number, manner.british)


def _range(found: re.Match[str], manner: Manner) -> str | None:
    """`Chapters I-IV`."""
    cue = re.search(r"([^\W\d_]+)[.]? $", before(found))
    ends = value(found.group(1)), value(found.group(2))
    if cue is None or cue.group(1).lower() not in _COUNTED or None in ends:
        return None
    return " to ".join(numbers.cardinal(end or 0, manner.british) for end in ends)


def _bracketed(found: re.Match[str], manner: Manner) -> str | None:
    number = value(found.group(2).upper())
    if number is None:
        return None
    return f"{found.group(1)}{numbers.cardinal(number, manner.british)}{found.group(3)}"


def _century(found: re.Match[str], manner: Manner) -> str | None:
    number = value(found.group(1))
    return numbers.ordinal(number, manner.british) if number else None


def _heading(found: re.Match[str], manner: Manner) -> str | None:
    number = value(found.group(1))
    return f"{numbers.cardinal(number, manner.british)}." if number else None


def _year(found: re.Match[str], manner: Manner) -> str | None:
    number = value(found.group(1))
    return numbers.year(number, manner.british) if number and 1100 <= number <= 2099 else None


def _world_war(found: re.Match[str], manner: Manner) -> str:
    return f"World War {'one' if found.group(1) in {'1', 'I'} else 'two'}"


_STARTS = {
    numeral.lower()
    for numeral in (
        f"{tens}{ones}"
        for tens in ("", "X", "XX", "XXX", "XL", "L", "LX", "LXX", "LXXX", "XC", "C")
        for ones in ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX")
    )
    if numeral
}
_YEARS = {
    f"{century}{tens}{ones}".lower()
    for century in ("MDCC", "MDCCC", "MCM", "MM")
    for tens in ("", "X", "XX", "XXX", "XL", "L", "LX", "LXX", "LXXX", "XC")
    for ones in ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX")
} - {"mm"}
_POSSESSIVE = {f"{numeral}'s" for numeral in _STARTS}

WORDS = [
    Rule("world war", ["ww", "wwi", "wwii"], re.compile(r"WW(I{1,2}|[12])(?!\w)"), _world_war),
    Rule(
        "century",
        _STARTS | {f"{numeral}th" for numeral in _STARTS},
        re.compile(r"([IVX]{1,6})(?:th|e)?(?= (?:century|centuries)\b)"),
        _century,
    ),
    Rule(
        "ordinal",
        {f"{numeral}{ending}" for numeral in _STARTS for ending in ("th", "st", "nd", "rd")},
        re.compile(r"([IVX]{2,8})(?:th|st|nd|rd)(?!\w)"),
        _century,
    ),
    Rule(
        "numbered heading",
        _STARTS,
        re.compile(r"(?<![^\n])([IVX]{2,6}|[VX])\.(?= [A-Z])"),
        _heading,
    ),
    Rule(
        "from numeral to numeral",
        _STARTS,
        re.compile(r"([IVXLC]{1,6})[-–]([IVXLC]{1,6})(?!\w)"),
        _range,
    ),
    Rule(
        "small numeral of a list",
        ["ii", "iii", "iv", "vi", "vii", "viii", "ix"],
        re.compile(r"(?<![^\n])()([iv]{2,4}|ix)([.)])(?= )"),
        _bracketed,
    ),
    Rule(
        "small numeral behind what it counts",
        ["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii"],
        re.compile(r"([ivx]{1,4})(?![\w'’-])"),
        _small,
    ),
    Rule("numeral", _STARTS | _POSSESSIVE, re.compile(r"([IVXLCDM]{1,8})('s)?(?![\w])"), _numeral),
    Rule("year in numerals", _YEARS, re.compile(r"([IVXLCDM]{5,15})(?!\w)"), _year),
]
SYMBOLS = [
    Rule(
        "small numeral in brackets",
        "(",
        re.compile(r"(?<!\w)(\()(i{1,3}|iv|vi{0,3}|ix|xi{1,3}|xiv|xv)(\))"),
        _bracketed,
    ),
]
