"""A text read: one pass from its beginning to its end, each place by the first rule that fits.

Which rules there are stands in the modules beside this one, a subject in each. What no rule
takes is read as it is written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

import msgspec

from workers.text import (
    abbreviations,
    amounts,
    capitals,
    dates,
    labels,
    money,
    numbers,
    roman,
    symbols,
    times,
    units,
    web,
)
from workers.text.characters import fold
from workers.text.rules import FIGURES, Manner, Rule, by_start

_LETTER = rf"[^\W\d_{''.join([*symbols.RAISED, *symbols.LOWERED])}²³¹¼½¾\u2070-\u2079\u2080-\u2089\u2150-\u215f\u2189]"
_ATOM = re.compile(
    rf"(?P<space>\s+)|(?P<word>{_LETTER}+(?:'{_LETTER}+)*)|(?P<digits>[0-9]+)|(?P<symbol>.)",
    re.DOTALL,
)
_WORD_RULES = by_start(
    [
        *abbreviations.WORDS,
        *dates.WORDS,
        *times.WORDS,
        *roman.WORDS,
        *money.WORDS,
        *web.WORDS,
        *labels.WORDS,
        *symbols.WORDS,
    ]
)
_DIGIT_RULES = by_start(
    [
        *times.DIGITS,
        *dates.DIGITS,
        *labels.DIGITS,
        *money.DIGITS,
        *units.DIGITS,
        *web.DIGITS,
        *amounts.DIGITS,
    ]
)
_SYMBOL_RULES = by_start(
    [
        *web.SYMBOLS,
        *labels.SYMBOLS,
        *roman.SYMBOLS,
        *money.SYMBOLS,
        *units.SYMBOLS,
        *amounts.SYMBOLS,
        *dates.SYMBOLS,
        *symbols.SYMBOLS,
    ]
)
_NOISE = re.compile(r"(?<!\S)\S{2500,}")
"""Longer than any address: nobody wrote this to be read aloud."""

_JOINTS = frozenset("@.:/\\_-+#&$0123456789")
"""What may go on in the same word after letters: addresses, names of files, codes."""

_RUN = re.compile(r"\s+|\S+")
_CLOSING = re.compile(r"[,.;:!?]+")


class Word(msgspec.Struct, frozen=True):
    """A word as it is said, its punctuation with it, read from `text[start:end]` as written."""

    spoken: str
    start: int
    end: int


class _Piece(msgspec.Struct, frozen=True):
    """A stretch of the folded text, and what is said for it."""

    spoken: str
    start: int
    end: int
    as_written: bool


def spoken_words(text: str, *, british: bool, known: Callable[[str], bool]) -> list[Word]:
    """What a person says who reads this text aloud. `known`: is this, in small letters, a word?

    Punctuation that makes pauses is kept. Several words may come from the same place, and one
    word from what several stretches of the text say. The time is linear in the text's length.
    """
    folded, places = fold(text)
    manner = Manner(british, known)
    return _words(_pieces(capitals.calm(folded, manner), manner), places)


def _pieces(text: str, manner: Manner) -> Iterator[_Piece]:
    done = at = 0
    size = len(text)
    noise = _NOISE.search(text)
    while at < size:
        if noise is not None and at >= noise.start():
            if done < noise.start():
                yield _Piece(text[done : noise.start()], done, noise.start(), as_written=True)
            yield from _noise(noise)
            done = at = noise.end()
            noise = _NOISE.search(text, at)
            continue
        atom = _ATOM.match(text, at)
        assert atom is not None  # noqa: S101 (the pattern takes any character)
        at = atom.end()
        said = None if atom.lastgroup == "space" else _said(text, atom, manner)
        if said is None:
            continue
        spoken, at = said
        if done < atom.start():
            yield _Piece(text[done : atom.start()], done, atom.start(), as_written=True)
        yield _Piece(spoken, atom.start(), at, as_written=False)
        done = at
    if done < size:
        yield _Piece(text[done:], done, size, as_written=True)


def _noise(run: re.Match[str]) -> Iterator[_Piece]:
    """Digit by digit and letters as they come: what no rule needs to look at."""
    for part in re.finditer(r"[0-9]+|[^\W0-9_]+", run.group()):
        spoken = part.group() if part.group()[0] not in FIGURES else numbers.digits(part.group())
        yield _Piece(
            f" {spoken} ", run.start() + part.start(), run.start() + part.end(), as_written=False
        )


def _said(text: str, atom: re.Match[str], manner: Manner) -> tuple[str, int] | None:
    """What is said for the text from this atom on, and where that ends; None: as written."""
    for rule in _rules(text, atom):
        found = rule.pattern.match(text, atom.start())
        if found is not None:
            spoken = rule.read(found, manner)
            if spoken is not None:
                return spoken, found.end()
    if atom.lastgroup == "digits":
        return numbers.number(atom.group(), manner.british), atom.end()
    if atom.lastgroup == "word":
        word = capitals.word(atom, manner)
        return None if word is None else (word, atom.end())
    return None


def _rules(text: str, atom: re.Match[str]) -> Sequence[Rule]:
    following = text[atom.end() : atom.end() + 1]
    if atom.lastgroup == "digits":
        written = atom.group()
        if len(written) > numbers.LONGEST:
            return ()
        if following == " ":
            following = text[atom.end() : atom.end() + 2]
        keyed = _DIGIT_RULES.get(following)
        if keyed is not None:
            return keyed
        plain = len(written) < 3 and written[0] != "0" and following[:1] not in {".", ","}
        alone = plain and not text[atom.start() - 1 : atom.start()].isalpha()
        return () if alone else _DIGIT_RULES["any"]
    if atom.lastgroup == "symbol":
        return _SYMBOL_RULES.get(atom.group(), ())
    rules = _WORD_RULES.get(atom.group().lower(), ())
    return (*rules, *_WORD_RULES.get(following, ())) if following in _JOINTS else rules


def _words(pieces: Iterator[_Piece], places: Sequence[int]) -> list[Word]:
    words: list[Word] = []
    apart = True
    for piece in pieces:
        if words and words[-1].spoken[-1].isalnum() and piece.spoken[:1].isalnum():
            apart = True
        for run in _RUN.finditer(piece.spoken):
            spoken = run.group()
            if spoken.isspace():
                apart = True
                continue
            start, end = piece.start, piece.end
            if piece.as_written:
                start, end = start + run.start(), start + run.end()
            if words and (not apart or _CLOSING.fullmatch(spoken)):
                last = words.pop()
                words.append(Word(last.spoken + spoken, last.start, places[end]))
            else:
                words.append(Word(spoken, places[start], places[end]))
            apart = False
    return words
