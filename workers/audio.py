"""Volume, PCM and packets: an engine's samples on their way to the supervisor."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from supervisor.wire.worker import PACKET_BYTES
from workers.engines.base import Samples

KNEE = 0.75
"""Amplitude above which samples are bent towards full scale, without reaching it."""


def at_volume(samples: Samples, volume: float) -> Samples:
    """`samples` times `volume`, within -1 … 1 where that makes them louder.

    Above the knee k a sample of k + (1 - k) x becomes k + (1 - k) x / (1 + x): a curve without a
    corner, and of operations that every processor rounds alike.
    """
    if volume == 1.0:
        return samples
    scaled = samples * np.float32(volume)
    if volume > 1.0:
        loud = np.abs(scaled) > KNEE
        beyond = (np.abs(scaled[loud]) - KNEE) / np.float32(1 - KNEE)
        bent = KNEE + np.float32(1 - KNEE) * beyond / (1 + beyond)
        scaled[loud] = np.copysign(bent, scaled[loud])
    return scaled


def pcm(samples: Samples) -> memoryview:
    """float32 little-endian bytes of `samples` [n]. Raises ValueError for what is not audio."""
    audio = np.ascontiguousarray(samples, dtype="<f4")
    if audio.ndim != 1:
        raise ValueError(f"the engine returned an array of shape {audio.shape}, not mono samples")
    if not np.isfinite(audio).all():
        raise ValueError("the engine returned samples that are not numbers")
    return audio.data.cast("B")


def packets(data: memoryview) -> Iterator[memoryview]:
    """Split `data` into pieces of at most PACKET_BYTES; one empty piece for no data."""
    yield data[:PACKET_BYTES]
    for start in range(PACKET_BYTES, len(data), PACKET_BYTES):
        yield data[start : start + PACKET_BYTES]
