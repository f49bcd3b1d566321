"""Segmentation: cuts a text into segments, which are spoken on their own, in parallel.

Sentences come from sentencex; those longer than a segment may be are cut at clauses,
then at spaces, then anywhere. The first segment is kept short, so that speech starts
early. Pure and deterministic: the same text always gives the same segments, in however
many slices it is cut, which makes a seeded job reproducible.

A text is cut a slice at a time, the rest while the first of it is spoken. A slice looks
at one window of the text and no further, so it takes some milliseconds at worst and all
slices together grow with the length of the text alone: what sentencex does within a
window may grow with the square of its length (quotes, backticks, 漢字。).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec
import sentencex

_CLAUSE_END = re.compile(r"[,;:—–、，；：][\"'”’)\]]*\s+|\s[-–—]\s")
_LETTER_OR_NUMBER = re.compile(r"[^\W_]")
"""A character of the Unicode categories L and N, no more and no less."""
_BLANK_LINE = re.compile(r"\n\s*\n")
_LINE_END = re.compile(r"\n\s*")

_WINDOW = 1024
"""Characters that a slice looks at. A window of the worst characters takes some milliseconds."""

_LONG_WINDOW = 2048
"""The same where segments of more than half a window are asked for."""

_CONTEXT = 64
"""Characters of the next sentence that sentencex must have seen for the one before to count as
ended: an abbreviation at the end of a window looks like the end of a sentence."""

_LINES = 64
"""Segments that a slice takes of a text that was cut before."""


class Rules(msgspec.Struct, frozen=True, gc=False):
    """Rules for cutting a text: the longest segment and the longest first one, in characters.

    `language` is the primary subtag of a BCP 47 tag; it picks the splitter's rules.
    """

    language: str
    first_max_chars: int
    max_chars: int

    @property
    def window(self) -> int:
        """Number of characters that one slice looks at."""
        return _WINDOW if self.max_chars * 2 <= _WINDOW else _LONG_WINDOW


class Uncut(msgspec.Struct, frozen=True, gc=False):
    """The rest of a text, from character `at` on.

    `rules` are None for a text that was cut before, a segment a line. `begun`: a segment
    was cut by them already, so the next one may be long.
    """

    text: str
    rules: Rules | None = None
    at: int = 0
    begun: bool = False

    def __len__(self) -> int:
        """Number of characters that are not cut yet."""
        return len(self.text) - self.at

    def slice(self) -> tuple[tuple[str, ...], Uncut | None]:
        """Cut the next window: its segments (there may be none), and the rest of the text."""
        if self.rules is None:
            return self._lines()
        segments: list[str] = []
        window = self.text[self.at : self.at + self.rules.window]
        last = self.at + len(window) == len(self.text)
        taken = 0
        for sentence in _complete(window, self.rules.language, last=last):
            taken += len(sentence)
            flat = " ".join(sentence.split())
            if flat and has_speech(flat):
                limit = self.rules.max_chars
                first = limit if segments or self.begun else self.rules.first_max_chars
                segments.extend(_speakable(_cut(flat, first, limit)))
        at = self.at + taken
        begun = self.begun or bool(segments)
        left = None if at == len(self.text) else Uncut(self.text, self.rules, at, begun)
        return tuple(segments), left

    def _lines(self) -> tuple[tuple[str, ...], Uncut | None]:
        at = self.at
        lines: list[str] = []
        while len(lines) < _LINES:
            end = self.text.find("\n", at)
            if end < 0:
                return (*lines, self.text[at:]), None
            lines.append(self.text[at:end])
            at = end + 1
        return tuple(lines), Uncut(self.text, None, at)


def uncut(text: str, *, language: str, first_max_chars: int, max_chars: int) -> Uncut:
    """A whole text that is to be cut by these rules; `language` is a BCP 47 tag.

    Characters that cannot be spoken (controls, lone marks) never make a segment of their
    own; a text without anything to speak gives none at all.
    """
    return Uncut(text, Rules(language.partition("-")[0].lower(), first_max_chars, max_chars))


def has_speech(text: str) -> bool:
    """Whether any character is a letter or a number: something an engine can say."""
    return _LETTER_OR_NUMBER.search(text) is not None


def _complete(window: str, language: str, *, last: bool) -> Iterator[str]:
    """Parts of the window, from its beginning on: sentences, and stretches without speech.

    A sentence that may go on after the window is left out, unless the window is the text's
    `last`. One that fills the window is broken, so that there always is a part.
    """
    done = 0
    while done < len(window):
        blank = _BLANK_LINE.search(window, done)
        end = len(window) if blank is None else blank.end()
        open_end = blank is None and not last
        for sentence in _sentences(window[done:end], language):
            if open_end and done + len(sentence) > len(window) - _CONTEXT:
                break
            yield sentence
            done += len(sentence)
        else:
            continue
        if not done:
            yield window[: _break(window, len(window) // 2)]
        return


def _sentences(paragraph: str, language: str) -> Iterator[str]:
    """Sentences with the white space after them: together they are the paragraph."""
    if not has_speech(paragraph):
        yield paragraph
    else:
        yield from sentencex.segment(language, paragraph)


def _break(window: str, start: int) -> int:
    """The break in [start, end of window] of a sentence that does not end there: after the last
    clause, else the last line, else the last space, else at the end of the window.
    """
    for where in (_CLAUSE_END, _LINE_END):
        ends = [match.end() for match in where.finditer(window, start)]
        if ends:
            return ends[-1]
    space = window.rfind(" ", start)
    return space + 1 if space > start else len(window)


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
    """The cut within [start, stop]: the last clause end, else the last space, else `stop`."""
    for match in reversed(list(_CLAUSE_END.finditer(sentence, start, stop))):
        if match.end() > start:
            return match.end()
    space = sentence.rfind(" ", start + 1, stop)
    return space + 1 if space > start else stop


def _speakable(pieces: Iterable[str]) -> Iterator[str]:
    """Drop pieces without speech, such as a run of dots."""
    return (piece for piece in pieces if has_speech(piece))
