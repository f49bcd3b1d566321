"""Short forms read in full, and only where they are short forms: "no. 5", but "he said no."."""

from __future__ import annotations

import re

from workers.text.places import STREETS
from workers.text.rules import (
    STARTERS,
    Manner,
    Rule,
    after,
    before,
    before_sentence,
    ends_sentence,
    word_before,
)

_TITLES = {
    "mr": "Mister", "mrs": "Missus", "ms": "Miz", "dr": "Doctor", "prof": "Professor",
    "st": "Saint", "mt": "Mount", "ft": "Fort", "pt": "Point", "gen": "General", "gov": "Governor",
    "sen": "Senator", "rep": "Representative", "capt": "Captain", "lt": "Lieutenant",
    "col": "Colonel", "sgt": "Sergeant", "cmdr": "Commander", "rev": "Reverend", "hon": "Honorable",
    "pres": "President", "supt": "Superintendent", "cpl": "Corporal", "maj": "Major",
    "adm": "Admiral", "fr": "Father", "msgr": "Monsignor", "messrs": "Messers", "pvt": "Private",
    "atty": "Attorney", "sr": "Sister", "sra": "Senyora", "mme": "Madame", "mlle": "Mademoiselle",
    "br": "Brother", "amb": "Ambassador",
}  # fmt: skip
_UNDOTTED = frozenset(
    [
        "mr",
        "mrs",
        "ms",
        "dr",
        "prof",
        "st",
        "mt",
        "lt",
        "sgt",
        "capt",
        "cpl",
        "messrs",
        "mme",
        "mlle",
    ]
)
_NUMBERED = {
    "no": "number", "nos": "numbers", "fig": "figure", "figs": "figures", "vol": "volume",
    "vols": "volumes", "ch": "chapter", "chap": "chapter", "p": "page", "pp": "pages", "pg": "page",
    "art": "article", "sec": "section", "sect": "section", "par": "paragraph", "para": "paragraph",
    "pt": "part", "eq": "equation", "ex": "example", "ver": "version", "op": "opus", "tab": "table",
    "app": "appendix", "rm": "room", "apt": "apartment", "ste": "suite", "bldg": "building",
    "fl": "floor", "ext": "extension", "tel": "telephone", "ph": "phone", "est": "established",
    "c": "circa", "ca": "circa", "cap": "chapter", "ref": "reference", "reg": "regulation",
    "max": "maximum", "min": "minimum", "ed": "edition", "eqs": "equations", "secs": "sections",
    "encl": "enclosure", "rte": "route", "tbl": "table", "chs": "chapters", "arts": "articles",
    "ln": "line", "l": "line", "ll": "lines", "nr": "number", "b": "born", "d": "died",
    "r": "reigned",
}  # fmt: skip
_ALWAYS = {
    "approx": "approximately", "etc": "et cetera", "vs": "versus", "dept": "department",
    "misc": "miscellaneous", "incl": "including", "excl": "excluding", "avg": "average",
    "temp": "temperature", "govt": "government", "asst": "assistant", "assn": "association",
    "assoc": "association", "univ": "university", "viz": "namely", "cf": "compare", "ibid": "ibid",
    "esp": "especially", "usu": "usually", "orig": "originally", "intl": "international",
    "natl": "national", "max": "maximum", "min": "minimum", "est": "estimated", "dist": "district",
    "subj": "subject", "mfg": "manufacturing", "mgr": "manager", "mgmt": "management",
    "attn": "attention", "acct": "account", "appt": "appointment", "tel": "telephone",
    "ext": "extension", "ave": "Avenue", "blvd": "Boulevard", "rd": "Road", "hwy": "Highway",
    "pkwy": "Parkway", "jr": "Junior", "inc": "Incorporated", "corp": "Corporation",
    "ltd": "Limited", "bros": "Brothers", "bldg": "building", "apt": "apartment", "qty": "quantity",
    "amt": "amount", "resp": "respectively", "conf": "conference", "vers": "version",
    "edn": "edition", "sq": "square", "cu": "cubic", "esq": "Esquire",
    "doz": "dozen", "eds": "editors", "hist": "history", "fl": "floor",
}  # fmt: skip
_WORDS_TOO = frozenset(
    [
        "est",
        "max",
        "min",
        "temp",
        "ed",
        "ext",
        "conf",
        "dist",
        "bros",
        "resp",
        "eds",
        "vers",
        "hist",
    ]
)
"""Short forms of which the same letters are a word or a name: not at the end of a sentence."""

_CAPITAL_FIRST = frozenset(["jr", "inc", "corp", "ltd", "bros", "ave", "blvd", "rd", "hwy", "pkwy"])
_DOTTED = {
    "e.g": "for example", "p.a": "per annum", "i.e": "that is", "a.k.a": "also known as",
    "w.r.t": "with respect to", "n.b": "note well", "et al": "et al",
}  # fmt: skip
_SLASHED = {
    "w/o": "without", "w/": "with", "c/o": "care of", "b/c": "because", "n/a": "not applicable",
    "a/c": "A C", "p/m": "per month", "p/w": "per week",
    "i/o": "I O", "tcp/ip": "T C P I P", "and/or": "and or", "he/she": "he or she",
    "she/he": "she or he", "his/her": "his or her", "him/her": "him or her", "s/he": "she or he",
    "km/h": "kilometers per hour", "m/s": "meters per second", "yes/no": "yes or no",
    "either/or": "either or", "sir/madam": "sir or madam", "on/off": "on off", "ac/dc": "A C D C",
}  # fmt: skip
_HOW_MANY = frozenset(
    "two three four five six seven eight nine ten eleven twelve fifteen twenty thirty forty fifty "
    "sixty few several couple many some half".split()
)


_POINT = re.compile(r"\s(?:[NS][EW]?|[EW])(?!\w)")


def _title(found: re.Match[str], manner: Manner) -> str | None:
    word, dot = found.group(1), found.group(2)
    short = word.lower()
    if (
        not word[0].isupper()
        or (word.isupper() and len(word) > 2 and not dot)
        or (not dot and short not in _UNDOTTED)
    ):
        return None
    behind = word_before(found)
    follows = after(found)
    named = re.match(r"\s?[A-Z]", follows) is not None and not _POINT.match(follows)
    if short in STREETS and _is_street(behind, found, named=named):
        return STREETS[short] + ("." if dot and ends_sentence(found) else "")
    if named and not (short in {"sr", "gen", "col", "fr", "br"} and not dot):
        return _TITLES[short]
    if dot and short in {"mr", "mrs", "ms", "dr", "prof", "messrs"} and follows.strip():
        return _TITLES[short]
    if short == "sr" and dot:
        return "Senior" + ("." if not follows.strip() else "")
    return None


def _is_street(behind: str, found: re.Match[str], *, named: bool) -> bool:
    number = re.search(r"\d(?:st|nd|rd|th) $", before(found)) is not None
    if not number and (not behind[:1].isupper() or behind.lower() in STARTERS):
        return False
    if re.search(r"'(?:m|re|ve|ll|d|t)$", behind):
        return False
    if re.search(r"[.!?,;:]['\")]? $", before(found, 4)):
        return False
    follows = re.match(r"\s([A-Za-z]+)(?!\.[A-Z ])", after(found))
    return (
        number
        or not named
        or bool(follows and follows.group(1).lower() in {*STARTERS, "n", "nw", "ne", "sw", "se"})
    )


def _street(found: re.Match[str], manner: Manner) -> str | None:
    if not found.group(1)[0].isupper() or not word_before(found)[:1].isupper():
        return None
    return STREETS[found.group(1).lower()] + ("." if ends_sentence(found) else "")


def _numbered(found: re.Match[str], manner: Manner) -> str | None:
    word = found.group(1)
    if word.isupper() and len(word) > 1:
        return None
    full = _NUMBERED[word.lower()]
    digit = re.match(r"#?\d|[A-Z]{1,4}-?\d", after(found, 8)) is not None
    if (len(word) == 1 and word.isupper()) or (full == "number" and not digit):
        return None
    if full in {"born", "died", "reigned", "circa"} and not re.match(r"\d{3,4}\b", after(found)):
        return None
    return f"{full.capitalize() if word[0].isupper() else full} "


_NUMBERED_THINGS = frozenset("the at my our your his her their world".split())


def _count(found: re.Match[str], manner: Manner) -> str | None:
    """`No. of items`, `the No 1 song`."""
    cue = word_before(found)
    numbered = cue[:1].islower() if found.group()[0] == "N" else cue.lower() in _NUMBERED_THINGS
    return "number" if found.group(1) or numbered else None


def _always(found: re.Match[str], manner: Manner) -> str | None:
    word, short = found.group(1), found.group(1).lower()
    ending = ends_sentence(found) if short == "etc" else before_sentence(found)
    if short in _WORDS_TOO and ending:
        return None
    if short in _CAPITAL_FIRST and not word[0].isupper():
        return None
    if short == "fl" and not re.search(r"\d(?:st|nd|rd|th) $", before(found, 6)):
        return None
    full = _ALWAYS[short]
    if short == "min" and re.search(r"\d(?:st|nd|rd|th) $", before(found, 6)):
        full = "minute"
    if (
        short in {"min", "hr", "hrs", "sec", "mins", "secs"}
        and word_before(found).lower() in _HOW_MANY
    ):
        full = {"m": "minutes", "h": "hours", "s": "seconds"}[short[0]]
    full = full[0].upper() + full[1:] if word[0].isupper() else full
    if (
        short in {"approx", "vs", "cf", "viz", "incl", "esp", "dept", "attn"}
        and after(found).strip()
    ):
        ending = False
    return full + ("." if ending else "")


def _initials(found: re.Match[str], manner: Manner) -> str:
    """`U.S.`: letters, the last full stop kept where a sentence ends with it."""
    letters = found.group().replace(".", " ").strip()
    return letters + ("." if before_sentence(found) else "")


def _against(found: re.Match[str], manner: Manner) -> str | None:
    """`Roe v. Wade`, `England v France`."""
    rival = word_before(found)
    return "versus" if rival[:1].isupper() and len(rival) > 1 else None


_PACE = {"yoy": "year over year", "qoq": "quarter over quarter", "mom": "month over month"}


def _pace(found: re.Match[str], manner: Manner) -> str:
    return _PACE[found.group().lower()]


def _versus(found: re.Match[str], manner: Manner) -> str:
    return "versus"


def _company(found: re.Match[str], manner: Manner) -> str | None:
    if not found.group(1)[0].isupper():
        return None
    if not re.search(r"(?:[A-Z][\w'&]*|&|and) $", before(found)):
        return None
    return "Company" + ("." if before_sentence(found) else "")


def _dotted(found: re.Match[str], manner: Manner) -> str:
    full = _DOTTED[found.group(1).lower()]
    return full + ("." if not after(found).strip() else "")


def _slashed(found: re.Match[str], manner: Manner) -> str | None:
    return _SLASHED.get(found.group().lower())


WORDS = [
    Rule(
        "with a slash",
        {key.split("/")[0] for key in _SLASHED},
        re.compile(r"[A-Za-z]{1,6}/[A-Za-z]{0,5}(?![\w/])"),
        _slashed,
    ),
    Rule(
        "for example",
        ["e", "i", "a", "w", "n", "p", "et"],
        re.compile(r"(?i:(e\.g|i\.e|p\.a|a\.k\.a|w\.r\.t|n\.b|et al))\.(?:,(?=,))?"),
        _dotted,
    ),
    Rule("initials", ".", re.compile(r"(?<![\w.])(?:[A-Z]\.){2,6}(?!\w)"), _initials),
    Rule("against", ["v"], re.compile(r"v\.?(?= [A-Z])"), _against),
    Rule("from year to year", _PACE, re.compile(r"[YQM]o[YQM](?!\w)"), _pace),
    Rule(
        "before a number",
        _NUMBERED,
        re.compile(
            r"([A-Za-z]{1,5})\. ?(?=#?\d|\(\d{1,4}\)|(?<=No\. )[A-Z]{1,4}-?\d|[IVXLC]{2,6}\b"
            r"|[A-Z]\b(?!\.| [a-z]|'))"
        ),
        _numbered,
    ),
    Rule("count of", ["no"], re.compile(r"[Nn]o(?:(\.)(?= of\b|:)|(?= \d))"), _count),
    Rule("title", _TITLES, re.compile(r"([A-Za-z]{2,6})(\.?)(?![\w'])"), _title),
    Rule(
        "street", {*STREETS} - {"st", "dr", "mt"}, re.compile(r"([A-Za-z]{2,5})\.(?!\w)"), _street
    ),
    Rule("versus", ["vs"], re.compile(r"vs(?![\w.])"), _versus),
    Rule("company", ["co"], re.compile(r"([A-Za-z]o)\.(?!\w)"), _company),
    Rule("short form", _ALWAYS, re.compile(r"([A-Za-z]{2,8})\.(?!\w)"), _always),
]
