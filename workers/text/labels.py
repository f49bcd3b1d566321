"""Numbers that are names: telephones, cards, codes, versions, flights and rooms."""

from __future__ import annotations

import re

from workers.text import numbers
from workers.text.places import ROADS
from workers.text.rules import ANY, FIGURES, Manner, Rule, after, before, spaced

_CODE_CUES = frozenset(
    "code codes pin passcode password otp zip account acct card serial tracking reference ref "
    "invoice ticket booking case ext extension phone telephone tel fax mobile licence license id "
    "passport".split()
)
_ROOM_CUES = frozenset(
    "room flight suite apartment apt unit highway route interstate bus gate boeing airbus channel "
    "platform studio train model port rtx gtx rfc ryzen".split()
)
_CALL_CUES = frozenset(
    "call calls called calling dial dials dialed dialled dialing dialling phone ring text".split()
)
_VERSION_CUES = frozenset(
    "version python release build v ios ipados android ubuntu debian fedora macos node node.js "
    "chrome firefox windows kernel linux java php ruby go rust django react angular vue "
    "kubernetes postgres postgresql mysql gcc clang cuda pytorch numpy rails perl swift kotlin "
    "bluetooth usb http tls gpt llama section chapter figure table".split()
)
_FILLERS = frozenset("is was number no no. of ending ends in #".split())
_STAGES = {
    "alpha": "alpha", "beta": "beta", "rc": "R C", "dev": "dev", "pre": "pre", "preview": "preview",
    "canary": "canary", "nightly": "nightly", "snapshot": "snapshot", "post": "post", "a": "A",
    "b": "B",
}  # fmt: skip
_STAGE = (
    rf"[-.]?(?P<stage>(?i:{'|'.join(sorted(_STAGES, key=len, reverse=True))}))"
    r"(?:[-.]?(?P<count>\d{1,9}(?:\.\d{1,9})?))?(?![\w.]\w)(?!\w)"
)
_ANSWERS = re.compile(
    r"(?i)(?:\b(?:http|status|error|errors|return(?:s|ed)?|code|page|got an?) ?$"
    r"| ?(?:error|errors|not found|page|status|response)\b)"
)
_SHORT_CUES = frozenset(["acct.", "ref.", "ext.", "tel.", "apt."])
_HYPHENED = re.compile(r"-\d")
_DIALLED = re.compile(r"\s(?:or|to|for|and|now|if|at|free)\b")
_ALARM = re.compile(r"(?i)\b(?:emergenc|dial|call(?:ing|ed)? )")
_EMERGENCIES = frozenset(["911", "999", "112", "111", "101", "311", "411", "988"])


def _cue(found: re.Match[str]) -> str:
    """The word that says what a number is, "ZIP" of "ZIP code is", in small letters."""
    words = before(found, 48).rstrip(" :#-").split()[-4:]
    while words and words[-1].lower() in _FILLERS:
        words.pop()
    cue = words[-1].lower().lstrip("(\"'") if words else ""
    return cue.removesuffix(".") if cue in _SHORT_CUES else cue


def _grouped(written: str, manner: Manner) -> str:
    """Groups of digits, a breath between them."""
    zero = "oh" if manner.british else "zero"
    return ", ".join(numbers.digits(group, zero=zero) for group in re.findall(r"\d+", written))


def _phone(found: re.Match[str], manner: Manner) -> str:
    plus = "plus " if found.group().startswith("+") else ""
    return plus + _grouped(found.group(), manner)


def _card(found: re.Match[str], manner: Manner) -> str:
    return _grouped(found.group(), manner)


def _short_phone(found: re.Match[str], manner: Manner) -> str | None:
    return _grouped(found.group(), manner) if _cue(found) in _CALL_CUES | _CODE_CUES else None


def _hex(found: re.Match[str], manner: Manner) -> str:
    """`0x80FF` by its digits and letters."""
    said = (numbers.digits(symbol) if symbol.isdecimal() else symbol.upper() for symbol in found[1])
    return f"zero X {' '.join(said)}"


def _stage(found: re.Match[str], manner: Manner) -> str:
    """`1.0-beta.3`, `3.12.1rc2`: a version before it is done."""
    name = _STAGES[found.group("stage").lower()]
    said = [f"{_point_parts(found.group('parts'), manner)} {name}"]
    if found.group("count"):
        said.append(_point_parts(found.group("count"), manner))
    return " ".join(said)


def _v_stage(found: re.Match[str], manner: Manner) -> str:
    return f"version {_stage(found, manner)}"


def _extension(found: re.Match[str], manner: Manner) -> str | None:
    """`555-0123 x45`."""
    if not re.search(r"\d{4},? $", before(found, 6)):
        return None
    return f"extension {numbers.digits(found.group(1))}"


def _hex_groups(found: re.Match[str], manner: Manner) -> str:
    groups = found.group().upper().split("-")
    return ", ".join(
        " ".join(numbers.digits(symbol) or symbol for symbol in group) for group in groups
    )


def _house(found: re.Match[str], manner: Manner) -> str:
    return numbers.code(found.group())


def _section(found: re.Match[str], manner: Manner) -> str:
    """`1.E.8`: a section's number, part by part."""
    parts = found.group(1).split(".")
    return " ".join(
        numbers.number(part, manner.british) if part.isdecimal() else part for part in parts
    )


def _listed(found: re.Match[str], manner: Manner) -> str:
    """`CVE-2023-12345`."""
    letters, year, number = found.groups()
    return f"{letters} {numbers.code(year)} {numbers.code(number)}"


def _network(found: re.Match[str], manner: Manner) -> str:
    """`802.11ac`."""
    part = numbers.number(found.group(1), manner.british)
    return f"eight oh two dot {part} {' '.join(found.group(2).upper())}".strip()


def _video(found: re.Match[str], manner: Manner) -> str:
    return f"H {numbers.code(found.group(1))}"


def _free_call(found: re.Match[str], manner: Manner) -> str:
    words = found.group(2).replace("-", " ").lower()
    return f"one {numbers.code(found.group(1))} {words}"


def _processor(found: re.Match[str], manner: Manner) -> str | None:
    """`i7-9700K`: a model's number and letters."""
    if not re.search(r"\b(?:[A-Z]{1,4}|[a-z])\d?-$", before(found, 7)):
        return None
    number = found.group(1)
    said = numbers.number(number, manner.british) if number[-3:] == "000" else numbers.code(number)
    return f"{said} {' '.join(found.group(2))}".strip()


def _status(found: re.Match[str], manner: Manner) -> str | None:
    """`404`, where servers answer or pages are missing."""
    if _ANSWERS.search(before(found)) or _ANSWERS.match(after(found)):
        return numbers.code(found.group())
    return None


def _dashed(found: re.Match[str], manner: Manner) -> str | None:
    groups = found.group().split("-")
    if len(groups) > 2 and max(map(len, groups)) < 3 and _cue(found) not in _CODE_CUES:
        return " ".join(numbers.number(group, manner.british) for group in groups)
    count = sum(symbol.isdecimal() for symbol in found.group())
    return (
        _grouped(found.group(), manner)
        if count >= 7 or _cue(found) in _CODE_CUES or found.group() in {"9-1-1", "9-9-9"}
        else None
    )


def _cued(found: re.Match[str], manner: Manner) -> str | None:
    written, cue = found.group(), _cue(found)
    if _HYPHENED.match(after(found, 2)) and cue not in {"boeing", "airbus", "model"}:
        return None
    if written in _EMERGENCIES and _ALARM.search(before(found, 48)):
        return numbers.digits(written)
    emergency = written in _EMERGENCIES or not re.match(r"\s[a-z]", after(found, 2))
    dialled = emergency or (len(written) > 3 and _DIALLED.match(after(found)))
    if cue in _CODE_CUES or (cue in _CALL_CUES and dialled):
        return numbers.digits(written)
    if cue in _ROOM_CUES:
        return numbers.code(written)
    if len(written) == 5 and re.search(r"\b[A-Z]{2} $", before(found, 4)):
        return numbers.digits(written)
    return None


def _zeros(found: re.Match[str], manner: Manner) -> str:
    return numbers.digits(found.group())


def _point_parts(written: str, manner: Manner) -> str:
    said = []
    for part in written.split("."):
        if len(part) > 1 and part[0] == "0":
            said.append(f"oh {numbers.digits(part[1:])}")
        elif not said and len(part) == 4 and 1990 <= int(part) <= 2099:
            said.append(numbers.year(int(part), manner.british))
        else:
            said.append(numbers.number(part, manner.british))
    return " point ".join(said)


def _version(found: re.Match[str], manner: Manner) -> str | None:
    return _point_parts(found.group(), manner)


def _cued_version(found: re.Match[str], manner: Manner) -> str | None:
    if _cue(found) not in _VERSION_CUES:
        return None
    return _point_parts(found.group(), manner)


def _v(found: re.Match[str], manner: Manner) -> str:
    return f"version {_point_parts(found.group(1), manner)}"


def _glued(found: re.Match[str], manner: Manner) -> str | None:
    start = found.start()
    if not start or not found.string[start - 1].isalpha():
        return None
    whole, point, rest = found.group().partition(".")
    said = numbers.code(whole)
    if point:
        return f"{said} point {numbers.digits(rest)}"
    return said


def _address(found: re.Match[str], manner: Manner) -> str:
    parts = [
        numbers.digits(part) if len(part) == 3 else numbers.number(part, manner.british)
        for part in found.group(1).split(".")
    ]
    said = " dot ".join(parts)
    if found.group("port"):
        said += f" colon {numbers.code(found.group('port')[1:])}"
    if found.group("bits"):
        said += f" slash {numbers.number(found.group('bits')[1:], manner.british)}"
    return said


def _hash(found: re.Match[str], manner: Manner) -> str:
    written = found.group(1)
    long = len(written) > 4
    return f"number {numbers.code(written) if long else numbers.number(written, manner.british)}"


def _number_sign(found: re.Match[str], manner: Manner) -> str:
    return "number"


_END = r"(?![\w-]|\.\d)"
_AREA = r"\(\d{3,5}\)"

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?!\w)")

DIGITS = [
    Rule("number of sixteen bytes", "-abcdefABCDEF", _UUID, _hex_groups),
    Rule(
        "house",
        spaced("ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
        re.compile(rf"[1-9]\d{{2,3}}(?= (?:[NSEW]\.? )?(?:[A-Z][a-z]+ ){{1,2}}{ROADS}\b)"),
        _house,
    ),
    Rule(
        "section",
        ".",
        re.compile(r"(\d{1,3}(?:\.\d{1,3}){0,2}\.[A-Z](?:\.\d{1,3}){0,3})(?=\.?(?:\s|$)|[,;)])"),
        _section,
    ),
    Rule("standard of a network", ".", re.compile(r"802\.(\d{1,2})([a-z]{0,2})(?!\w)"), _network),
    Rule("number to the base of sixteen", "x", re.compile(r"0x([0-9a-fA-F]{1,32})(?!\w)"), _hex),
    Rule(
        "version before it is done",
        {*".-abcdnprs"},
        re.compile(rf"(?P<parts>\d{{1,9}}(?:\.\d{{1,9}}){{1,5}}){_STAGE}"),
        _stage,
    ),
    Rule(
        "free call", "-", re.compile(r"1-(8\d\d)-([A-Z]{3,10}(?:-[A-Z]{2,8})?)(?!\w)"), _free_call
    ),
    Rule("processor", ANY, re.compile(r"(\d{3,5})([A-Z]{0,2})(?!\w|[.-]\d)"), _processor),
    Rule("answer of a server", ANY, re.compile(r"[45]\d\d(?![\w-]|[.,:/]\d)"), _status),
    Rule(
        "address of a computer",
        ".",
        re.compile(
            r"(\d{1,3}(?:\.\d{1,3}){3})(?P<port>:\d{1,5})?(?P<bits>/\d{1,2})?(?![\w/]|\.\d)"
        ),
        _address,
    ),
    Rule(
        "card",
        {"-", *spaced(FIGURES)},
        re.compile(
            rf"\d{{4}}([ -])\d{{4}}\1\d{{4}}\1\d{{4}}{_END}|\d{{4}}([ -])\d{{6}}\2\d{{5}}{_END}"
        ),
        _card,
    ),
    Rule(
        "telephone",
        {"-", ".", " (", *spaced(FIGURES)},
        re.compile(
            rf"(?:1[ .-])?(?:{_AREA}[ -]?)?\d{{3}}([ .-])\d{{3}}\1\d{{4}}{_END}"
            rf"|1[ .-]?\(\d{{3}}\) ?\d{{3}}[ -]\d{{4}}{_END}"
            rf"|0\d{{2,4}}[ -]\d{{3,4}}[ -]\d{{3,4}}{_END}|0\d{{3,4}}[ -]\d{{5,6}}{_END}"
            rf"|\d{{3}}-\d{{4}}{_END}|\d{{5}}-\d{{4}}{_END}|\d{{2}}-\d{{6,8}}{_END}"
        ),
        _phone,
    ),
    Rule(
        "telephone, where one calls",
        spaced(FIGURES),
        re.compile(rf"\d{{2,4}}(?: \d{{2,4}}){{1,4}}{_END}"),
        _short_phone,
    ),
    Rule("groups of digits", "-", re.compile(rf"\d{{1,7}}(?:-\d{{1,7}}){{2,5}}{_END}"), _dashed),
    Rule("behind a letter", ANY, re.compile(r"\d{1,30}(?:\.\d{1,9}(?![\w.]))?"), _glued),
    Rule("code", ANY, re.compile(r"\d{3,30}(?![\d%°]|[.,:/]\d)"), _cued),
    Rule("version", ".", re.compile(r"\d{1,9}(?:\.\d{1,9}){2,9}(?![\w]|\.\d)"), _version),
    Rule("version of a program", ".", re.compile(r"\d{1,4}\.\d{1,4}(?!\w|\.\d)"), _cued_version),
    Rule("zeros first", ANY, re.compile(r"0\d{1,29}(?![\d:/-]|[.,]\d)"), _zeros),
]
WORDS = [
    Rule("code of pictures", ".", re.compile(r"H\.(26\d)(?!\w)"), _video),
    Rule(
        "number of a year's list",
        "-",
        re.compile(r"([A-Z]{2,5})-(\d{4})-(\d{2,7})(?![\w-])"),
        _listed,
    ),
    Rule("number of sixteen bytes", "0123456789-", _UUID, _hex_groups),
    Rule("extension", "0123456789", re.compile(r"x(\d{2,6})(?!\w)"), _extension),
    Rule(
        "version before it is done",
        "v0123456789",
        re.compile(rf"[vV](?P<parts>\d{{1,9}}(?:\.\d{{1,9}}){{1,5}}){_STAGE}"),
        _v_stage,
    ),
    Rule(
        "version",
        "v0123456789",
        re.compile(r"(?:v|V(?=\d{1,9}\.))(\d{1,9}(?:\.\d{1,9}){0,9})(?![\w]|\.\d)"),
        _v,
    ),
]
SYMBOLS = [
    Rule(
        "telephone of a country",
        "+",
        re.compile(r"\+\d{1,3}(?:[ .-]?\(?\d{1,5}\)?){2,6}(?!\d)"),
        _phone,
    ),
    Rule(
        "telephone of an area",
        "(",
        re.compile(rf"{_AREA}[ -]?\d{{3,4}}[ -]?\d{{3,6}}{_END}"),
        _phone,
    ),
    Rule("number sign alone", "#", re.compile(r"(?<=\w )#(?=: )"), _number_sign),
    Rule("number sign", "#№", re.compile(r"[#№] ?(\d{1,9})(?![\w])"), _hash),
]
