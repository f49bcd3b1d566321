"""The silence around a segment's sound: what a model left there, and what there is to be.

A model begins every run with silence and ends it with more, as if a sentence ended. What ends
with a segment is known where the text is cut; so the sound is cut out of what the model gave, and
gets the silence that it is told. Sound is looked for in steps of 10 ms: two sessions that round
differently then agree on where it begins and ends.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from workers import audible
from workers.engines.base import Samples, Spoken
from workers.word_times import moved

_STEP_S: Final = 0.01
_LEAD_S: Final = 0.05
"""What is kept before the first sound: a consonant may begin softly."""
_TAIL_S: Final = 0.03
"""What is kept after the last sound at least."""
_FADE_S: Final = 0.01
"""Beginning and end come out of silence, so that no cut clicks."""


def paced(spoken: Spoken, sample_rate: int, silence_s: float) -> Spoken:
    """What is spoken, from 50 ms before its first sound on, and silence after the last.

    `silence_s`: seconds from the last sound to the first one of what is put behind it, which is
    paced as well; what the model left there is kept, up to that length. It is 80 ms at least.
    """
    samples = spoken.samples
    begin, end = sound(samples, sample_rate)
    lead, tail = round(_LEAD_S * sample_rate), round(_TAIL_S * sample_rate)
    after = max(round(silence_s * sample_rate) - lead, tail)
    if begin == end:
        return Spoken(np.zeros(after, np.float32))
    first = max(begin - lead, 0)
    kept = _faded(samples[first : end + after], sample_rate)
    more = np.zeros(end + after - first - kept.size, np.float32)
    words = moved(spoken.words, [(first, end)], sample_rate)
    return Spoken(np.concatenate([kept, more]), words)


def without_stops(spoken: Spoken, sample_rate: int, longest_s: float, stops: int) -> Spoken:
    """What is spoken, with the silences inside it no longer than `longest_s`.

    A model takes a breath of its own in a long sentence, and it may be as long as a full stop's.
    The longest `stops` of them stay: so many sentences end inside.
    """
    samples = spoken.samples
    step = max(1, round(_STEP_S * sample_rate))
    heard = audible.heard(samples, step)
    most = max(2, round(longest_s / _STEP_S))
    gaps = np.diff(heard) - 1
    long = np.flatnonzero(gaps > most)
    if long.size <= stops:
        return spoken
    longest_first = long[np.argsort(-gaps[long], kind="stable")]
    ranges: list[tuple[int, int]] = []
    done = 0
    for index in np.sort(longest_first[stops:]):
        begin = (int(heard[index]) + 1 + most // 2) * step
        end = (int(heard[index + 1]) - (most - most // 2)) * step
        ranges.append((done, begin))
        done = end
    ranges.append((done, samples.size))
    parts = [_faded(samples[begin:end], sample_rate) for begin, end in ranges]
    return Spoken(np.concatenate(parts), moved(spoken.words, ranges, sample_rate))


def sound(samples: Samples, sample_rate: int) -> tuple[int, int]:
    """The first sample of what is heard, and the one behind it; the same where nothing is."""
    step = max(1, round(_STEP_S * sample_rate))
    heard = audible.heard(samples, step)
    if not heard.size:
        return 0, 0
    return int(heard[0]) * step, min((int(heard[-1]) + 1) * step, samples.size)


def silence(sample_rate: int, seconds: float) -> Samples:
    """So many seconds without a sound."""
    return np.zeros(round(seconds * sample_rate), np.float32)


def _faded(samples: Samples, sample_rate: int) -> Samples:
    """A copy that begins and ends at nothing."""
    faded = samples.copy()
    fade = min(round(_FADE_S * sample_rate), faded.size // 2)
    slope = np.linspace(0, 1, fade, dtype=np.float32)
    faded[:fade] *= slope
    faded[faded.size - fade :] *= slope[::-1]
    return faded
