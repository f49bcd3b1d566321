"""Distances between two spoken versions of the same text.

The waveforms of two good versions differ: the model is chaotic, and a style scaled by 1 +
1e-5 moves them as far apart as quantization does. So spectra on the scale of hearing are
compared, and only where both have the same duration.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from workers.engines.base import Samples

_RATE = 24_000
_WINDOW = 1024
_HOP = 256
_BANDS = 80
_LOWEST_HZ = 20.0
_FLOOR = 1e-6
"""Power relative to the loudest band of the first version, -60 dB, below which nothing counts."""

_LOUD = 1e-3
"""Power relative to the loudest frame, -30 dB, from which on a frame is a voice."""

_GROUP = 64
_GROUPS = 5
"""Bins of a window (of 23 Hz each) that are looked at together, and how many such groups: up to
7.5 kHz, above which even a good version has a voice's noise alone."""


def mel_distance(first: Samples, second: Samples) -> float:
    """Mel log-spectral distance in dB: over frames of 1024 samples the mean, over 80 bands the
    root mean square of the differences in level. Infinite for different lengths.
    """
    if first.size != second.size:
        return float("inf")
    powers = [_mel(samples) for samples in (first, second)]
    floor = powers[0].max() * _FLOOR
    levels = [10 * np.log10(power + floor) for power in powers]
    return float(np.sqrt(((levels[0] - levels[1]) ** 2).mean(axis=1)).mean())


def level_difference(first: Samples, second: Samples) -> float:
    """Level of the second version over the first, in dB (root mean square)."""
    powers = [float(np.square(samples, dtype=np.float64).mean()) for samples in (first, second)]
    return float(10 * np.log10(powers[1] / powers[0]))


def contrast_difference(first: Samples, second: Samples) -> float:
    """How much more the harmonics of the second version stand out of the noise between them than
    those of the first, in dB: negative where there is more noise. Infinite for different lengths.

    The contrast of a group of bins in a frame with a voice is the mean power over the geometric
    mean (the inverse of spectral flatness, Johnston 1988); the levels of all are averaged.
    """
    if first.size != second.size:
        return float("-inf")
    powers = [_power(samples) for samples in (first, second)]
    energy = powers[0].sum(axis=1)
    voiced = energy > energy.max() * _LOUD
    floor = powers[0].max() * 1e-12
    contrasts = []
    for power in powers:
        groups = power[voiced, : _GROUP * _GROUPS].reshape(-1, _GROUP) + floor
        levels = np.log10(groups.mean(axis=1)) - np.log10(groups).mean(axis=1)
        contrasts.append(10 * float(levels.mean()))
    return contrasts[1] - contrasts[0]


def _mel(samples: Samples) -> NDArray[np.float64]:
    """Power of each frame and band."""
    mel: NDArray[np.float64] = _power(samples) @ _filters().T
    return mel


def _power(samples: Samples) -> NDArray[np.float64]:
    """Power of each frame and bin."""
    frames = np.lib.stride_tricks.sliding_window_view(samples.astype(np.float64), _WINDOW)[::_HOP]
    power: NDArray[np.float64] = np.abs(np.fft.rfft(frames * np.hanning(_WINDOW))) ** 2
    return power


@functools.cache
def _filters() -> NDArray[np.float64]:
    """Triangles between points evenly spaced on O'Shaughnessy's mel scale, shape [bands, bins]."""
    lowest, highest = (2595 * np.log10(1 + hz / 700) for hz in (_LOWEST_HZ, _RATE / 2))
    points = 700 * (10 ** (np.linspace(lowest, highest, _BANDS + 2) / 2595) - 1)
    bins = np.linspace(0, _RATE / 2, _WINDOW // 2 + 1)
    rising = (bins - points[:-2, None]) / np.diff(points)[:-1, None]
    falling = (points[2:, None] - bins) / np.diff(points)[1:, None]
    triangles = np.clip(np.minimum(rising, falling), 0, None)
    weights: NDArray[np.float64] = triangles / np.maximum(triangles.sum(1, keepdims=True), 1e-9)
    return weights
