"""FFmpeg's filters for speech: samples in, what comes out piece by piece."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import av
import numpy as np
from av.filter import Graph

from supervisor.audio.samples import Samples, joined


class FilterChain:
    """Filters, by name and options, one after the other, for mono samples at `sample_rate` Hz; they
    are put in by so many at once.
    """

    def __init__(self, sample_rate: int, block: int, filters: Iterable[tuple[str, str]]) -> None:
        self._sample_rate = sample_rate
        self._block = block
        self._graph = Graph()
        chain = [self._graph.add_abuffer(sample_rate=sample_rate, format="flt", layout="mono")]
        chain += [self._graph.add(name, options) for name, options in filters]
        self._graph.link_nodes(*chain, self._graph.add("abuffersink")).configure()

    def put(self, samples: Samples) -> Iterator[av.AudioFrame]:
        """What comes out after these samples."""
        for at in range(0, len(samples), self._block):
            block = np.ascontiguousarray(samples[at : at + self._block], np.float32)
            frame = av.AudioFrame.from_ndarray(block.reshape(1, -1), format="flt", layout="mono")
            frame.sample_rate = self._sample_rate
            self._graph.push(frame)
            yield from self._frames()

    def finish(self) -> Iterator[av.AudioFrame]:
        """What comes out once nothing more goes in."""
        self._graph.push(None)
        return self._frames()

    def _frames(self) -> Iterator[av.AudioFrame]:
        while True:
            try:
                frame = self._graph.pull()
            except (av.BlockingIOError, av.EOFError):  # There is no more yet, or none at all.
                return
            if isinstance(frame, av.AudioFrame):
                yield frame


def sound_of(frames: Iterable[av.AudioFrame]) -> Samples:
    """The samples of frames, one after the other."""
    return joined(frame.to_ndarray().reshape(-1).astype(np.float32) for frame in frames)
