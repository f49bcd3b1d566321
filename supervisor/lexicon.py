"""A lexicon: words and phrases, and how they are said, as the settings or a request have them.

Here is what an entry may be, and when two words are the same. Putting them into a text is
for `core.jobs.pronunciations`, saying them for the readers of the engines.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from supervisor.marks import LONG
from supervisor.phonemes import PhonemeError, one_form

MAX_SETTINGS: Final = 10_000
"""Entries in the settings."""
MAX_REQUEST: Final = 1_000
"""Entries in a request."""

MAX_CHARS: Final = 100
"""Characters of a word or phrase."""
MAX_WORDS: Final = 8
"""Words of a phrase, as white space divides them."""
MAX_PIECES: Final = 16
"""Pieces of a phrase (`pieces`): a text is compared with no more from each place."""
MAX_RESPELLING_CHARS: Final = 200

_SHOWN_CHARS = 60
_FIELDS = ("say", "case", "language")

_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}")
_UNREADABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\uf8ff\U000f0000-\U0010ffff]")
"""Control characters and private ones, of which some are marks."""
_IPA = re.compile("[\u0250-\u02afˈˌːᵊᵻ]")
"""Letters that stand in phonemes and in no spelling that an engine can read."""
_SAME = str.maketrans({"’": "'", "‐": "-", "‑": "-", "\ufe0e": None, "\ufe0f": None})
"""Characters that are written for one another; how an emoji looks is nothing that is said."""
_SPEECH = re.compile(r"[^\W_]")


def _marks_on_letters() -> str:
    """A character class of combining marks, and of joiners: what belongs to the letter before."""
    codes = [
        code
        for block in (range(0x300, 0x3100), range(0xA66F, 0xAC00), range(0xFE00, 0xFE30))
        for code in block
        if unicodedata.category(chr(code))[0] == "M"
    ]
    starts = [code for code, before in zip(codes, [0, *codes], strict=False) if code != before + 1]
    ends = [code for code, after in zip(codes, [*codes[1:], 0], strict=True) if code != after - 1]
    ranges = (f"{chr(start)}-{chr(end)}" for start, end in zip(starts, ends, strict=True))
    return "".join(ranges) + "\u200c\u200d"


_M = _marks_on_letters()
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u303b\u3040-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
"""Scripts without spaces between words, or with particles that cling to them."""
_L = rf"[^\W_{_UNSPACED}]"
_ENDING = rf"['’](?i:s|ll|d|ve)(?!{_L})"
"""What is written onto any word: Nguyen's, Nguyen'll."""

_PIECE = re.compile(
    rf"(?i:https?)://[^\s\ue000-\ue00f]*[\w/]"
    rf"|{_L}+(?:(?:[{_M}]+|(?!{_ENDING})['’](?={_L})|[.@](?={_L})|(?<=\d)[,:](?=\d)){_L}*)*"
    rf"|\s+"
    rf"|[{_UNSPACED}][{_M}]*"
    rf"|(?<={_L}){_ENDING}"
    rf"|{LONG.pattern}"
    rf"|\[(?i:pause):[\d.]{{1,13}}(?i:m?s)\]"
    rf"|[^\w\s][{_M}]*|_"
)
"""An address; a word with its apostrophes and points (don't, node.js, 1,000); white space; a
character of a script without spaces; an ending; a mark, whole; any other character.

Each alternative begins with another kind of character or ends at the first that it cannot have,
so the whole is linear in the text.
"""


class LexiconError(ValueError):
    """Entries that cannot be used; the message is one line that names the entry."""


class WrongEntry(LexiconError):
    """One entry is wrong. `problem` is the message without its name."""

    def __init__(self, word: str, problem: str) -> None:
        super().__init__(f"{shown(word)}: {problem}")
        self.word = word
        self.problem = problem


class Contradiction(LexiconError):
    """Two entries for one word that say it differently. `problem` is the whole message."""

    def __init__(self, first: str, second: str) -> None:
        self.problem = (
            f"{shown(first)} and {shown(second)} are the same word and said differently; "
            "keep one, or give both case: true"
        )
        super().__init__(self.problem)
        self.first = first
        self.second = second


class Entry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How one word or phrase is said.

    `say` is its phonemes (`phonemes`), or another spelling, read in its place; None: it is read
    as it is written, which takes away an entry of another source. `case`: only as it is written
    here, not with other capitals. `language`: a BCP 47 tag in small letters, for texts in it
    alone; None for all.
    """

    word: str
    say: str | None
    phonemes: bool = False
    case: bool = False
    language: str | None = None


def parse(mapping: Mapping[str, Any], *, at_most: int) -> tuple[Entry, ...]:
    """The entries of a mapping from words to how they are said: text, a table, or null.

    Raises LexiconError: WrongEntry, or Contradiction for two that disagree.
    """
    if len(mapping) > at_most:
        raise LexiconError(f"there are {len(mapping)} pronunciations, more than {at_most}")
    entries = {word: said_for(checked_word(word), said) for word, said in mapping.items()}
    check_together(entries)
    return tuple(entries.values())


def checked_word(word: str) -> str:
    """The word or phrase in composed characters and with single spaces. Raises WrongEntry."""
    if word.isascii() and word.isalnum() and len(word) <= MAX_CHARS:
        return word
    plain = " ".join(composed(word).split())
    problem = None
    if not folded(plain):
        problem = "an entry needs a word or a phrase for its name"
    elif len(plain) > MAX_CHARS:
        problem = f"a word or phrase has at most {MAX_CHARS} characters"
    elif plain.count(" ") >= MAX_WORDS:
        problem = f"a phrase has at most {MAX_WORDS} words"
    elif _UNREADABLE.search(plain):
        problem = "it holds a control or private character: take it out"
    elif len(pieces(plain)) > MAX_PIECES:
        problem = f"a phrase has at most {MAX_PIECES} words, signs and spaces between them"
    if problem is not None:
        raise WrongEntry(word, problem)
    return plain


def said_for(word: str, said: object) -> Entry:
    """The entry of a word that was checked. Raises WrongEntry."""
    if said is None:
        return Entry(word=word, say=None)
    if isinstance(said, str):
        say, phonemes = _say(word, said)
        return Entry(word=word, say=say, phonemes=phonemes)
    if not isinstance(said, Mapping):
        raise WrongEntry(
            word, 'must be "/phonemes/", another spelling, or an object with "say", or null'
        )
    table = dict(said)
    for field in table.keys() - set(_FIELDS):
        near = difflib.get_close_matches(str(field)[:_SHOWN_CHARS], _FIELDS, n=1, cutoff=0.0)
        raise WrongEntry(word, f"unknown key {shown(str(field))}; nearest valid key: {near[0]}")
    if not isinstance(table.get("say"), str):
        raise WrongEntry(word, 'needs "say": "/phonemes/" or another spelling')
    if not isinstance(table.get("case", False), bool):
        raise WrongEntry(word, "case must be true or false")
    say, phonemes = _say(word, table["say"])
    return Entry(
        word=word,
        say=say,
        phonemes=phonemes,
        case=table.get("case", False),
        language=_language(word, table.get("language")),
    )


def check_together(entries: Mapping[str, Entry]) -> None:
    """Check entries, by their names in a mapping. Raises Contradiction where two of them say one
    word, in one language, differently; null says nothing.
    """
    found: dict[tuple[str, bool, str | None], str] = {}
    for name, new in entries.items():
        if new.say is None:
            continue
        same = as_written(new.word) if new.case else folded(new.word)
        other = found.setdefault((same, new.case, new.language), name)
        if other is not name:
            old = entries[other]
            if (old.say, old.phonemes) != (new.say, new.phonemes):
                raise Contradiction(other, name)


def pieces(text: str) -> list[str]:
    """A text in pieces, which together are the text: what is compared with words of a lexicon.

    A word begins and ends with a piece. Marks are pieces of their own. Linear in the text.
    """
    found: list[str] = _PIECE.findall(text)
    return found


def composed(text: str) -> str:
    """The text in composed characters (Unicode's form C)."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def as_written(piece: str) -> str:
    """What a piece, or a word, is compared by where capitals count.

    Any white space is one space, unless a blank line is in it: that ends a phrase.
    """
    if piece.isspace():
        return " " if piece.count("\n") < 2 else "\n\n"
    if piece.isascii():
        return piece
    return composed(piece).translate(_SAME)


def folded(piece: str) -> str:
    """What a piece, or a word, is compared by where capitals do not count."""
    plain = as_written(piece)
    return plain.lower() if plain.isascii() else composed(plain.casefold())


def shown(word: str) -> str:
    """A word for a message of one line."""
    cut = word if len(word) <= _SHOWN_CHARS else f"{word[:_SHOWN_CHARS]}…"
    return cut if cut.isprintable() and cut.strip() else repr(cut)


def _say(word: str, said: str) -> tuple[str, bool]:
    """What is said, and whether these are phonemes. Raises WrongEntry."""
    text = " ".join(composed(said).split())
    if text.startswith("/") and text.endswith("/") and len(text) > 1:
        try:
            return one_form(text[1:-1]), True
        except PhonemeError as error:
            raise WrongEntry(word, str(error)) from None
    problem = None
    if text.startswith("/") or text.endswith("/"):
        problem = "phonemes stand between two slashes, as in /wɪn/"
    elif len(text) > MAX_RESPELLING_CHARS:
        problem = f"a spelling has at most {MAX_RESPELLING_CHARS} characters"
    elif _UNREADABLE.search(text):
        problem = "the spelling holds a control or private character: take it out"
    elif not _SPEECH.search(text):
        problem = "there is nothing to say: give a spelling, or phonemes as in /wɪn/"
    elif _IPA.search(text):
        problem = f"{shown(text)} looks like phonemes: write them between slashes, as in /wɪn/"
    if problem is not None:
        raise WrongEntry(word, problem)
    return text, False


def _language(word: str, tag: object) -> str | None:
    """The tag of a language in small letters. Raises WrongEntry."""
    if tag is None:
        return None
    if not isinstance(tag, str) or not _LANGUAGE.fullmatch(tag):
        raise WrongEntry(word, 'language must be a BCP 47 tag, such as "en" or "en-gb"')
    return tag.lower()
