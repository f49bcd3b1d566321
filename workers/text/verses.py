"""Books of the Bible and other scripture: their short forms, and chapters and verses."""

from __future__ import annotations

import re

from workers.text import numbers
from workers.text.rules import Manner, Rule, before, spaced, word_before

_SHORT = {
    "Gen": "Genesis", "Ex": "Exodus", "Exod": "Exodus", "Lev": "Leviticus", "Num": "Numbers",
    "Deut": "Deuteronomy", "Josh": "Joshua", "Judg": "Judges", "Sam": "Samuel",
    "Chr": "Chronicles", "Chron": "Chronicles", "Neh": "Nehemiah", "Ps": "Psalm", "Psa": "Psalm",
    "Prov": "Proverbs", "Eccl": "Ecclesiastes", "Isa": "Isaiah", "Jer": "Jeremiah",
    "Lam": "Lamentations", "Ezek": "Ezekiel", "Dan": "Daniel", "Hos": "Hosea", "Mic": "Micah",
    "Hab": "Habakkuk", "Zech": "Zechariah", "Mal": "Malachi", "Matt": "Matthew", "Mt": "Matthew",
    "Mk": "Mark", "Lk": "Luke", "Jn": "John", "Rom": "Romans", "Cor": "Corinthians",
    "Gal": "Galatians", "Eph": "Ephesians", "Phil": "Philippians", "Col": "Colossians",
    "Thess": "Thessalonians", "Tim": "Timothy", "Heb": "Hebrews", "Jas": "James", "Pet": "Peter",
    "Rev": "Revelation",
}  # fmt: skip
_NAMES_TOO = frozenset("Ex Josh Sam Dan Mal Matt Phil Tim Pet Num Cor Mic Col Rev".split())
"""Short forms that are names or words: a book with a full stop, or with a number before it."""

_BOOKS = frozenset(_SHORT.values()) | frozenset(
    "Kings Ruth Ezra Esther Job Psalms Joel Amos Obadiah Jonah Zephaniah Haggai Luke Acts "
    "Titus Philemon Jude Surah Quran".split()
)
_AFTER_NUMBER = (
    r"(?= (?:(?:Corinthians|Kings|Samuel|Chronicles|Thessalonians)\b|(?:Timothy|Peter|John) \d"
    r"|(?:Cor|Sam|Chr|Chron|Thess|Tim|Pet|Jn)\.? \d{1,3}:\d))"
)
_NUMBER = re.compile(r"(?:[123]|I{1,3}) $")


def _first(found: re.Match[str], manner: Manner) -> str:
    """`1 Corinthians`, `II Timothy 3:16`."""
    written = found.group()
    number = int(written) if written.isdecimal() else len(written)
    return numbers.ordinal(number, manner.british).capitalize()


def _book(found: re.Match[str], manner: Manner) -> str | None:
    """`Rom. 8:28`, `1 Cor 13:4`."""
    short = found.group(1)
    if short in _NAMES_TOO and not (found.group(2) or _NUMBER.search(before(found, 4))):
        return None
    return _SHORT.get(short)


def _verse(found: re.Match[str], manner: Manner) -> str | None:
    """`John 3:16` as "three sixteen", but "twenty three verse four" and all that sounds alike."""
    book = word_before(found)
    named = book.lower() in {"verse", "verses"}
    if not named and book not in _BOOKS and book not in _SHORT:
        return None
    chapter, verse, until = found.groups()
    said = [numbers.number(part, manner.british) for part in (chapter, verse)]
    if not named and (len(chapter) > 2 or len(verse) != 2):
        said.insert(1, "verses" if until else "verse")
    return " ".join(said) + (f" to {numbers.number(until, manner.british)}" if until else "")


DIGITS = [
    Rule("number of a book", spaced("CKSTPJ"), re.compile(rf"[123]{_AFTER_NUMBER}"), _first),
    Rule(
        "chapter and verse",
        ":",
        re.compile(
            r"(\d{1,3}):([1-9]\d{0,2})(?:[-–](\d{1,3}))?(?![\w:]|[-–.]\d| ?[AaPp]\.?[Mm]\b)"
        ),
        _verse,
    ),
]
WORDS = [
    Rule(
        "number of a book",
        ["i", "ii", "iii"],
        re.compile(rf"I{{1,3}}{_AFTER_NUMBER}(?= \w+\.? \d)"),
        _first,
    ),
    Rule(
        "book",
        [short.lower() for short in _SHORT],
        re.compile(r"([A-Z][a-z]{1,5})(\.?)(?= ?\d{1,3}:[1-9])"),
        _book,
    ),
]
