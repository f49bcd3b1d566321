"""A text read: one pass from its beginning to its end, each place by the first rule that fits.

Which rules there are stands in the modules beside this one, a subject in each. What no rule
takes is read as it is written.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Callable, Sequence

import msgspec

from supervisor.marks import PRONOUNCED
from workers.text import (
    abbreviations,
    amounts,
    capitals,
    chat,
    dates,
    labels,
    money,
    numbers,
    pictures,
    places,
    roman,
    symbols,
    times,
    units,
    verses,
    web,
)
from workers.text.characters import CIRCLED, fold
from workers.text.rules import FIGURES, Manner, Rule, by_start

_NO_LETTERS = "".join([*symbols.RAISED, *symbols.LOWERED, *CIRCLED])
_LETTER = rf"[^\W\d_{_NO_LETTERS}²³¹¼½¾\u2070-\u2079\u2080-\u2089\u2150-\u215f\u2189]"
_ATOMS = (
    rf"(?P<greek>(?<![\u0370-\u03ff])[\u0391-\u03c9\u03d5\u03f5](?![\u0370-\u03ff]))"
    rf"|(?P<word>{_LETTER}+(?:'{_LETTER}+)*)|(?P<digits>[0-9]+)|(?P<symbol>.)"
)
_ATOM = re.compile(_ATOMS, re.DOTALL)
_NEXT = re.compile(rf"\s*(?:{_ATOMS}|$)", re.DOTALL)
_WORD_RULES = by_start(
    [
        *chat.WORDS,
        *verses.WORDS,
        *places.WORDS,
        *abbreviations.WORDS,
        *dates.WORDS,
        *times.WORDS,
        *roman.WORDS,
        *money.WORDS,
        *units.WORDS,
        *web.WORDS,
        *labels.WORDS,
        *symbols.WORDS,
    ]
)
_DIGIT_RULES = by_start(
    [
        *chat.DIGITS,
        *verses.DIGITS,
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
        *pictures.SYMBOLS,
    ]
)
_NOISE = re.compile(r"(?<!\S)\S{2500,}")
"""Longer than any address: nobody wrote this to be read aloud."""

_NOISE_PARTS = re.compile(r"[0-9]+|[^\W0-9_]+")
_JOINTS = frozenset("@.:/\\_-+#&$0123456789")
"""What may go on in the same word after letters: addresses, names of files, codes."""

_BACK, _AHEAD = 48, 64
"""Characters around a place on which its reading depends. Two places of a text that look the same
as far as that are read the same, so a reading is made once and remembered.
"""
_REMEMBERED = 4096
_WORTH_REMEMBERING = 2000
"""Characters of a text below which no reading is remembered."""

_RUN = re.compile(r"\S+")
_CLOSING = frozenset(",.;:!?")
_MARK_END = "\ue006"
_ARTICLES = frozenset(["a", "A"])
"""Words that are a part of something else only with a joint behind them: "a/c", "A#"."""

_UNALONE = re.compile(r"\s*(.)\s*", re.DOTALL)


class Word(msgspec.Struct, frozen=True, gc=False):
    """A word as it is said, its punctuation with it, read from `text[start:end]` as written."""

    spoken: str
    start: int
    end: int


def spoken_words(text: str, *, british: bool, known: Callable[[str], bool]) -> list[Word]:
    """What a person says who reads this text aloud. `known`: is this, in small letters, a word?

    Punctuation that makes pauses is kept. Several words may come from the same place, and one
    word from what several stretches of the text say. A stretch that is marked as pronounced
    (`supervisor.marks`) is one word, its mark. The time is linear in the text's length.
    """
    alone = _UNALONE.fullmatch(text) if len(text) < 9 else None
    if alone is not None and alone[1] in symbols.ALONE:
        return [
            Word(name, alone.start(1), alone.end(1)) for name in symbols.ALONE[alone[1]].split()
        ]
    manner = Manner(british, known)
    marks = list(PRONOUNCED.finditer(text))
    if not marks:
        folded, places = fold(text)
        return _Reading(capitals.calm(folded, manner), places, manner, []).words()
    plain, origins = _unmarked(text, marks)
    folded, unmarked_places = fold(plain)
    places = [origins[place] for place in unmarked_places]
    stretches = [
        (bisect.bisect_left(places, mark.start()), bisect.bisect_left(places, mark.end()), mark[0])
        for mark in marks
    ]
    return _Reading(capitals.calm(folded, manner), places, manner, stretches).words()


def _unmarked(text: str, marks: Sequence[re.Match[str]]) -> tuple[str, Sequence[int]]:
    """The text with what is written in place of each mark, and where each character stood."""
    parts: list[str] = []
    origins: list[int] = []
    done = 0
    for mark in marks:
        written = mark[1] or "-"
        parts += (text[done : mark.start()], written)
        origins.extend(range(done, mark.start()))
        origins.extend([mark.start()] * len(written))
        done = mark.end()
    parts.append(text[done:])
    origins.extend(range(done, len(text) + 1))
    return "".join(parts), origins


class _Said(msgspec.Struct, frozen=True, gc=False):
    """What is said from a place on: its words, whether it is apart from what stands before and
    behind it, and how many characters it is said for.
    """

    words: tuple[str, ...]
    parted: bool
    parts: bool
    length: int


class _Reading:
    """One text on its way to words."""

    def __init__(
        self,
        text: str,
        places: Sequence[int],
        manner: Manner,
        stretches: Sequence[tuple[int, int, str]],
    ) -> None:
        self._text, self._places, self._manner = text, places, manner
        self._stretches = stretches
        self._words: list[Word] = []
        self._apart = True
        self._plain: set[str] = set()
        self._remembered: dict[str, _Said | None] = {}
        self._remember = len(text) >= _WORTH_REMEMBERING

    def words(self) -> list[Word]:
        done = 0
        for start, end, mark in self._stretches:
            self._read(done, start)
            self._mark(mark, start, end)
            done = end
        self._read(done, len(self._text))
        return self._words

    def _read(self, at: int, stop: int) -> None:
        """The words of `text[at:stop]`; rules see what stands around it."""
        noise = _NOISE.search(self._text, at, stop)
        while noise is not None:
            self._read_rules(at, noise.start())
            self._read_noise(noise)
            at = noise.end()
            noise = _NOISE.search(self._text, at, stop)
        self._read_rules(at, stop)

    def _read_rules(self, at: int, stop: int) -> None:  # noqa: C901 (the hot loop, in one piece)
        text, plain, next_atom = self._text, self._plain, _NEXT.match
        done = at
        while True:
            atom = next_atom(text, at, stop)
            kind = atom.lastgroup if atom is not None else None
            if atom is None or kind is None:
                break
            start, at = atom.span(kind)
            written = atom[kind]
            if kind == "symbol" and written not in _SYMBOL_RULES:
                continue
            if kind == "word" and text[at : at + 1] not in _JOINTS:
                if written in plain:
                    continue
                said = self._said(start, at)
                if said is None and _is_plain(written):
                    plain.add(written)
            else:
                said = self._said(start, at)
            if said is None:
                continue
            if said.length > stop - start:
                if kind != "digits":
                    continue
                said = _split(numbers.number(written, self._manner.british), at - start)
            if done < start:
                self._add_written(done, start)
            done = at = start + said.length
            self._add(said, start, at)
        self._add_written(done, stop)

    def _said(self, start: int, end: int) -> _Said | None:
        """What is said from the atom at this place on; None: it is said as it is written."""
        if not self._remember or start < _BACK or end + _AHEAD > len(self._text):
            return _said(self._text, start, self._manner)
        around = self._text[start - _BACK : end + _AHEAD]
        if around in self._remembered:
            return self._remembered[around]
        said = _said(self._text, start, self._manner)
        if said is None or said.length < _AHEAD // 2:
            if len(self._remembered) >= _REMEMBERED:
                self._remembered.clear()
            self._remembered[around] = said
        return said

    def _read_noise(self, run: re.Match[str]) -> None:
        """Digit by digit and letters as they come: what no rule needs to look at."""
        words, places = self._words, self._places
        names: dict[str, list[str]] = {}
        for part in _NOISE_PARTS.finditer(self._text, run.start(), run.end()):
            written = part.group()
            spoken = names.get(written)
            if spoken is None:
                spoken = numbers.digits(written).split() if written[0] in FIGURES else [written]
                if len(written) < 3:
                    names[written] = spoken
            start, end = places[part.start()], places[part.end()]
            words.extend([Word(word, start, end) for word in spoken])
        self._apart = True

    def _mark(self, mark: str, start: int, end: int) -> None:
        words, places = self._words, self._places
        if words and not self._apart and not _is_sound(words[-1].spoken[-1]):
            last = words.pop()
            words.append(Word(last.spoken + mark, last.start, places[end]))
        else:
            words.append(Word(mark, places[start], places[end]))
        self._apart = False

    def _add_written(self, start: int, end: int) -> None:
        """Words that are said as they stand in the text."""
        if end - start < 2:
            if start == end:
                return
            if self._text[start] in " \n":
                self._apart = True
                return
        text, places, words = self._text, self._places, self._words
        first = True
        for run in _RUN.finditer(text, start, end):
            here, there = run.span()
            if first:
                self._apart = self._apart or here > start
                self._join(run.group(), here, there)
                first = False
            elif text[here] in _CLOSING:
                self._apart = True
                self._join(run.group(), here, there)
            else:
                words.append(Word(run.group(), places[here], places[there]))
        self._apart = text[end - 1].isspace() if not first else True

    def _add(self, said: _Said, start: int, end: int) -> None:
        """What is said in place of `text[start:end]`."""
        if said.parted:
            self._apart = True
        if not said.words:
            return
        first, *others = said.words
        self._join(first, start, end)
        for word in others:
            self._apart = True
            self._join(word, start, end)
        self._apart = said.parts

    def _join(self, spoken: str, start: int, end: int) -> None:
        """A new word, or more of the last one: what nothing parts from it, and punctuation."""
        words = self._words
        if words:
            last = words[-1]
            apart = self._apart
            if not apart:
                apart = _is_sound(last.spoken[-1]) and spoken[0].isalnum()
            elif spoken[0] in _CLOSING:
                apart = not _CLOSING.issuperset(spoken)
            if not apart:
                words[-1] = Word(last.spoken + spoken, last.start, self._places[end])
                return
        words.append(Word(spoken, self._places[start], self._places[end]))


def _is_sound(character: str) -> bool:
    """Whether a word that ends with this is said as far as there, not closed by punctuation."""
    return character.isalnum() or character == _MARK_END


def _is_plain(written: str) -> bool:
    """Whether a word that is read as it is written here is so everywhere, but for a joint."""
    if written in _ARTICLES:
        return True
    return written.lower() not in _WORD_RULES and (written.islower() or written.istitle())


def _split(spoken: str, length: int) -> _Said:
    return _Said(tuple(spoken.split()), spoken[:1].isspace(), spoken[-1:].isspace(), length)


def _said(text: str, start: int, manner: Manner) -> _Said | None:
    """What is said for the text from the atom at `start` on; None: it is said as it is written."""
    atom = _ATOM.match(text, start)
    assert atom is not None  # noqa: S101 (the pattern takes any character)
    for rule in _rules(text, atom):
        found = rule.pattern.match(text, start)
        if found is not None:
            spoken = rule.read(found, manner)
            if spoken is not None:
                return _split(spoken, found.end() - start)
    if atom.lastgroup == "digits":
        return _split(numbers.number(atom.group(), manner.british), atom.end() - start)
    if atom.lastgroup == "word":
        word = capitals.word(atom, manner)
        return None if word is None else _split(word, atom.end() - start)
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
    if atom.lastgroup != "word":
        return _SYMBOL_RULES.get(atom.group(), ())
    rules = _WORD_RULES.get(atom.group().lower(), ())
    return (*rules, *_WORD_RULES.get(following, ())) if following in _JOINTS else rules
