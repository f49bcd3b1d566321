"""Timings of jobs as distributions: bounded in size, and cheap enough for every job."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

from supervisor.core.jobs.classes import CLASSES
from supervisor.speech import RequestClass

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
FACTORS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 1.5, 2.0, 5.0)

SAMPLE_BYTES = 4
"""Bytes of a sample: PCM is float32."""


class Histogram:
    """Counts of observed values, by upper bounds of buckets."""

    __slots__ = ("_bounds", "_counts", "_sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        """Count one value; a bound belongs to the bucket below it."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def add(self, other: Histogram) -> None:
        """Count what another with the same bounds has counted."""
        self._counts = [mine + more for mine, more in zip(self._counts, other._counts, strict=True)]
        self._sum += other._sum

    def document(self) -> dict[str, Any]:
        """`buckets`: upper bound, as text → observations up to it; `sum` and `count` of all."""
        total, buckets = 0, {}
        for bound, count in zip(self._bounds, self._counts, strict=False):
            total += count
            buckets[str(bound)] = total
        return {"buckets": buckets, "sum": self._sum, "count": total + self._counts[-1]}


class Timings:
    """Distributions of each job's seconds from acceptance to its first segment's start and to its
    first audio, this by class, and of each segment's real-time factor: the worker's time per
    time of audio.
    """

    __slots__ = ("first_audio_of", "real_time_factor", "wait")

    def __init__(self) -> None:
        self.wait = Histogram(SECONDS)
        self.first_audio_of = {name: Histogram(SECONDS) for name in CLASSES}
        self.real_time_factor = Histogram(FACTORS)

    def observe_first_audio(self, name: RequestClass, seconds: float) -> None:
        """Count a job of this class whose first audio is there."""
        self.first_audio_of[name].observe(seconds)

    def observe_segment(self, pcm_bytes: int, sample_rate: int, synthesis_s: float) -> None:
        """Count a segment with this much audio, which took `synthesis_s` of a worker."""
        if pcm_bytes:
            self.real_time_factor.observe(synthesis_s * SAMPLE_BYTES * sample_rate / pcm_bytes)

    def document(self) -> dict[str, Any]:
        """The distributions, as the status document has them."""
        first_audio = Histogram(SECONDS)
        for of_class in self.first_audio_of.values():
            first_audio.add(of_class)
        return {
            "wait_s": self.wait.document(),
            "first_audio_s": first_audio.document(),
            "real_time_factor": self.real_time_factor.document(),
        }
