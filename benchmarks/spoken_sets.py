"""Sets of sentences with what a person would say for each: their form, and when one is read right.

A set is a file of JSON lines. A row has a category (`cat`), what is written (`text`), and either
the spoken forms that count as right (`say`) or patterns that are found one after the other in the
phonemes (`want`, for words that are written alike and spoken differently). `heard` marks the
sentences that are spoken and given to a recogniser.

A text is read as a job of it would be: markup found, cut into segments, each read by the engine's
reader. A spoken form goes the same way, and what counts is how far the phonemes of the two are
apart, so that no accent and no engine has to be written down.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from supervisor.config import Settings
from supervisor.reading.process import ReadingProcess
from supervisor.reading.text import ReadSegment, read
from supervisor.service.settings import make_setup
from supervisor.wire.client import Submit

ENGLISH = Path(__file__).parent / "sets" / "english.jsonl"

APART = 0.045
"""Symbols that may differ for each symbol of the spoken form: a flap, a weak vowel."""

APART_IF_SPELLED = 0.2
"""The same where the spoken form can only be spelled as it sounds ("Shivawn" for "Siobhan")."""

SPELLED = frozenset({"names", "oov", "foreign"})
"""Categories whose spoken forms are spelled as they sound."""

_ALIKE = str.maketrans({"ᵊ": "ə", "ᵻ": "ɪ", "ɐ": "ə", "ɾ": "t", "T": "t"})
"""Weak vowels and flaps: which of the two is said depends on the pace, not on the word."""

_UNHEARD = re.compile(r"[\W_ˈˌː]+")


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One sentence of a set."""

    cat: str
    text: str
    say: tuple[str, ...] = ()
    want: tuple[str, ...] = ()
    heard: bool = False

    def __post_init__(self) -> None:
        """Raises ValueError, which msgspec makes a ValidationError, for a row of another form."""
        if bool(self.say) == bool(self.want):
            raise ValueError("a row has either `say` or `want`")


class Judged(NamedTuple):
    """A sentence as it was read: the words said for it, their phonemes, and the verdict."""

    row: Row
    spoken: str
    phonemes: str
    right: bool


def load_set(path: Path = ENGLISH) -> list[Row]:
    """Rows of a set. Raises OSError, and msgspec.ValidationError for a row of another form."""
    lines = path.read_bytes().splitlines()
    return [msgspec.json.decode(line, type=Row) for line in lines if line.strip()]


def judge(rows: Sequence[Row]) -> list[Judged]:
    """Read every sentence and its spoken forms by the default engine's reader, and compare."""
    wanted = [text for row in rows for text in (row.text, *row.say)]
    found = dict(zip(wanted, segments_read(wanted), strict=True))
    judged = []
    for row in rows:
        spoken = " ".join(segment.spoken for segment in found[row.text])
        phonemes = _phonemes(found[row.text])
        right = is_right(row, phonemes, (_phonemes(found[form]) for form in row.say))
        judged.append(Judged(row, spoken, phonemes, right))
    return judged


def _phonemes(segments: Iterable[ReadSegment]) -> str:
    return " ".join(segment.phonemes for segment in segments)


def is_right(row: Row, phonemes: str, forms: Iterable[str]) -> bool:
    """Whether these phonemes are what one would say: those of one of the forms, or the patterns."""
    if row.want:
        return _in_order(row.want, phonemes)
    allowed = APART_IF_SPELLED if row.cat in SPELLED else APART
    return any(_apart(phonemes, form) <= allowed for form in forms)


def _in_order(patterns: Iterable[str], phonemes: str) -> bool:
    at = 0
    for pattern in patterns:
        found = re.compile(pattern).search(phonemes, at)
        if found is None:
            return False
        at = found.end()
    return True


def _apart(phonemes: str, form: str) -> float:
    """Symbols that differ, for each symbol of the form."""
    one, other = plain(phonemes), plain(form)
    return differences(one, other) / max(1, len(other))


def plain(phonemes: str) -> str:
    """Phonemes without stress, length and marks; of weak vowels and flaps one of each."""
    return _UNHEARD.sub("", phonemes).translate(_ALIKE)


def differences(one: Sequence[str], other: Sequence[str]) -> int:
    """Fewest items to put in, take out or replace that make one sequence the other."""
    row = list(range(len(other) + 1))
    for number, item in enumerate(one, 1):
        corner, row[0] = row[0], number
        for at, there in enumerate(other, 1):
            corner, row[at] = row[at], min(row[at] + 1, row[at - 1] + 1, corner + (item != there))
    return row[-1]


def segments_read(texts: Sequence[str]) -> list[tuple[ReadSegment, ...]]:
    """How each text is read: its segments, by the default engine's reader."""
    return asyncio.run(_segments(texts))


async def _segments(texts: Sequence[str]) -> list[tuple[ReadSegment, ...]]:
    settings = Settings()
    async with ReadingProcess(make_setup(settings)) as process:
        outcomes = [
            await read(process, Submit(id="set"), text.encode(), settings) for text in texts
        ]
    return [outcome.text.segments for outcome in outcomes]
