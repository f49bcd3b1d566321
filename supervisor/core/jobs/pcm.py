"""Audio of a job, in memory or in a file of the journal, and its place in the job's stream."""

from __future__ import annotations

from typing import NamedTuple

import msgspec


class Stored(msgspec.Struct, frozen=True, gc=False):
    """PCM that the journal has in a file: `size` bytes of a segment, from `start` on.

    It can be measured and cut like bytes without being read; who sends it reads it.
    """

    job: str
    segment: int
    start: int
    size: int

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, part: slice) -> Stored:
        start, stop, _step = part.indices(self.size)
        return Stored(self.job, self.segment, self.start + start, max(0, stop - start))


Pcm = bytes | memoryview | Stored


class Piece(NamedTuple):
    """PCM at byte `offset` of its job's stream."""

    offset: int
    segment: int
    pcm: Pcm

    @property
    def end(self) -> int:
        """Offset of the first byte after it."""
        return self.offset + len(self.pcm)


def held(pcm: Pcm) -> int:
    """Bytes of memory that this audio takes."""
    return 0 if type(pcm) is Stored else len(pcm)
