"""Text to segments: the pieces that are spoken on their own, in parallel.

Sentences come from sentencex (linear time); what is longer than a segment may be
is cut at clauses, then at spaces, then anywhere. The first segment is kept short,
so that speech starts early. Pure and deterministic: the same text always gives
the same segments, which makes a seeded job reproducible.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import sentencex

_CLAUSE_END = re.compile(r"[,;:—–、，；：][\"'”’)\]]*\s+|\s[-–—]\s")
_LETTER_OR_NUMBER = re.compile(r"[^\W_]")
"""What Unicode has in its categories L and N, no more and no less."""
_BLANK_LINE = re.compile(r"\n\s*\n")


def segment_text(
    text: str, *, language: str, first_max_chars: int, max_chars: int
) -> tuple[str, ...]:
    """Cut `text` into segments of at most `max_chars` (the first: `first_max_chars`) characters.

    Characters that cannot be spoken (controls, lone marks) never make a segment of
    their own; a text without anything to speak gives an empty tuple. `language` is
    a BCP 47 tag; its primary subtag picks the splitter's rules.
    """
    segments: list[str] = []
    for sentence in _sentences(text, language.partition("-")[0].lower()):
        limit = max_chars if segments else first_max_chars
        segments.extend(_speakable(_cut(sentence, limit, max_chars)))
    return tuple(segments)


def has_speech(text: str) -> bool:
    """Whether any character is a letter or a number: something an engine can say."""
    return _LETTER_OR_NUMBER.search(text) is not None


def _sentences(text: str, language: str) -> Iterator[str]:
    for paragraph in _BLANK_LINE.split(text):
        for sentence in sentencex.segment(language, paragraph):
            flat = " ".join(sentence.split())
            if flat and has_speech(flat):
                yield flat


def _cut(sentence: str, first_limit: int, limit: int) -> Iterator[str]:
    """Pieces of one sentence; only the first that can be spoken is held to `first_limit`."""
    start, bound = 0, first_limit
    while len(sentence) - start > bound:
        end = _cut_point(sentence, start, start + bound)
        piece = sentence[start:end].strip()
        yield piece
        start = end
        if has_speech(piece):
            bound = limit
    yield sentence[start:].strip()


def _cut_point(sentence: str, start: int, stop: int) -> int:
    """Where to cut within [start, stop]: the last clause end, else the last space, else `stop`."""
    for match in reversed(list(_CLAUSE_END.finditer(sentence, start, stop))):
        if match.end() > start:
            return match.end()
    space = sentence.rfind(" ", start + 1, stop)
    return space + 1 if space > start else stop


def _speakable(pieces: Iterable[str]) -> Iterator[str]:
    """Drop pieces with nothing to say (a run of dots cut out of a sentence, say)."""
    return (piece for piece in pieces if has_speech(piece))
