"""Pieces of a window of text: its sentences, and what ends with each.

Sentences come from sentencex. What ends with one is told by the text: its marks, lines and blank
lines, and the silences that it asks for. What is longer than a segment is for `breaths` to cut.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final, Literal, NamedTuple

import sentencex

from supervisor.core.jobs.breaths import CLAUSE_END
from supervisor.core.jobs.parts import LONGEST_PAUSE_S
from supervisor.core.jobs.unreadable import has_speech
from supervisor.marks import ENDS, HEADING, ITEM, PARAGRAPH, PROSODY
from supervisor.speech import Ends, Prosody

TAG = re.compile(r"\[pause:(\d{1,6}(?:\.\d{1,6})?)(ms|s)\]", re.ASCII | re.IGNORECASE)
"""A silence that the text asks for."""
_STOP = re.compile(
    rf"{TAG.pattern}|(?P<blank>\n\s*\n)|(?P<mark>[{ENDS}])|(?P<manner>{PROSODY.pattern})",
    TAG.flags,
)
"""Such a silence, a blank line, a mark for what ends here, or one for another manner."""
_MARKED: Final[dict[str, Ends]] = {
    HEADING: "heading",
    ITEM: "item",
    PARAGRAPH: "paragraph",
}
_LETTER_OR_NUMBER = re.compile(r"[^\W_]")
_LINE_END = re.compile(r"\n\s*")
_MARKS = 8
"""Characters at the end of a text among which the mark is that ends it."""
_OPEN_END = re.compile(r"[,;:—–、，；：-]\W*$")
"""The end of a text, or of a line, that goes on."""
_SENTENCE_MARK = re.compile(r"[.!?…。！？,;:—–、，；：-]\W*$")
_ITEM = re.compile(r"(?:[-*+•‣]|\d{1,3}[.)])\s")
"""The beginning of an item in a list."""

_TITLE = re.compile(
    r"(?:^|(?<=[\s(\"'“‘]))(?:Mrs?|Ms|Mx|Messrs|Prof|Rev|Capt|Lt|Sgt|Mme|Mlle"
    r"|(?<!\w [A-Z][a-z]{2} )(?<![A-Z][a-z]{3} )(?<![A-Z][a-z]{4} )Dr)\.[^\S\n]*$"
)
"""A title at the end of what looks like a sentence; behind a name it is a road ("Elm Dr.")."""
_COUNTED = re.compile(
    r"(?:^|(?<=[\s(\"'“‘]))(?i:vols?|nos?|figs?|chs?|chap|pp?|secs?|arts?|paras?|pts?|eqs?|bk|app"
    r"|approx|ca?|lat|long?|rom|cor|gen|exod?|lev|deut|ps|prov|matt|heb|eph)\.[^\S\n]*$"
)
"""What a number follows."""
_NUMBER = re.compile(r"[#(]?(?:\d|[IVXLC]+\b)")
_DATE = re.compile(
    r"(?:^|(?<=[\s(]))(?:Mon|Tues?|Wed|Thur?s?|Fri|Sat|Sun|Jan|Feb|Mar|Apr|Aug|Sept?|Oct|Nov|Dec)"
    r"\.[^\S\n]*$"
)
"""A day or a month, which goes on with what no sentence begins with."""
_UNIT = re.compile(r"\d\s?(?:tsp|tbsp|oz|lbs?|ft|in|yds?|gal|qt|min|hrs?|secs?)\.[^\S\n]*$")
"""A measure, which goes on likewise."""
_GOES_ON = re.compile(r"[a-z\d]")
_BETWEEN = re.compile(r"\s(?:vs|viz|cf|e\.g|i\.e)\.[^\S\n]*$")
"""What never ends a sentence."""
_NO_ENDS = (
    (_TITLE, re.compile("")),
    (_COUNTED, _NUMBER),
    (_DATE, _GOES_ON),
    (_UNIT, _GOES_ON),
    (_BETWEEN, re.compile("")),
    (re.compile(r"(?:^|\s)\.$"), re.compile(r"\w")),
)
"""What is the end of no sentence, if such a text follows: abbreviations, and the point that a name
begins with, as .NET.
"""
_LONGEST_SHORT = 24

_HEADING_CHARS = 100
"""A heading is not longer."""

_NARROWEST = 24
"""Characters of a line in the narrowest text whose lines are broken because they are full."""

_CONTEXT = 64
"""Characters of the next sentence that sentencex must have seen for the one before to count as
ended: an abbreviation at the end of a window looks like the end of a sentence."""

_Ended = Ends | Literal["blank", "manner"]
"""What ends a stretch of text: a blank line, or another manner, beside what ends with a part."""


class Piece(NamedTuple):
    """Some of a window, as it is, and what ends with it. A silence is its seconds alone, and what
    changes the manner is that manner.
    """

    text: str
    ends: Ends | Prosody


def complete(window: str, language: str, column: int, *, last: bool) -> Iterator[Piece]:
    """Pieces of the window, from its begin on, each of which is a sentence, has no speech or is
    a silence.

    What may go on after the window is left out, unless it is the text's `last`; but what
    begins with the window and does not end in it is broken, so that some of it is given always.
    `column`: characters of its first line before the window.
    """
    done = 0
    while done < len(window):
        stop = _STOP.search(window, done)
        inside, ends = _ended_by(stop)
        end = len(window) if stop is None else stop.end() if inside else stop.start()
        open_end = stop is None and not last
        for piece in _pieces(window[done:end], language, 0 if done else column, ends):
            if open_end and done + len(piece.text) > len(window) - _CONTEXT:
                break
            yield piece
            done += len(piece.text)
        else:
            if stop is not None and not inside:
                yield Piece(stop[0], _asked_for(stop))
                done = stop.end()
            continue
        if not done:
            broken = window[: _break(window, len(window) // 2)]
            yield Piece(broken, "clause" if _is_open(broken) else "phrase")
        return


def _ended_by(stop: re.Match[str] | None) -> tuple[bool, _Ended]:
    """Whether the stop belongs to the text before it, and what that text ends."""
    if stop is None or stop[1] is not None:
        return False, "sentence"
    if stop["blank"]:
        return True, "blank"
    return (True, _MARKED[stop["mark"]]) if stop["mark"] else (False, "manner")


def _asked_for(stop: re.Match[str]) -> float | Prosody:
    """The silence of a tag, in seconds, or the manner of a mark."""
    if stop["manner"]:
        return Prosody.decoded(stop["manner"][1:-1])
    return min(float(stop[1]) / (1 if stop[2] in "sS" else 1000), LONGEST_PAUSE_S)


def _pieces(paragraph: str, language: str, column: int, ends: _Ended) -> Iterator[Piece]:
    """Sentences with the white space after them: together they are the paragraph."""
    if not paragraph:
        return
    borders = [0, *_line_ends(paragraph, column), len(paragraph)]
    for start, end in pairwise(borders):
        *sentences, final = _sentences(paragraph[start:end], language)
        for sentence in sentences:
            yield Piece(sentence, "sentence")
        if end < len(paragraph):
            yield Piece(final, "item")
        elif ends == "blank":
            alone = not sentences and not start and not column
            yield Piece(final, "heading" if alone and _is_heading(final) else "paragraph")
        elif ends in {"sentence", "manner"} and _is_open(final):
            yield Piece(final, "clause")
        elif ends == "manner":
            yield Piece(final, "sentence" if _is_ended(final) else "phrase")
        else:
            yield Piece(final, ends)


def _sentences(text: str, language: str) -> list[str]:
    """Sentences with the white space after them: together they are the text."""
    if not has_speech(text):
        return [text]
    sentences: list[str] = sentencex.segment(language, text)
    if language == "en" and len(sentences) > 1:
        sentences = _whole(sentences)
    if len(sentences) > 1 and not sentences[-1].strip():
        *sentences, last, blank = sentences
        sentences.append(last + blank)
    return sentences


def _whole(sentences: list[str]) -> list[str]:
    """The same sentences, none of them ended by the point of an abbreviation that goes on:
    "Dr. Will Smith", "vol. 2", "on Mon. we".
    """
    joined = sentences[:1]
    for sentence in sentences[1:]:
        end = joined[-1][-_LONGEST_SHORT:]
        if any(short.search(end) and follows.match(sentence) for short, follows in _NO_ENDS):
            joined[-1] += sentence
        else:
            joined.append(sentence)
    return joined


def _line_ends(paragraph: str, column: int) -> list[int]:
    """Where lines end in the paragraph that were meant to: behind white space, in characters.

    Where lines are broken because they are full, the first word of the next one has no room in the
    longest of them, which is not a very short one. One that ends before, or with a colon, and whose
    next begins like a sentence, is an item of a list, a title, or a verse.
    """
    body = paragraph.rstrip()
    if "\n" not in body:
        return []
    lines = body.split("\n")
    lengths = [len(line.rstrip()) for line in lines]
    lengths[0] += column
    longest = max(_NARROWEST, *lengths)
    found: list[int] = []
    end = 0
    for line, length, other in zip(lines, lengths, lines[1:], strict=False):
        end += len(line) + 1
        following = other.strip()
        fits = length + 1 + len(following.partition(" ")[0]) <= longest
        introduces = line.rstrip().endswith((":", "："))
        meant = introduces or (fits and not _is_open(line))
        if _ITEM.match(following) or (meant and _begins(following)):
            found.append(end)
    return found


def _begins(line: str) -> bool:
    """Whether a line begins like a sentence: with a capital, a number, or in a script without."""
    letter = _LETTER_OR_NUMBER.search(line)
    return letter is not None and not letter[0].islower()


def _is_open(text: str) -> bool:
    """Whether a text ends with the mark of a clause."""
    return _OPEN_END.search(text.rstrip()[-_MARKS:]) is not None


def _is_ended(text: str) -> bool:
    """Whether a text ends with the mark of a sentence."""
    return _SENTENCE_MARK.search(text.rstrip()[-_MARKS:]) is not None


def _is_heading(paragraph: str) -> bool:
    """Whether a paragraph is one line, not a long one, that no mark ends."""
    text = paragraph.strip()
    return len(text) <= _HEADING_CHARS and "\n" not in text and _SENTENCE_MARK.search(text) is None


def _break(window: str, start: int) -> int:
    """The break in [start, end of window] of a sentence that does not end there: after the last
    clause, else the last line, else the last space, else at the end of the window.
    """
    for where in (CLAUSE_END, _LINE_END):
        ends = [match.end() for match in where.finditer(window, start)]
        if ends:
            return ends[-1]
    space = window.rfind(" ", start)
    return space + 1 if space > start else len(window)
