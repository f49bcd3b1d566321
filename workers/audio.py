"""From an engine's samples to the packets in which they travel."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from supervisor.wire.worker import PACKET_BYTES
from workers.engines.base import Samples


def pcm(samples: Samples) -> memoryview:
    """float32 little-endian bytes of `samples` [n]. Raises ValueError for what is not audio."""
    audio = np.ascontiguousarray(samples, dtype="<f4")
    if audio.ndim != 1:
        raise ValueError(f"the engine returned an array of shape {audio.shape}, not mono samples")
    if not np.isfinite(audio).all():
        raise ValueError("the engine returned samples that are not numbers")
    return audio.data.cast("B")


def packets(data: memoryview) -> Iterator[memoryview]:
    """`data` in pieces of at most PACKET_BYTES; one empty piece for no data."""
    yield data[:PACKET_BYTES]
    for start in range(PACKET_BYTES, len(data), PACKET_BYTES):
        yield data[start : start + PACKET_BYTES]
