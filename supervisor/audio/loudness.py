"""Even loudness: how loud speech is by EBU R128, and the gain that brings it to a target.

FFmpeg's filters measure (`ebur128`) and limit (`alimiter`), through PyAV. Loudness is in LUFS, of
one channel as such; peaks are those of the sound between the samples, as far as four times as many
show them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import av
import numpy as np

from supervisor.audio.filters import FilterChain, sound_of
from supervisor.audio.samples import Samples, of_length

TARGET_LUFS: Final = -18.5
"""As audiobooks are: loud enough for a train, with room for peaks."""
PEAK_DB: Final = -1.5
"""Highest true peak, in dB of full scale: what a lossy codec adds stays below that scale."""
MOST_GAIN_DB: Final = 20.0
"""What is fainter than this makes up for is meant to be."""
_MARGIN_DB: Final = 1.0
"""How far a true peak may be above the samples."""
_SILENCE_LUFS: Final = -69.0
_OVERSAMPLING: Final = 4
_BLOCKS_PER_S: Final = 5


class LoudnessMeter:
    """Measures mono samples at `sample_rate` Hz, given piece by piece."""

    def __init__(self, sample_rate: int) -> None:
        self.samples = 0
        self._peak = 0.0
        self._lufs = _SILENCE_LUFS
        self._filter = _filters(sample_rate, [("ebur128", "metadata=1:framelog=quiet")])

    def put(self, samples: Samples) -> None:
        """Measure these, too."""
        if not len(samples):
            return
        self.samples += len(samples)
        self._peak = max(self._peak, float(np.max(np.abs(samples))))
        for frame in self._filter.put(samples):
            told = frame.metadata.get("lavfi.r128.I")
            if told is not None and math.isfinite(float(told)):
                self._lufs = float(told)

    @property
    def lufs(self) -> float | None:
        """Integrated loudness; None where nothing was as loud as speech."""
        return None if self._lufs <= _SILENCE_LUFS else self._lufs

    def gain_db(self, target_lufs: float = TARGET_LUFS) -> float:
        """The gain that brings what was measured to the target."""
        return 0.0 if self.lufs is None else min(MOST_GAIN_DB, target_lufs - self.lufs)

    def exceeds(self, gain_db: float) -> bool:
        """Whether a peak would be too high with this gain."""
        return _db(self._peak) + gain_db > PEAK_DB - _MARGIN_DB


class Gain:
    """Mono samples at `sample_rate` Hz, louder by `gain_db`; with `limit` no peak is too high."""

    def __init__(self, gain_db: float, sample_rate: int, *, limit: bool) -> None:
        self._factor = np.float32(10 ** (gain_db / 20))
        self._taken = self._given = 0
        rate = sample_rate * _OVERSAMPLING
        most = 10 ** ((PEAK_DB - _MARGIN_DB / 2) / 20)
        self._limiter = None if not limit else _filters(
            sample_rate,
            [
                ("aresample", str(rate)),
                ("alimiter", f"limit={most:.6f}:attack=5:release=50:level=false:latency=true"),
                ("aresample", str(sample_rate)),
            ],
        )  # fmt: skip

    def change(self, samples: Samples) -> Samples:
        """What is known of the changed sound after these samples."""
        self._taken += len(samples)
        louder = samples * self._factor
        return louder if self._limiter is None else self._counted(self._limiter.put(louder))

    def finish(self) -> Samples:
        """The rest: in all there are as many samples as were put in."""
        if self._limiter is None or not self._taken:
            return np.empty(0, np.float32)
        left = self._taken - self._given
        return of_length(self._counted(self._limiter.finish()), left)

    def _counted(self, frames: Iterator[av.AudioFrame]) -> Samples:
        samples = sound_of(frames)
        self._given += len(samples)
        return samples


def _filters(sample_rate: int, filters: list[tuple[str, str]]) -> FilterChain:
    return FilterChain(sample_rate, sample_rate // _BLOCKS_PER_S, filters)


def _db(amplitude: float) -> float:
    return -math.inf if amplitude <= 0 else 20 * math.log10(amplitude)
