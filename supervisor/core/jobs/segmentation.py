"""Segmentation: cuts a text into segments, which are spoken on their own, in parallel.

Sentences come from sentencex; what is longer than a segment may be is cut by `breaths`. The
first segment is kept short, so that speech starts early. With each goes what ends with it: a
sentence, or more, as lines, blank lines and marks (`supervisor.marks`) tell; `[pause:1.5s]` in a
text is a silence of that length. Pure and deterministic: the same text always gives the same
segments, in however many slices it is cut, which makes a seeded job reproducible.

A text is cut a slice at a time, the rest while the first of it is spoken. A slice looks
at one window of the text and no further, so it takes some milliseconds at worst and all
slices together grow with the length of the text alone: what sentencex does within a
window may grow with the square of its length (quotes, backticks, 漢字。).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Final, Literal, NamedTuple

import msgspec
import sentencex

from supervisor.core.jobs import breaths
from supervisor.core.jobs.breaths import CLAUSE_END, LETTER_OR_NUMBER
from supervisor.core.jobs.parts import LONGEST_PAUSE_S, Part, part_of
from supervisor.marks import ENDS, HEADING, ITEM, OPENING, PARAGRAPH, PRONOUNCED, PROSODY
from supervisor.speech import Ends, Prosody

_TAG = re.compile(r"\[pause:(\d{1,6}(?:\.\d{1,6})?)(ms|s)\]", re.ASCII | re.IGNORECASE)
"""A silence that the text asks for."""
_STOP = re.compile(
    rf"{_TAG.pattern}|(?P<blank>\n\s*\n)|(?P<mark>[{ENDS}])|(?P<manner>{PROSODY.pattern})",
    _TAG.flags,
)
"""Such a silence, a blank line, a mark for what ends here, or one for another manner."""
_MARKED: Final[dict[str, Ends]] = {
    HEADING: "heading",
    ITEM: "item",
    PARAGRAPH: "paragraph",
}
_NO_MARKS: Final = str.maketrans("", "", ENDS)
_LONGEST_MARK = 512
_LONGEST_TAG = 24
_LINE_END = re.compile(r"\n\s*")
_MARKS = 8
"""Characters at the end of a text among which the mark is that ends it."""
_OPEN_END = re.compile(r"[,;:—–、，；：-]\W*$")
"""The end of a text, or of a line, that goes on."""
_SENTENCE_MARK = re.compile(r"[.!?…。！？,;:—–、，；：-]\W*$")
_ITEM = re.compile(r"(?:[-*+•‣]|\d{1,3}[.)])\s")
"""The beginning of an item in a list."""

_HEADING_CHARS = 100
"""A heading is not longer."""

_WINDOW = 1024
"""Characters that a slice looks at. A window of the worst characters takes some milliseconds."""

_LONG_WINDOW = 2048
"""The same where segments of more than half a window are asked for."""

_CONTEXT = 64
"""Characters of the next sentence that sentencex must have seen for the one before to count as
ended: an abbreviation at the end of a window looks like the end of a sentence."""

_Ended = Ends | Literal["blank", "manner"]
"""What ends a stretch of text: a blank line, or another manner, beside what ends with a part."""

_PLAIN: Final = Prosody()
_MARK: Final = re.compile(f"{PRONOUNCED.pattern}|{PROSODY.pattern}")

_LINES = 64
"""Segments that a slice takes of a text that was cut before."""


class Rules(msgspec.Struct, frozen=True, gc=False):
    """Rules for cutting a text: the longest segment and the longest first one, in characters.

    `language` is the primary subtag of a BCP 47 tag; it picks the splitter's rules. `finish` is
    applied to the text of each part: it may put pronunciations in.
    """

    language: str
    first_max_chars: int
    max_chars: int
    finish: Callable[[str], str] | None = None

    @property
    def window(self) -> int:
        """Number of characters that one slice looks at."""
        return _WINDOW if self.max_chars * 2 <= _WINDOW else _LONG_WINDOW

    def cut(
        self, sentence: str, ends: Ends, prosody: Prosody | None, *, begun: bool
    ) -> Iterator[Part]:
        """Parts of a sentence. `begun`: they are not the first ones of their text."""
        first = self.max_chars if begun else self.first_max_chars
        parts = breaths.cut(sentence, ends, self.language, first_limit=first, limit=self.max_chars)
        if prosody is None and self.finish is None:
            return parts
        finish = self.finish or str
        return (Part(finish(part.text), part.ends, prosody) for part in parts)


class Uncut(msgspec.Struct, frozen=True, gc=False):
    """The rest of a text, from character `at` on.

    `rules` are None for a text that was cut before, a segment a line. `begun`: a segment
    was cut by them already, so the next one may be long. `silent_s`: seconds of silence that the
    text has asked for since its last word; `prosody` is the manner that holds at `at`.
    """

    text: str
    rules: Rules | None = None
    at: int = 0
    begun: bool = False
    silent_s: float = 0.0
    prosody: Prosody | None = None

    def __len__(self) -> int:
        """Number of characters that are not cut yet."""
        return len(self.text) - self.at

    def slice(self) -> tuple[tuple[Part, ...], Uncut | None]:
        """Cut the next window: its parts (there may be none), and the rest of the text."""
        if self.rules is None:
            return self._lines()
        parts: list[Part] = []
        begun, silent_s, prosody, taken = self.begun, self.silent_s, self.prosody, 0
        window = self._window(self.rules.window)
        last = self.at + len(window) == len(self.text)
        column = self.at - self.text.rfind("\n", max(0, self.at - _WINDOW), self.at) - 1
        for piece, ends in _complete(window, self.rules.language, column, last=last):
            taken += len(piece)
            flat = " ".join(piece.translate(_NO_MARKS).split())
            if isinstance(ends, Prosody):
                prosody = None if ends == _PLAIN else ends
            elif isinstance(ends, float):
                seconds = min(ends, LONGEST_PAUSE_S - silent_s)
                silent_s += seconds
                _pause(parts, seconds)
            elif has_speech(flat):
                parts += self.rules.cut(flat, ends, prosody, begun=begun)
                begun, silent_s = True, 0.0
            elif parts:
                parts[-1] = parts[-1].at_least(ends)
        at = self.at + taken
        if at == len(self.text):
            return tuple(parts), None
        left = Uncut(self.text, self.rules, at, begun, silent_s, prosody)
        return tuple(parts), left

    def _window(self, size: int) -> str:
        """The next characters, a mark that they break off, and a silence that begins with their
        end or just behind it: it belongs to what was said before.
        """
        end = self.at + size
        opened = max(self.text.rfind(mark, self.at, end) for mark in OPENING)
        if opened >= 0:
            closed = _MARK.match(self.text, opened, opened + _LONGEST_MARK)
            end = max(end, closed.end() if closed else end)
        for tag in _TAG.finditer(self.text, end - _LONGEST_TAG, end + 2 * _LONGEST_TAG):
            end = max(end, tag.end())
        return self.text[self.at : end]

    def _lines(self) -> tuple[tuple[Part, ...], Uncut | None]:
        at = self.at
        parts: list[Part] = []
        while len(parts) < _LINES:
            end = self.text.find("\n", at)
            if end < 0:
                return (*parts, part_of(self.text[at:])), None
            parts.append(part_of(self.text[at:end]))
            at = end + 1
        return tuple(parts), Uncut(self.text, None, at)


def uncut(
    text: str,
    *,
    language: str,
    first_max_chars: int,
    max_chars: int,
    finish: Callable[[str], str] | None = None,
) -> Uncut:
    """A whole text that is to be cut by these rules; `language` is a BCP 47 tag.

    Characters that cannot be spoken (controls, lone marks) never make a segment of their
    own; a text without anything to speak gives none at all.
    """
    primary = language.partition("-")[0].lower()
    return Uncut(text, Rules(primary, first_max_chars, max_chars, finish))


def has_speech(text: str) -> bool:
    """Whether any character is a letter or a number: something an engine can say."""
    return LETTER_OR_NUMBER.search(text) is not None


def _pause(parts: list[Part], seconds: float) -> None:
    """A silence after the last part, in place of its own."""
    if seconds <= 0 and not parts:
        return
    if parts:
        parts[-1] = parts[-1].paused(seconds)
    else:
        parts.append(Part("", seconds))


class _Piece(NamedTuple):
    """Some of a window, as it is, and what ends with it. A silence is its seconds alone, and what
    changes the manner is that manner.
    """

    text: str
    ends: Ends | Prosody


def _complete(window: str, language: str, column: int, *, last: bool) -> Iterator[_Piece]:
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
                yield _Piece(stop[0], _asked_for(stop))
                done = stop.end()
            continue
        if not done:
            broken = window[: _break(window, len(window) // 2)]
            yield _Piece(broken, "clause" if _is_open(broken) else "phrase")
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


def _pieces(paragraph: str, language: str, column: int, ends: _Ended) -> Iterator[_Piece]:
    """Sentences with the white space after them: together they are the paragraph."""
    if not paragraph:
        return
    borders = [0, *_line_ends(paragraph, column), len(paragraph)]
    for start, end in pairwise(borders):
        *sentences, final = _sentences(paragraph[start:end], language)
        for sentence in sentences:
            yield _Piece(sentence, "sentence")
        if end < len(paragraph):
            yield _Piece(final, "item")
        elif ends == "blank":
            alone = not sentences and not start and not column
            yield _Piece(final, "heading" if alone and _is_heading(final) else "paragraph")
        elif ends in {"sentence", "manner"} and _is_open(final):
            yield _Piece(final, "clause")
        elif ends == "manner":
            yield _Piece(final, "sentence" if _is_ended(final) else "phrase")
        else:
            yield _Piece(final, ends)


def _sentences(text: str, language: str) -> list[str]:
    """Sentences with the white space after them: together they are the text."""
    if not has_speech(text):
        return [text]
    sentences: list[str] = sentencex.segment(language, text)
    if len(sentences) > 1 and not sentences[-1].strip():
        *sentences, last, blank = sentences
        sentences.append(last + blank)
    return sentences


def _line_ends(paragraph: str, column: int) -> list[int]:
    """Where lines end in the paragraph that were meant to: behind white space, in characters.

    Where lines are broken because they are full, the first word of the next one has no room in the
    longest of them. One that ends before, or with a colon, and whose next begins like a sentence,
    is an item of a list, a title, or a verse.
    """
    body = paragraph.rstrip()
    if "\n" not in body:
        return []
    lines = body.split("\n")
    lengths = [len(line.rstrip()) for line in lines]
    lengths[0] += column
    longest = max(lengths)
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
    letter = LETTER_OR_NUMBER.search(line)
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
