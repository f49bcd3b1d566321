"""Which symbols are of which word: espeak-ng reads a clause as a whole and does not say.

It joins words ("ʌvðə"), and their sounds depend on their neighbours'. So each word is read by
itself, too, and the symbols of the whole are compared with those: what is alike, in order, is of
that word, and what lies between goes with its neighbour.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from typing import Final

from supervisor.marks import PRONOUNCED
from tts_supervisor_piper import symbols
from tts_supervisor_piper.description import Description
from workers.engines.toolkit import Sounds, english_words, stretches

_MOST: Final = 2_000
"""Symbols of a segment; in longer ones words are not told apart: it would take seconds."""

_RUN = re.compile(rf"(?:{PRONOUNCED.pattern.replace('(', '(?:')}|\S)+")


def sounds(text: str, sentences: Sequence[str], voice: Description) -> list[Sounds]:
    """The symbols of each sentence of a text with the words among them."""
    if sum(map(len, sentences)) > _MOST:
        return [Sounds(each) for each in sentences]
    words = _words(text, voice)
    alone = [" ".join(symbols.sentences(spoken, voice)) for spoken, _start, _end in words]
    owners = _owners(alone, " ".join(sentences))
    places = [(start, end) for _spoken, start, end in words]
    found: list[Sounds] = []
    done = 0
    for each in sentences:
        found.append(Sounds(each, stretches(owners[done : done + len(each)], places)))
        done += len(each) + 1
    return found


def _words(text: str, voice: Description) -> list[tuple[str, int, int]]:
    """What is said, and where it is written."""
    if symbols.is_english(voice):
        british = voice.espeak.voice.startswith("en-gb")
        return [(w.spoken, w.start, w.end) for w in english_words(text, british=british)]
    return [(run.group(), *run.span()) for run in _RUN.finditer(text)]


def _owners(alone: Iterable[str], whole: str) -> list[int | None]:
    """For each symbol of the whole the word that it is of, as its index; None for spaces."""
    sounds: list[str] = []
    of: list[int] = []
    for index, word in enumerate(alone):
        letters = [symbol for symbol in word if symbol.isalpha()]
        sounds += letters
        of += [index] * len(letters)
    places = [at for at, symbol in enumerate(whole) if symbol.isalpha()]
    matcher = SequenceMatcher(None, sounds, [whole[at] for at in places], autojunk=False)
    owners: list[int | None] = [None] * len(whole)
    for begin, at, size in matcher.get_matching_blocks():
        for step in range(size):
            owners[places[at + step]] = of[begin + step]
    return _filled(owners, whole, of[-1] + 1 if of else 0)


def _filled(owners: list[int | None], whole: str, words: int) -> list[int | None]:
    """What is alike in no word goes with the symbols beside it, and where there are none ("a" is
    another sound alone) with the word that is missing there.
    """
    last = -1
    for run in _RUN.finditer(whole):
        here = range(*run.span())
        known = [owner for at in here if (owner := owners[at]) is not None]
        if not known:
            after = next((owner for owner in owners[run.end() :] if owner is not None), words)
            if after - last > 1:
                last += 1
                owners[run.start() : run.end()] = [last] * len(here)
            continue
        last = known[0]
        for at in here:
            owner = owners[at]
            last = last if owner is None else owner
            owners[at] = last
    return owners
