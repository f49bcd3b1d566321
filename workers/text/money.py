"""Money: its sign in front, behind or as three letters, with thousands, millions and shares."""

from __future__ import annotations

import re

import msgspec

from workers.text import numbers
from workers.text.amounts import NUMBER
from workers.text.rules import Manner, Rule, after, alternatives, before, ends_sentence, spaced


class Currency(msgspec.Struct, frozen=True):
    """One coin and many, and what a hundredth of it is called."""

    one: str
    many: str
    cent: str = "cent"
    cents: str = "cents"


_DOLLAR = Currency("dollar", "dollars")
_POUND = Currency("pound", "pounds", "penny", "pence")
_EURO = Currency("euro", "euros")
_YEN = Currency("yen", "yen", "sen", "sen")
_RUPEE = Currency("rupee", "rupees", "paisa", "paise")
_FRANC = Currency("Swiss franc", "Swiss francs", "centime", "centimes")


def _dollars_of(land: str) -> Currency:
    return Currency(f"{land} dollar", f"{land} dollars")


_KRONER = {
    "SEK": Currency("Swedish krona", "Swedish kronor", "öre", "öre"),
    "NOK": Currency("Norwegian krone", "Norwegian kroner", "øre", "øre"),
    "DKK": Currency("Danish krone", "Danish kroner", "øre", "øre"),
}
_SIGNS = {
    "$": _DOLLAR,
    "US$": _dollars_of("U S"),
    "C$": _dollars_of("Canadian"),
    "CA$": _dollars_of("Canadian"),
    "A$": _dollars_of("Australian"),
    "AU$": _dollars_of("Australian"),
    "NZ$": _dollars_of("New Zealand"),
    "USD $": _dollars_of("U S"),
    "CAD $": _dollars_of("Canadian"),
    "AUD $": _dollars_of("Australian"),
    "NZD $": _dollars_of("New Zealand"),
    "HK$": _dollars_of("Hong Kong"),
    "S$": _dollars_of("Singapore"),
    "R$": Currency("real", "reais", "centavo", "centavos"),
    "£": _POUND,
    "€": _EURO,
    "¥": _YEN,
    "₹": _RUPEE,
    "₩": Currency("won", "won"),
    "₽": Currency("ruble", "rubles", "kopeck", "kopecks"),
    "₺": Currency("lira", "lira", "kurus", "kurus"),
    "₪": Currency("shekel", "shekels", "agora", "agorot"),
    "₫": Currency("dong", "dong"),
    "₱": Currency("peso", "pesos", "centavo", "centavos"),
    "₿": Currency("bitcoin", "bitcoins"),
}
_CODES = {
    "USD": Currency("U S dollar", "U S dollars"),
    "EUR": _EURO,
    "GBP": _POUND,
    "JPY": _YEN,
    "CHF": _FRANC,
    "CAD": _dollars_of("Canadian"),
    "AUD": _dollars_of("Australian"),
    "NZD": _dollars_of("New Zealand"),
    "INR": _RUPEE,
    "CNY": Currency("yuan", "yuan"),
    "RMB": Currency("yuan", "yuan"),
    "PLN": Currency("zloty", "zlotys", "grosz", "groszy"),
    "BTC": Currency("bitcoin", "bitcoins"),
    "Rs": _RUPEE,
    **_KRONER,
}
_SIGN = alternatives(_SIGNS)
_CODE = alternatives(_CODES)
MAGNITUDES = {
    "k": "thousand",
    "m": "million",
    "mn": "million",
    "mm": "million",
    "mio": "million",
    "mil": "million",
    "bn": "billion",
    "b": "billion",
    "tn": "trillion",
    "t": "trillion",
    "tr": "trillion",
} | {
    name: name
    for name in ("hundred", "thousand", "million", "billion", "trillion", "lakh", "crore")
}
_BIG = (
    r"(?: ?(?P<big>hundred|lakh|crore|thousand|million|billion|trillion|bn|mn|mm|mio|mil"
    r"|tn|tr|[kKmMbBtT])"
    r"(?!\w|/\w))?"
)
_PER = {
    "h": "hour", "hr": "hour", "hour": "hour", "day": "day", "d": "day", "wk": "week",
    "week": "week", "mo": "month", "month": "month", "yr": "year", "y": "year", "year": "year",
    "min": "minute", "person": "person", "night": "night", "lb": "pound", "kg": "kilogram",
    "oz": "ounce", "gal": "gallon", "l": "litre", "L": "liter", "ft": "foot", "sqft": "square foot",
    "m²": "square meter", "unit": "unit", "user": "user", "kWh": "kilowatt hour", "GB": "gigabyte",
    "each": "each", "share": "share",
}  # fmt: skip
_RATES = {
    "pp": "per person",
    "pw": "per week",
    "pcm": "per calendar month",
    "pa": "per annum",
    "ph": "per hour",
}
"""Letters behind a sum, "£500pw"."""

_EACH = rf"(?: ?/ ?(?P<per>{alternatives(_PER)})(?!\w)| ?(?P<rate>{alternatives(_RATES)})(?!\w))?"
_UNTIL = rf"(?:(?P<big1>bn|[kKmMbB])? ?[-–—] ?(?:{_SIGN})?(?P<until>{NUMBER}))?"
_DETERMINER = re.compile(r"(?i)\b(?:an?|the|this|that|every|each|his|her|their|our|my|your|its)\s$")
_NOUN = re.compile(
    r"[ -](?!(?:and|or|of|at|in|on|for|to|per|with|is|was|are|from|over|by|but|a|an|each|more|less|"
    r"off|that|which|as|if|when|will|would|extra|would|has|had|than|into|back|we|he|she|they"
    r"|it|you|i)\b)"
    r"(?:[a-z]{2,}|[A-Z]\w)"
)


def is_adjective(found: re.Match[str]) -> bool:
    """Whether an amount stands before what it measures: "a $5 bill", "£3m-a-year"."""
    if re.match(r"-(?!plus)[a-z]", after(found, 5)):
        return True
    return bool(_DETERMINER.search(before(found, 8)) and _NOUN.match(after(found)))


def amount(
    written: str, money: Currency, big: str | None, *, adjective: bool, british: bool
) -> str:
    """A sum in words."""
    written = f"0{written}" if written.startswith(".") else written
    if big:
        coin = money.one if adjective else money.many
        return f"{numbers.quantity(written, british)} {MAGNITUDES[big.lower()]} {coin}"
    whole, _, cents = written.replace(",", "").partition(".")
    if len(cents) != 2:
        single = adjective or numbers.is_one(written)
        return f"{numbers.quantity(written, british)} {money.one if single else money.many}"
    pounds, pence = int(whole), int(cents)
    parts = []
    if pounds or not pence:
        parts.append(
            f"{numbers.number(str(pounds), british)} {money.one if pounds == 1 else money.many}"
        )
    if pence:
        parts.append(
            f"{numbers.cardinal(pence, british)} {money.cent if pence == 1 else money.cents}"
        )
    return " and ".join(parts)


def _sum(found: re.Match[str], money: Currency, manner: Manner) -> str:
    groups = found.groupdict()
    first, until, big = groups["sum"], groups.get("until"), groups.get("big")
    minus = "minus " if groups.get("minus") or groups.get("minus2") else ""
    said = amount(until or first, money, big, adjective=is_adjective(found), british=manner.british)
    if until:
        low, first_big = numbers.quantity(first, manner.british), groups.get("big1")
        if "." in first and len(first.partition(".")[2]) == 2:
            low = amount(first, money, None, adjective=False, british=manner.british)
        said = f"{low}{' ' + MAGNITUDES[first_big.lower()] if first_big else ''} to {said}"
    per = groups.get("per")
    if per:
        said += " each" if per == "each" else f" per {_PER[per]}"
    if groups.get("rate"):
        said += f" {_RATES[groups['rate']]}"
    return minus + said


def _before(found: re.Match[str], manner: Manner) -> str:
    return _sum(found, _SIGNS[found.group("sign")], manner)


def _code_before(found: re.Match[str], manner: Manner) -> str:
    return _sum(found, _CODES[found.group("code")], manner)


def _behind(found: re.Match[str], manner: Manner) -> str:
    return _sum(found, {**_SIGNS, **_CODES}[found.group("sign")], manner)


def _comma_behind(found: re.Match[str], manner: Manner) -> str:
    written = f"{found.group(1).replace('.', '')}.{found.group(2)}"
    money = {**_SIGNS, **_CODES}[found.group("sign")]
    return amount(written, money, None, adjective=False, british=manner.british)


def _comma_before(found: re.Match[str], manner: Manner) -> str:
    written = f"{found.group(2).replace('.', '')}.{found.group(3)}"
    return amount(
        written, _SIGNS[found.group("sign")], None, adjective=False, british=manner.british
    )


def _cents(found: re.Match[str], manner: Manner) -> str | None:
    if found.group(3) and not _PRICED.search(before(found)):
        return None
    coin = "cent" if numbers.is_one(found.group(1)) else "cents"
    return f"{numbers.quantity(found.group(1), manner.british)} {coin}"


def _pence(found: re.Match[str], manner: Manner) -> str | None:
    if found.group(1).isdecimal() and len(found.group(1)) > 2:
        return f"{numbers.code(found.group(1))} P"
    return (
        f"{numbers.quantity(found.group(1), manner.british)} {'pence' if manner.british else 'P'}"
    )


def _of_old(found: re.Match[str], manner: Manner) -> str:
    """`£5 6s. 8d.`, `12s. 6d.`: pounds, shillings and pence before 1971."""
    pounds, shillings, pence = found["pounds"], found["shillings"], found["pence"]
    parts = []
    if pounds:
        parts.append(amount(pounds, _POUND, None, adjective=False, british=manner.british))
    shilling = "shilling" if shillings == "1" else "shillings"
    parts.append(f"{numbers.number(shillings, manner.british)} {shilling}")
    if pence:
        name = _POUND.cent if pence == "1" else _POUND.cents
        parts.append(f"{numbers.number(pence, manner.british)} {name}")
    return " ".join(parts) + ("." if found.group().endswith(".") and ends_sentence(found) else "")


_PRICED = re.compile(r"(?i)\b(?:costs?|pa(?:y|ys|id)|for|only|just|price[ds]?|sells?|or|at) $")
_TAILS = ",.$£€¥₹₩₽₺₪₫₱₿kKmMbBthUEGJCANIPRSD-–"
_COMMA = r"(\d{1,3}(?:\.\d{3}){0,4}),(\d\d)(?!\d)"
_LAKHS = r"\d{1,2}(?:,\d\d){1,5},\d{3}(?![\d,])(?:\.\d\d)?"
_FORE = re.compile(
    rf"(?P<minus>[-−])?(?P<sign>{_SIGN}) ?(?P<minus2>[-−])?"
    rf"(?P<sum>{_LAKHS}|{NUMBER}|\.\d{{1,3}}(?!\d)){_UNTIL}{_BIG}(?:(?<=\.\d\d)p(?!\w))?{_EACH}"
)
_SHILLINGS = r"(?P<shillings>1?\d)s\.?"
_PENCE = r"(?P<pence>1?\d)d\b\.?"

DIGITS = [
    Rule(
        "shillings and pence",
        "s",
        re.compile(rf"(?P<pounds>){_SHILLINGS},? {_PENCE}(?!\w)"),
        _of_old,
    ),
    Rule(
        "sum with a comma",
        ",.",
        re.compile(rf"{_COMMA} ?(?P<sign>[$£€¥]|EUR|CHF)(?!\w)"),
        _comma_behind,
    ),
    Rule(
        "sum before its sign",
        {*_TAILS, *spaced(_TAILS)},
        re.compile(
            rf"(?P<sum>{NUMBER})(?:[-–](?P<until>{NUMBER}))?{_BIG} ?(?P<sign>[$£€¥₹₩₽₺₪₫₱₿]"
            rf"|{_CODE})(?![\w$])(?! ?\d){_EACH}"
        ),
        _behind,
    ),
    Rule("cents", {*"¢.,c", " ¢"}, re.compile(rf"({NUMBER})(?: ?(¢)|(c)(?!\w))"), _cents),
    Rule("pence", "p,.", re.compile(r"(\d{1,4}|\d,\d{3}|\d{1,3}\.\d)p(?!\w)"), _pence),
]
SYMBOLS = [
    Rule(
        "sign before a sum with a comma",
        "€£$",
        re.compile(rf"(?P<sign>[€£$]) ?{_COMMA}(?![,.]\d)"),
        _comma_before,
    ),
    Rule(
        "pounds, shillings and pence",
        "£",
        re.compile(rf"£(?P<pounds>{NUMBER}),? {_SHILLINGS}(?:,? {_PENCE})?(?!\w)"),
        _of_old,
    ),
    Rule("sign before its sum", "-−$£€¥₹₩₽₺₪₫₱₿", _FORE, _before),
]
WORDS = [
    Rule(
        "letters and sign before a sum",
        ["us", "c", "ca", "a", "au", "nz", "hk", "s", "r", "usd", "cad", "aud", "nzd"],
        _FORE,
        _before,
    ),
    Rule(
        "code before a sum",
        [code.lower() for code in _CODES],
        re.compile(rf"(?P<code>{_CODE})\.? ?(?P<sum>{NUMBER}){_UNTIL}{_BIG}{_EACH}"),
        _code_before,
    ),
]
