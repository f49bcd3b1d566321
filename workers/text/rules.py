"""What a rule of reading is: a name, where it may begin, a pattern, and what is said instead.

A pattern is tried at one place (`match`), is bounded in what it may look at, and holds no
quantifier within a quantifier that could take the same text twice: so the time is linear.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

import msgspec


class Manner(msgspec.Struct, frozen=True):
    """Who reads: the accent, and which lower-case words the reader has in its dictionary."""

    british: bool
    known: Callable[[str], bool]


class Rule(msgspec.Struct, frozen=True):
    """One way of writing. `read` gives the words for a match, or None: this is not what it seems.

    `starts` says where it is tried: the symbols it may begin with; for a rule of digits,
    what may come after the first run of digits (`spaced`: after a space), `ANY` for anything.
    """

    name: str
    starts: Iterable[str]
    pattern: re.Pattern[str]
    read: Callable[[re.Match[str], Manner], str | None]


FIGURES = "0123456789"


def spaced(symbols: Iterable[str]) -> set[str]:
    """Starts of a rule of digits: these symbols behind a space behind the digits."""
    return {f" {symbol}" for symbol in symbols}


ANY = ("any",)
"""The rule is tried whatever comes."""


def by_start(rules: Iterable[Rule]) -> Mapping[str, tuple[Rule, ...]]:
    """The rules that may apply for each symbol, in their order; "any" for all other symbols."""
    listed = list(rules)
    symbols = {symbol for rule in listed for symbol in rule.starts}
    return {
        symbol: tuple(rule for rule in listed if "any" in rule.starts or symbol in rule.starts)
        for symbol in {*symbols, "any"}
    }


def before(found: re.Match[str], reach: int = 40) -> str:
    """What stands before a match, `reach` characters at most."""
    start = found.start()
    return found.string[max(0, start - reach) : start]


def after(found: re.Match[str], reach: int = 24) -> str:
    """What stands behind a match, `reach` characters at most."""
    return found.string[found.end() : found.end() + reach]


_LAST_WORD = re.compile(r"([^\W\d_]+(?:'[^\W\d_]+)?)[.]?['\"(]?\s?['\"(]?$")


def word_before(found: re.Match[str]) -> str:
    """The word right before a match, as written; empty if something else is there."""
    last = _LAST_WORD.search(before(found, 24))
    return last.group(1) if last else ""


def alternatives(words: Iterable[str]) -> str:
    """A pattern for any of these, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_DIRECTION = re.compile(r"\s(?:[NS][EW]?|[EW])(?!\w)")


def ends_sentence(found: re.Match[str]) -> bool:
    """Whether the full stop that ends this match ends a sentence, too."""
    rest = after(found, 5)
    if _DIRECTION.match(rest):
        return False
    return not rest.strip() or (rest[0].isspace() and rest.lstrip()[:1].isupper())


STARTERS = frozenset(
    "the then he she it they we i and but a an in on at his her their our my this that there "
    "so when after as if for "
    "you your what no yes".split()
)
"""Words that begin many sentences, and stand in capitals nowhere else."""


def before_sentence(found: re.Match[str]) -> bool:
    """Whether a sentence seems to begin here: nothing follows, or a word that begins many."""
    follows = re.match(r"\s+([A-Z][a-z]*)\b", after(found))
    return not after(found).strip() or bool(follows and follows.group(1).lower() in STARTERS)
