"""When words are heard: which symbols they are, when each symbol sounds, and what is moved since.

A model tells how long it makes each symbol; where a pause is, it says so 30 to 100 ms late. So
words beside a silence begin and end where the sound does (`settled`). What is cut out of the sound
moves the words behind it (`moved`). The samples are not touched here.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
import numpy as np

from workers import audible
from workers.engines.base import Samples, Spoken, WordTime

_STEP_S: Final = 0.005
_PAUSE_S: Final = 0.09
"""The shortest silence between two words; what closes a mouth within one is shorter."""

_NEAR_S: Final = 0.15
"""How far from a pause the model may put the words beside it."""


class Stretch(msgspec.Struct, frozen=True, gc=False):
    """A word as it is written and as it sounds: the characters `start` to `end` of a text, and the
    symbols `first` to `last` of its phonemes.
    """

    start: int
    end: int
    first: int
    last: int


class Sounds(msgspec.Struct, frozen=True):
    """The phonemes of a segment, and the words among them, in their order; none where nobody asks
    for their times.
    """

    symbols: str
    words: tuple[Stretch, ...] = ()


class Run(msgspec.Struct, frozen=True):
    """What one run of a model gave. `durations`: how long each symbol is, in any unit, that of a
    pad before the first and of one behind the last included; None where the model does not tell.
    """

    samples: Samples
    durations: Sequence[float] | None = None


def stretches(
    owners: Iterable[int | None], places: Sequence[tuple[int, int]]
) -> tuple[Stretch, ...]:
    """Words of symbols: `owners` has for each symbol the index of its place in the text, None for
    those of no word. Words that were read from one place are one.
    """
    found: list[Stretch] = []
    at = 0
    for owner, run in itertools.groupby(owners):
        first, at = at, at + sum(1 for _ in run)
        if owner is None:
            continue
        start, end = places[owner]
        if found and start < found[-1].end:
            last = found[-1]
            found[-1] = Stretch(last.start, max(last.end, end), last.first, at)
        else:
            found.append(Stretch(start, end, first, at))
    return tuple(found)


def part(sounds: Sounds, done: int, symbols: str) -> tuple[Sounds, int]:
    """The next piece of the phonemes, from symbol `done` on, with its words; and where it ends.

    White space may differ from that of the whole.
    """
    begin = done
    where: list[int] = []
    for symbol in symbols:
        if not symbol.isspace():
            while sounds.symbols[done].isspace():
                done += 1
            done += 1
        where.append(max(done - 1, begin))
    words = [
        Stretch(word.start, word.end, first, last)
        for word in sounds.words
        if word.last > begin and word.first < done
        for first, last in [(bisect_left(where, word.first), bisect_left(where, word.last))]
        if first < last
    ]
    return Sounds(symbols, tuple(words)), done


def timed(sounds: Sounds, run: Run, sample_rate: int) -> Spoken:
    """The samples of one run with the times of its words."""
    if not sounds.words or run.durations is None:
        return Spoken(run.samples)
    ends = np.cumsum(run.durations, dtype=np.float64)
    if ends.size != len(sounds.symbols) + 2 or not ends[-1] > 0:
        return Spoken(run.samples)
    ends *= run.samples.size / sample_rate / ends[-1]
    words = []
    for word in sounds.words:
        heard = [at for at in range(word.first, word.last) if sounds.symbols[at].isalpha()]
        if heard:
            first, last = heard[0], heard[-1]
            while first > word.first and not sounds.symbols[first - 1].isspace():
                first -= 1  # A mark of stress is of the word.
            words.append(
                WordTime(
                    start=word.start,
                    end=word.end,
                    begin_s=float(ends[first]),
                    end_s=float(ends[last + 1]),
                )
            )
    return Spoken(run.samples, tuple(words))


def joined(parts: Sequence[Spoken], sample_rate: int) -> Spoken:
    """What was spoken one after another; a word that was cut apart is one again."""
    if len(parts) == 1:
        return parts[0]
    words: list[WordTime] = []
    done = 0
    for spoken in parts:
        for word in spoken.words:
            later = _shifted(word, done / sample_rate)
            if words and words[-1].start == word.start:
                later = msgspec.structs.replace(later, begin_s=words.pop().begin_s)
            words.append(later)
        done += spoken.samples.size
    samples = np.concatenate([spoken.samples for spoken in parts])
    return Spoken(samples, tuple(words))


def moved(
    words: Sequence[WordTime], ranges: Sequence[tuple[int, int]], sample_rate: int
) -> tuple[WordTime, ...]:
    """The words where only these ranges of the samples are left, one behind the other."""
    if not words:
        return ()
    begins = [begin / sample_rate for begin, _end in ranges]
    sizes = [(end - begin) / sample_rate for begin, end in ranges]
    before = [0.0, *itertools.accumulate(sizes)]

    def now(second: float) -> float:
        at = max(bisect_right(begins, second) - 1, 0)
        return before[at] + min(max(second - begins[at], 0.0), sizes[at])

    return tuple(
        msgspec.structs.replace(word, begin_s=now(word.begin_s), end_s=now(word.end_s))
        for word in words
    )


def settled(spoken: Spoken, sample_rate: int) -> tuple[WordTime, ...]:
    """The words in order and within the samples; what is beside a silence begins and ends where
    the sound does.
    """
    words = spoken.words
    if not words:
        return ()
    begins, ends = [word.begin_s for word in words], [word.end_s for word in words]
    silences = _silences(spoken.samples, sample_rate)
    total = spoken.samples.size / sample_rate
    for silent, heard in silences:
        if silent <= 0.0:
            begins[0] = heard if begins[0] < heard + _NEAR_S else begins[0]
        elif heard >= total:
            ends[-1] = silent if ends[-1] > silent - _NEAR_S else ends[-1]
        else:
            at = _nearest(begins, ends, silent, heard)
            if at is not None:
                begins[at], ends[at - 1] = heard, silent
    done = 0.0
    found: list[WordTime] = []
    for word, begin, end in zip(words, begins, ends, strict=True):
        first = min(max(begin, done), total)
        done = min(max(end, first), total)
        found.append(msgspec.structs.replace(word, begin_s=round(first, 3), end_s=round(done, 3)))
    return tuple(found)


def _nearest(
    begins: Sequence[float], ends: Sequence[float], silent: float, heard: float
) -> int | None:
    """The word that begins after a silence, by where the model has the words; None for a silence
    within one.
    """
    best: tuple[float, int] | None = None
    for at in range(1, len(begins)):
        if begins[at] < silent - _NEAR_S:
            continue
        if ends[at - 1] > heard + _NEAR_S:
            break
        away = max(0.0, silent - begins[at], ends[at - 1] - heard)
        off = abs(begins[at] - heard) + abs(ends[at - 1] - silent)
        if away < _NEAR_S and (best is None or off < best[0]):
            best = off, at
    return None if best is None else best[1]


def _silences(samples: Samples, sample_rate: int) -> list[tuple[float, float]]:
    """From when to when nothing is heard, in seconds; those at both ends, however short."""
    step = max(1, round(_STEP_S * sample_rate))
    steps = -(-samples.size // step)
    loud = audible.heard(samples, step)
    if not loud.size:
        return []
    edges = [-1, *loud.tolist(), steps]
    second, total = step / sample_rate, samples.size / sample_rate
    found = []
    for before, after in itertools.pairwise(edges):
        begin, end = (before + 1) * second, min(after * second, total)
        if end - begin >= _PAUSE_S or before < 0 or after == steps:
            found.append((begin, end))
    return found


def _shifted(word: WordTime, seconds: float) -> WordTime:
    return msgspec.structs.replace(word, begin_s=word.begin_s + seconds, end_s=word.end_s + seconds)
