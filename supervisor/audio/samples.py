"""Samples of speech, and their conversion to 16 bit."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
"""Mono PCM, shape [n], nominally within -1 … 1."""

_SCALE_16 = np.float32(1 << 15)


def pcm16(samples: Samples) -> NDArray[np.int16]:
    """Signed 16-bit little-endian samples [n]: times 32,768, the nearest whole number (a half to
    the even one), and what is too loud clipped, as FFmpeg does it.

    All that leaves as 16 bit goes through here, so a job has the same samples wherever it goes.
    """
    scaled = samples * _SCALE_16
    np.rint(scaled, out=scaled)
    np.clip(scaled, -_SCALE_16, _SCALE_16 - 1, out=scaled)
    return scaled.astype("<i2")


def joined(pieces: Iterable[Samples]) -> Samples:
    """Pieces one after the other; there may be none."""
    return np.concatenate([np.empty(0, np.float32), *pieces])


def of_length(samples: Samples, length: int) -> Samples:
    """The samples, cut or filled with silence to this length; to none where it is negative."""
    kept = samples[: max(0, length)]
    return np.pad(kept, (0, max(0, length - len(kept))))
