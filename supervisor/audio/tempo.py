"""Speech made faster or slower at its own pitch, piece by piece, by FFmpeg's `atempo`.

For paces that an engine cannot speak at itself. It is WSOLA: windows of the sound are laid over
each other where they fit best. So a time is off by some hundredths of a second; the length is
exact.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import av
import numpy as np

from supervisor.audio.filters import FilterChain, sound_of
from supervisor.audio.samples import Samples, joined, of_length

_LEAST: Final = 0.5
_MOST: Final = 2.0
"""Within these one filter neither skips nor repeats what could be heard."""
_BLOCKS_PER_S: Final = 50
"""Blocks that the sound is put in by: the filter keeps what comes of one until it has the next."""


class TempoChange:
    """Mono samples at `sample_rate` Hz, `tempo` times as fast. Not for two threads at once."""

    def __init__(self, tempo: float, sample_rate: int) -> None:
        self._tempo = tempo
        self._taken = self._given = 0
        self._block = sample_rate // _BLOCKS_PER_S
        self._rest = np.empty(0, np.float32)
        """Less than a block, which is still to be put in."""
        filters = (("atempo", f"{factor:.6f}") for factor in steps(tempo))
        self._filters = FilterChain(sample_rate, self._block, filters)

    def change(self, samples: Samples) -> Samples:
        """What of the changed sound is there after these samples; may be empty."""
        self._taken += len(samples)
        samples = np.concatenate([self._rest, samples])
        whole = len(samples) - len(samples) % self._block
        self._rest = samples[whole:]
        return self._counted(self._filters.put(samples[:whole]))

    def finish(self) -> Samples:
        """The rest: all of it is as long as what was put in, divided by the tempo."""
        left = round(self._taken / self._tempo) - self._given
        if not self._taken:
            return self._rest
        rest = sound_of(self._filters.put(self._rest))
        return of_length(joined([rest, sound_of(self._filters.finish())]), left)

    def _counted(self, frames: Iterator[av.AudioFrame]) -> Samples:
        samples = sound_of(frames)
        self._given += len(samples)
        return samples


def steps(tempo: float) -> Iterator[float]:
    """Factors, each of which one filter does well, that make up a tempo."""
    while not _LEAST <= tempo <= _MOST:
        step = _LEAST if tempo < _LEAST else _MOST
        yield step
        tempo /= step
    yield tempo
