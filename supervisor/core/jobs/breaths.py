"""Where a sentence that is too long for one segment is cut: where a speaker would breathe.

That is after a clause, else before a word that begins a phrase (a conjunction, or a preposition),
else after any word, else anywhere. The first segment of a job is short, so that speech starts
early, but not at the price of a cut where nobody would breathe: where there is no place for one
up to half as far again, it is as long as the others may be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from supervisor.core.jobs.parts import Part
from supervisor.core.jobs.unreadable import has_speech
from supervisor.marks import PRONOUNCED, PRONUNCIATION, sealed
from supervisor.speech import Ends

CLAUSE_END: Final = re.compile(r"[、，；：][\"'”’)\]」』]*\s*|[,;:—–][\"'”’)\]]*\s+|\s[-–—]\s")

_JOINING: Final = {
    "en": "and but or nor because although though while whereas when whenever where wherever which "
    "who whom whose that if unless until till",
    "de": "und oder aber sondern dass weil wenn ob obwohl während damit wo",
    "es": "y e o u pero sino que porque cuando si aunque mientras donde",
    "fr": "et ou mais que qui dont où quand si parce lorsque puisque",
    "it": "e o ma che perché quando se mentre dove",
    "pt": "e ou mas que porque quando se enquanto onde",
}
"""Words that join clauses, by language: a breath before one of them is the most natural."""

_LEADING: Final = {
    "en": "about above across after against along among around at before behind below beneath "
    "beside between beyond by despite during for from in inside into near on onto outside over "
    "since through throughout to toward towards under upon with within without",
    "de": "mit von für auf in an bei nach über unter ohne durch gegen seit zwischen",
    "es": "en a por para con sin sobre entre hasta desde durante",
    "fr": "dans pour par avec sans sur sous entre vers chez pendant",
    "it": "in con per su tra fra da senza durante",
    "pt": "em com por para sem sobre entre até desde durante",
}
"""Prepositions, with which a phrase begins."""

_BOUND: Final = {
    "en": "a an the of as than so very such more less no not is are was were be been has have had "
    "will would can could shall should may might must do does did my your his her its our their "
    "this these those all both only just even right out up down off",
    "de": "der die das den dem des ein eine einen einem einer eines nicht so als wie",
    "es": "el la los las un una unos unas de del al no lo más",
    "fr": "le la les un une des de du au aux ne pas plus",
    "it": "il lo la i gli le un uno una di del della non più",
    "pt": "o a os as um uma uns umas de do da dos das não mais",
}
"""Words that lean on the next one: between them and it nobody breathes."""

_NEAR: Final = 1.5
"""How far beyond its length the first segment may reach for a place to breathe."""

_SHORTEST: Final = 16
"""Characters that a breath without a mark leaves of a sentence, at least."""

_LONGEST_WORD: Final = 16
"""More than the longest of the words that are looked for, and a space."""


def _before(words: str) -> re.Pattern[str]:
    return re.compile(rf"\s(?=(?:{'|'.join(words.split())})\s)", re.IGNORECASE)


_PLACES: Final = {
    language: (_before(_JOINING[language]), _before(_LEADING[language])) for language in _JOINING
}
_BINDING: Final = {
    language: frozenset(f"{_JOINING[language]} {_LEADING[language]} {_BOUND[language]}".split())
    for language in _JOINING
}


def cut(
    sentence: str, ends: Ends, language: str, *, first_limit: int, limit: int
) -> Iterator[Part]:
    """Parts of a sentence of at most `limit` characters, those that can be spoken.

    The first of them has about `first_limit`. `sentence` can be spoken, and has single spaces;
    `ends` is what ends with it.
    """
    if len(sentence) <= first_limit:
        yield Part(sentence, ends)
        return
    waiting: Part | None = None
    whole = sealed(sentence)
    begun, start = False, 0
    while start < len(sentence):
        end, after = _place(whole, start, limit if begun else first_limit, limit, language)
        text = sentence[start:end].strip()
        start = end
        if not has_speech(text):
            continue  # A run of dots, say, between two words.
        if waiting is not None:
            yield waiting
        begun, waiting = True, Part(text, after)
    if waiting is not None:
        yield Part(waiting.text, ends)


def _place(sentence: str, start: int, bound: int, limit: int, language: str) -> tuple[int, Ends]:
    """The end of the part that begins at `start`, and what ends there."""
    left = len(sentence) - start
    if left <= bound:
        return len(sentence), "sentence"
    stop = start + bound
    clause = _last_clause(sentence, start, stop)
    if clause is not None:
        return clause, "clause"
    breath = _last_breath(sentence, start + bound // 3, stop, language)
    if breath is not None:
        return breath, "phrase"
    if bound < limit:
        near = _first_place(sentence, stop, start + min(limit, round(bound * _NEAR)), language)
        return near or _place(sentence, start, limit, limit, language)
    space = sentence.rfind(" ", start + 1, stop)
    return (space + 1 if space > start else _beside_mark(sentence, start, stop)), "phrase"


def _beside_mark(sentence: str, start: int, stop: int) -> int:
    """The place `stop`; or if that is in a pronounced phrase, where it begins, or ends if it begins
    with the part.
    """
    opened = sentence.rfind(PRONUNCIATION, start, stop)
    mark = None if opened < 0 else PRONOUNCED.match(sentence, opened)
    if mark is None or mark.end() <= stop:
        return stop
    return opened if opened > start else mark.end()


def _last_clause(sentence: str, start: int, stop: int) -> int | None:
    ends = [match.end() for match in CLAUSE_END.finditer(sentence, start, stop)]
    return ends[-1] if ends and ends[-1] > start else None


def _last_breath(sentence: str, start: int, stop: int, language: str) -> int | None:
    """The last place in (start, stop] for a breath without a mark: before a word that joins
    clauses, if there is one.
    """
    for words in _PLACES.get(language, ()):
        places = [*_breaths(words, sentence, start, stop, language)]
        if places:
            return places[-1]
    return None


def _first_place(sentence: str, start: int, stop: int, language: str) -> tuple[int, Ends] | None:
    """The first place in (start, stop] for a breath, whatever marks it."""
    clause = CLAUSE_END.search(sentence, start, stop)
    found: list[tuple[int, Ends]] = [] if clause is None else [(clause.end(), "clause")]
    for words in _PLACES.get(language, ()):
        found += [(place, "phrase") for place in _breaths(words, sentence, start, stop, language)]
    return min(found, default=None, key=lambda place: place[0])


def _breaths(
    words: re.Pattern[str], sentence: str, start: int, stop: int, language: str
) -> Iterator[int]:
    """Places in (start, stop] before one of the words, unless the word before leans on it, or
    less than _SHORTEST follows.
    """
    stop = min(stop, len(sentence) - _SHORTEST)
    for match in words.finditer(sentence, start, stop + _LONGEST_WORD):
        before = sentence[sentence.rfind(" ", 0, match.start()) + 1 : match.start()]
        if match.end() <= stop and before.lower() not in _BINDING[language]:
            yield match.end()
