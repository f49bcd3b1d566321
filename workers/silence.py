"""The silence around a segment's sound: what a model left there, and what there is to be.

A model begins every run with silence and ends it with more, as if a sentence ended. What ends
with a segment is known where the text is cut; so the sound is cut out of what the model gave, and
gets the silence that it is told. Sound is looked for in steps of 10 ms: two sessions that round
differently then agree on where it begins and ends.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from workers.engines.base import Samples

_AUDIBLE: Final = 0.01
"""Amplitude below which nothing is heard beside speech."""

_STEP_S: Final = 0.01
_LEAD_S: Final = 0.05
"""What is kept before the first sound: a consonant may begin softly."""
_TAIL_S: Final = 0.03
"""What is kept after the last sound at least."""
_FADE_S: Final = 0.01
"""Beginning and end come out of silence, so that no cut clicks."""


def paced(samples: Samples, sample_rate: int, silence_s: float) -> Samples:
    """The sound in the samples [n], from 50 ms before its begin on, and silence after it.

    `silence_s`: seconds from the last sound to the first one of what is put behind it, which is
    paced as well; what the model left there is kept, up to that length. It is 80 ms at least.
    """
    begin, end = sound(samples, sample_rate)
    lead, tail = round(_LEAD_S * sample_rate), round(_TAIL_S * sample_rate)
    after = max(round(silence_s * sample_rate) - lead, tail)
    if begin == end:
        return np.zeros(after, np.float32)
    first = max(begin - lead, 0)
    kept = _faded(samples[first : end + after], sample_rate)
    return np.concatenate([kept, np.zeros(end + after - first - kept.size, np.float32)])


def sound(samples: Samples, sample_rate: int) -> tuple[int, int]:
    """The first sample of what is heard, and the one behind it; the same where nothing is."""
    step = max(1, round(_STEP_S * sample_rate))
    steps = -(-samples.size // step)
    loud = np.zeros(steps * step, bool)
    loud[: samples.size] = np.abs(samples) > _AUDIBLE
    heard = np.flatnonzero(loud.reshape(steps, step).any(axis=1))
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
