"""What is heard of samples beside speech: one threshold for all who look for silence."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from workers.engines.base import Samples

_AUDIBLE: Final = 0.01
"""Amplitude below which nothing is heard beside speech."""


def heard(samples: Samples, step: int) -> NDArray[np.intp]:
    """The numbers of those steps, of `step` samples each, in which anything is heard."""
    highest = np.maximum.reduceat(np.abs(samples), np.arange(0, samples.size, step))
    return np.flatnonzero(highest > _AUDIBLE)
