"""Audio back to samples, to see what really came."""

from __future__ import annotations

import io

import av
import numpy as np
from numpy.typing import NDArray

RATE = 24_000


def decode(data: bytes, form: str | None = None) -> tuple[NDArray[np.float64], int]:
    """Samples within -1 … 1 and their rate, of a whole file; `form`: FFmpeg's name of a format that
    has no header.
    """
    with av.open(io.BytesIO(data), "r", format=form) as container:
        rate = container.streams.audio[0].rate
        planes = []
        for frame in container.decode(audio=0):
            plane = frame.to_ndarray()
            scale = 32768.0 if plane.dtype == np.int16 else 1.0
            planes.append(plane.reshape(-1).astype(np.float64) / scale)
    return np.concatenate(planes), rate


def raw(data: bytes) -> NDArray[np.float64]:
    """Samples of the format `pcm`."""
    return np.frombuffer(data, "<i2").astype(np.float64) / 32768.0


def tone(samples: NDArray[np.float64]) -> int | None:
    """The frequency in Hz of the noop engine's tone, if that is all that these samples are."""
    turns = np.arange(len(samples)) * 2 * np.pi / RATE
    for hertz in range(100, 1124):
        if np.allclose(samples, 0.1 * np.sin(turns * hertz), atol=0.001):
            return hertz
    return None
