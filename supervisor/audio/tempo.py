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
from av.filter import Graph

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
        self._sample_rate = sample_rate
        self._taken = self._given = 0
        self._block = sample_rate // _BLOCKS_PER_S
        self._rest = np.empty(0, np.float32)
        """Less than a block, which is still to be put in."""
        self._graph = Graph()
        filters = [self._graph.add_abuffer(sample_rate=sample_rate, format="flt", layout="mono")]
        filters += [self._graph.add("atempo", f"{factor:.6f}") for factor in steps(tempo)]
        self._graph.link_nodes(*filters, self._graph.add("abuffersink")).configure()

    def change(self, samples: Samples) -> Samples:
        """What of the changed sound is there after these samples; may be empty."""
        self._taken += len(samples)
        samples = np.concatenate([self._rest, samples])
        whole = len(samples) - len(samples) % self._block
        self._rest = samples[whole:]
        pieces = [self._put(samples[at : at + self._block]) for at in range(0, whole, self._block)]
        return self._counted(pieces)

    def finish(self) -> Samples:
        """The rest: all of it is as long as what was put in, divided by the tempo."""
        left = round(self._taken / self._tempo) - self._given
        if not self._taken:
            return self._rest
        pieces = [self._put(self._rest)] if len(self._rest) else []
        self._graph.push(None)
        return of_length(self._counted([*pieces, *self._frames()]), left)

    def _put(self, block: Samples) -> Samples:
        frame = av.AudioFrame.from_ndarray(block.reshape(1, -1), format="flt", layout="mono")
        frame.sample_rate = self._sample_rate
        self._graph.push(frame)
        return joined(self._frames())

    def _counted(self, pieces: list[Samples]) -> Samples:
        samples = joined(pieces)
        self._given += len(samples)
        return samples

    def _frames(self) -> Iterator[Samples]:
        while True:
            try:
                frame = self._graph.pull()
            except (av.BlockingIOError, av.EOFError):  # There is no more yet, or none at all.
                return
            if isinstance(frame, av.AudioFrame):
                yield frame.to_ndarray().reshape(-1).astype(np.float32, copy=False)


def steps(tempo: float) -> Iterator[float]:
    """Factors, each of which one filter does well, that make up a tempo."""
    while not _LEAST <= tempo <= _MOST:
        step = _LEAST if tempo < _LEAST else _MOST
        yield step
        tempo /= step
    yield tempo
