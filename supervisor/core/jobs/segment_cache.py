"""The segment cache in memory: spoken segments by key, bounded in bytes, the least used goes first.

A segment is admitted once its key was seen often enough of late (`Doorkeeper`), so that a book,
whose sentences come once, washes nothing out. Which segments have a key, and which key, is for
`repeats` to say.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from struct import Struct

import msgspec

from supervisor.core.jobs.audio import Pcm, Worded
from supervisor.core.jobs.limits import CacheLimits

_COUNTERS = 1 << 16
_PLACES = Struct(">4H").unpack_from
"""The counters of one key."""
_MEMORY = 1 << 13
"""Sightings after which all counts are halved: what came once by then is forgotten."""
_MOST = 255

_OF_ENTRY = 1024
_OF_PIECE = 256
_OF_WORD = 256
"""Bytes that an entry, each of its pieces and each of its words take beside the audio, at most."""

_HALVES = bytes(count >> 1 for count in range(_MOST + 1))


class Doorkeeper:
    """Counts of how often keys were seen of late: a count-min sketch of 64 KB.

    A key of 16 bytes is a digest, so parts of it are the places of its counters. A count may be too
    high, where all of these are shared, and is too low only for what was not seen for long.
    """

    def __init__(self) -> None:
        self._counters = bytearray(_COUNTERS)
        self._seen = 0

    def see(self, key: bytes, times: int = 1) -> int:
        """Count a key; return how often it was seen."""
        counters = self._counters
        places = _PLACES(key)
        count: int = min(min([counters[place] for place in places]) + times, _MOST)
        for place in places:
            counters[place] = max(counters[place], count)
        self._seen += times
        if self._seen >= _MEMORY:
            self._seen = 0
            self._counters = counters.translate(_HALVES)
        return count


class Spoken(msgspec.Struct, frozen=True, gc=False):
    """A segment's audio. `exact`: one thread made it; `made_by`: the fingerprint of what spoke it;
    `seconds`: the time that it took; `at`: when that was.
    """

    pieces: tuple[Pcm, ...]
    made_by: str
    exact: bool
    seconds: float
    at: float

    @property
    def size(self) -> int:
        """Bytes of audio."""
        return sum(map(len, self.pieces))

    @property
    def weight(self) -> int:
        """Bytes of memory that it takes, at most."""
        words = sum(len(pcm.words) for pcm in self.pieces if isinstance(pcm, Worded))
        return self.size + _OF_ENTRY + _OF_PIECE * len(self.pieces) + _OF_WORD * words


class SegmentCache:
    """Spoken segments by key, the one that was used last at the end."""

    def __init__(self, limits: CacheLimits) -> None:
        self.limits = limits
        self.bytes = 0
        self.evicted = 0
        self._entries: OrderedDict[bytes, Spoken] = OrderedDict()

    def __len__(self) -> int:
        """Number of entries."""
        return len(self._entries)

    def __contains__(self, key: bytes) -> bool:
        """Whether there is one under this key, be it too old."""
        return key in self._entries

    def __iter__(self) -> Iterator[Spoken]:
        """The entries, the one that was used last at the end."""
        return iter(self._entries.values())

    def get(self, key: bytes, now: float) -> Spoken | None:
        """The segment under this key, unless it is too old."""
        spoken = self._entries.get(key)
        if spoken is None:
            return None
        if now - spoken.at > self.limits.ttl_s:
            self._drop(key)
            return None
        self._entries.move_to_end(key)
        return spoken

    def put(self, key: bytes, spoken: Spoken) -> None:
        """Keep a segment, in place of one under the same key; one that is too large is not kept."""
        self._drop(key)
        if spoken.weight <= self.limits.bytes:
            self._entries[key] = spoken
            self.bytes += spoken.weight
            self._make_room()

    def configure(self, limits: CacheLimits) -> None:
        """Set other bounds; the least used segments go at once where there is less room."""
        self.limits = limits
        self._make_room()

    def clear(self) -> None:
        """Forget all segments."""
        self._entries.clear()
        self.bytes = 0

    def _make_room(self) -> None:
        while self.bytes > self.limits.bytes:
            self._drop(next(iter(self._entries)))
            self.evicted += 1

    def _drop(self, key: bytes) -> None:
        spoken = self._entries.pop(key, None)
        if spoken is not None:
            self.bytes -= spoken.weight

    def check(self) -> None:
        """Raise AssertionError if the bound does not hold."""
        assert self.bytes == sum(spoken.weight for spoken in self._entries.values())
        assert self.bytes <= self.limits.bytes, f"{self.bytes} bytes cached"
