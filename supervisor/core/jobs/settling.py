"""How much of a text that is still being written can be spoken already: what will not change.

A sentence is settled when the next one has begun, for "Dr." may go on. Who waits for a sound gets a
clause; and where the writer pauses, the words that are there. It is the same text in the end: a
text that is cut at the ends of its sentences has the same segments as the whole.
"""

from __future__ import annotations

import re
from typing import Final

from supervisor.core.jobs.breaths import CLAUSE_END
from supervisor.core.jobs.pieces import complete

LONGEST: Final = 1_000
"""Characters that are held back at most: what they cost to look at may grow with their square."""

_SHORTEST: Final = 12
"""Characters of a clause that is spoken by itself, at least: "Well, " waits for more."""

_BEGUN: Final = 2
"""Characters of the next sentence that must be there."""

_BREAK = re.compile(rf"[.!?…。！？][\"'”’)\]」』]*\s*|{CLAUSE_END.pattern}")
_OPENED = re.compile(r"(?<=\s)[\"'“‘«„(\[]+\s*$")
_SENTENCE_END = re.compile(r"[.!?…。！？][\"'”’)\]」』]*\s*$")


def settled(text: str, language: str, *, hungry: bool, paused: bool) -> int:
    """Characters from the begin of the text that may be spoken.

    `hungry`: nothing is left to be heard, or soon will be; `paused`: nothing was written for a
    while. `language` is the primary subtag of a BCP 47 tag.
    """
    if len(text) > LONGEST:
        *ended, _goes_on = [p.text for p in complete(text[:LONGEST], language, 0, last=True)]
        return sum(map(len, ended)) or _forced(text)
    *ended, last = [piece.text for piece in complete(text, language, 0, last=True)] or [""]
    done = sum(map(len, ended))
    if len(last.strip()) < _BEGUN:
        done -= len(ended.pop()) if ended and not paused else 0
    opened = _OPENED.search(text[:done])
    done = done if opened is None else opened.start()  # A quotation that is not closed yet.
    rest = text[done:]
    if paused and _SENTENCE_END.search(rest):
        return len(text)
    if hungry and (done == 0 or not text[:done].strip()):
        clause = _last_clause(rest)
        if clause:
            return done + clause
        if paused:
            return done + _last_word(rest)
    return done


def _last_clause(text: str) -> int:
    """The end of the last clause behind which something stands; 0 for none."""
    ends = [match.end() for match in CLAUSE_END.finditer(text) if match.end() < len(text)]
    return ends[-1] if ends and len(text[: ends[-1]].strip()) >= _SHORTEST else 0


def _last_word(text: str) -> int:
    """The end of the last word that is written to its end, with the space behind it."""
    return max(text.rfind(" "), text.rfind("\n")) + 1


def _forced(text: str) -> int:
    """A place to break a text that does not end."""
    window = text[:LONGEST]
    ends = [match.end() for match in _BREAK.finditer(window, LONGEST // 2)]
    return ends[-1] if ends else _last_word(window) or LONGEST
