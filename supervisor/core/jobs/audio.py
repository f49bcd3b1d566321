"""The audio of a job, in memory or in files of the journal, and its release to a listener.

`JobAudio` is the part of a job that holds it. Audio in order lies in `pieces`; bytes before
`released` were sent to the listener and are kept only so that another one can attach. Audio
that is not in order yet lies with its segment, and is only counted here. Bounds on held audio
are left to `backpressure`, retention to `release`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from itertools import islice

import msgspec

from supervisor.speech import Word


class Stored(msgspec.Struct, frozen=True, gc=False):
    """PCM that the journal has in a file: `size` bytes of a segment, from `start` on. `words`: it
    has the words of the segment, too; they belong to its first byte.

    It can be measured and cut like bytes without being read; it is read when it is sent.
    """

    job: str
    segment: int
    start: int
    size: int
    words: bool = False

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, part: slice) -> Stored:
        start, stop, _step = part.indices(self.size)
        words = self.words and not start
        return Stored(self.job, self.segment, self.start + start, max(0, stop - start), words)


class Worded(msgspec.Struct, frozen=True, gc=False):
    """PCM from the beginning of a segment, with the segment's words. It can be measured and cut
    like bytes; the words stay with its first one.
    """

    pcm: bytes | memoryview
    words: tuple[Word, ...]

    def __len__(self) -> int:
        return len(self.pcm)

    def __getitem__(self, part: slice) -> Worded | bytes | memoryview:
        start, _stop, _step = part.indices(len(self.pcm))
        return self.pcm[part] if start else Worded(self.pcm[part], self.words)


Pcm = bytes | memoryview | Worded | Stored


def with_words(
    pieces: tuple[bytes | memoryview, ...], words: tuple[Word, ...]
) -> tuple[bytes | memoryview | Worded, ...]:
    """The audio of a segment, its first piece with the words, if there are any."""
    return (Worded(pieces[0], words), *pieces[1:]) if words and pieces else pieces


CHUNK_BYTES = 64 * 1024
"""Longest piece that is released at once; packets from workers are no longer."""


class Piece(msgspec.Struct, frozen=True, gc=False):
    """PCM at byte `offset` of its job's stream."""

    offset: int
    segment: int
    pcm: Pcm


def memory_bytes(pcm: Pcm) -> int:
    """Bytes of memory that this audio takes."""
    return 0 if type(pcm) is Stored else len(pcm)


class JobAudio(msgspec.Struct, gc=False):
    """The audio of one job. `credit` is the bytes that its listener takes beyond what it has."""

    credit: int
    pieces: list[Piece] = []
    """The audio in order, without its beginning if that is not kept any more."""
    end: int = 0
    """Bytes of PCM that are in order: the end of `pieces`."""
    released: int = 0
    retained: int = 0
    """End of the audio that was ever released and counted by `Retention`."""
    held: int = 0
    """Bytes of PCM in memory and not released, in order or not: the cost of a slow reader."""

    @property
    def kept_from(self) -> int:
        """The first byte that a client could still be sent."""
        return self.pieces[0].offset if self.pieces else self.end

    def add(self, pieces: tuple[Pcm, ...], instead_of: tuple[Pcm, ...] = ()) -> None:
        """Count the audio of a segment whose turn has not come yet."""
        for pcm in pieces:
            self.held += 0 if type(pcm) is Stored else len(pcm)
        for pcm in instead_of:
            self.held -= memory_bytes(pcm)

    def append(self, segment: int, pieces: tuple[Pcm, ...]) -> None:
        """Put the audio of a segment, which was counted before, in order: its turn has come."""
        for pcm in pieces:
            self.pieces.append(Piece(self.end, segment, pcm))
            if self.released > self.end:
                self.held -= min(memory_bytes(pcm), self.released - self.end)
            self.end += len(pcm)

    def grant(self, credit: int) -> None:
        """Add bytes to the credit of the listener."""
        self.credit += credit

    def take(self) -> tuple[list[Piece], list[Piece]] | None:
        """Release audio that is in order and covered by credit.

        Returns it in chunks, and the pieces in memory that were wholly released for the first
        time. None if the next byte is not kept any more: a client may attach at an earlier byte
        and take its time.
        """
        pieces = self.pieces
        if self.released < (pieces[0].offset if pieces else self.end):
            return None
        if pieces and self.released == pieces[-1].offset:  # As nearly always: one of them is new.
            last, size = pieces[-1], len(pieces[-1].pcm)
            if 0 < size <= CHUNK_BYTES and self.credit > 0 and type(last.pcm) is not Stored:
                self.released += size
                self.credit -= size
                self.held -= size
                return [last], [last] if self._first_time(self.released) else []
        return self._take_any()

    def _take_any(self) -> tuple[list[Piece], list[Piece]]:
        pieces = self.pieces
        chunks: list[Piece] = []
        whole: list[Piece] = []
        # Found by bisection: thousands of released pieces may be kept.
        for piece in islice(pieces, bisect_right(pieces, self.released, key=_end), None):
            start, pcm = piece.offset, piece.pcm
            end = start + len(pcm)
            while self.released < end:
                if self.credit <= 0:
                    return chunks, whole
                at, chunk = self.released, piece
                if at > start or len(pcm) > CHUNK_BYTES:
                    part = pcm[at - start : at - start + CHUNK_BYTES]
                    chunk = Piece(at, piece.segment, part)
                size = len(chunk.pcm)
                self.released = at + size
                self.credit -= size
                if type(pcm) is not Stored:
                    self.held -= size
                chunks.append(chunk)
            if type(pcm) is not Stored and self._first_time(end):
                whole.append(piece)
        return chunks, whole

    def _first_time(self, end: int) -> bool:
        """Whether what ends here was never released before; it has been from now on."""
        if end <= self.retained:
            return False
        self.retained = end
        return True

    def listen_from(self, offset: int, held: int) -> None:
        """Release from this offset on; `held` bytes in memory are beyond it."""
        self.released, self.held = offset, held

    def held_after(self, offset: int, ahead: Iterable[Pcm]) -> int:
        """Bytes in memory after this byte; `ahead` is audio that is not in order yet."""
        size = sum(map(memory_bytes, ahead))
        for piece in islice(self.pieces, bisect_right(self.pieces, offset, key=_end), None):
            size += min(memory_bytes(piece.pcm), _end(piece) - offset)
        return size

    def of(self, segment: int) -> tuple[Pcm, ...]:
        """The audio that is still here of a segment that is in order."""
        return tuple(piece.pcm for piece in self.pieces[self._place(segment)])

    def move_to_file(self, segment: int, stored: Pcm) -> None:
        """Give up the memory of a segment in order, some of which may have left memory already."""
        place = self._place(segment)
        own = self.pieces[place]
        if own:
            start, end = own[0].offset, _end(own[-1])
            rest = stored[len(stored) - (end - start) :]
            self.pieces[place] = [Piece(start, segment, rest)]

    def drop(self, piece: Piece) -> None:
        """Drop the oldest piece, if it is still here."""
        if self.pieces and self.pieces[0] is piece:
            self.pieces.pop(0)

    def clear(self) -> None:
        """Drop all audio: no client can be sent it any more."""
        self.pieces.clear()

    def begin_again(self) -> None:
        """Clear the order, to begin anew with the first segment."""
        self.pieces.clear()
        self.end = self.retained = 0

    def _place(self, segment: int) -> slice:
        """The place of a segment's audio in `pieces`."""
        start = bisect_left(self.pieces, segment, key=_segment)
        return slice(start, bisect_right(self.pieces, segment, start, key=_segment))


def _end(piece: Piece) -> int:
    """Offset of the first byte after a piece."""
    return piece.offset + len(piece.pcm)


def _segment(piece: Piece) -> int:
    return piece.segment
