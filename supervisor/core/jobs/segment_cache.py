"""The segment cache in memory: spoken segments by key, bounded in bytes, the least used goes first.

A segment is admitted once its name was seen often enough of late (`Doorkeeper`), so that a book,
whose sentences come once, washes nothing out. Which segments have a name and a key, and which, is
for `repeats` to say.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterator

import msgspec

from supervisor.core.jobs.audio import Pcm, Worded
from supervisor.core.jobs.limits import CacheLimits

_COUNTERS = 1 << 16
_MASK = _COUNTERS - 1
_MEMORY = 1 << 13
"""Sightings after which all counts are halved: what came once by then is forgotten."""
_MOST = 255

_OF_ENTRY = 1024
_OF_PIECE = 256
_OF_WORD = 256
"""Bytes that an entry, each of its pieces and each of its words take beside the audio, at most."""

_HALVES = bytes(count >> 1 for count in range(_MOST + 1))


class Doorkeeper:
    """Counts of how often names were seen of late: a count-min sketch of 64 KB.

    A name is a hash of 61 bits or more, so parts of it are the places of its counters. A count may
    be too high, where all of these are shared, and is too low only for what was not seen for long.
    """

    def __init__(self) -> None:
        self._counters = bytearray(_COUNTERS)
        self._seen = 0

    def see(self, name: int, times: int = 1) -> int:
        """Count a name; return how often it was seen."""
        counters = self._counters
        a, b, c = name & _MASK, name >> 16 & _MASK, name >> 32 & _MASK
        known = counters[a] and counters[b] and counters[c]
        if not known and times == 1:  # As most are: this is for them, and the rest for any.
            count = 1
            counters[a] = counters[a] or 1
            counters[b] = counters[b] or 1
            counters[c] = counters[c] or 1
        else:
            count = min(min(counters[a], counters[b], counters[c]) + times, _MOST)
            for place in (a, b, c):
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
    """Spoken segments by key, the one that was used last at the end. `names`: how many of them
    have each name.
    """

    def __init__(self, limits: CacheLimits) -> None:
        self.limits = limits
        self.bytes = 0
        self.evicted = 0
        self.names: dict[int, int] = {}
        self._entries: OrderedDict[bytes, tuple[int, Spoken]] = OrderedDict()

    def __len__(self) -> int:
        """Number of entries."""
        return len(self._entries)

    def __iter__(self) -> Iterator[Spoken]:
        """The entries, the one that was used last at the end."""
        return (spoken for _name, spoken in self._entries.values())

    def get(self, key: bytes, now: float) -> Spoken | None:
        """The segment under this key, unless it is too old."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        _name, spoken = entry
        if now - spoken.at > self.limits.ttl_s:
            self._drop(key)
            return None
        self._entries.move_to_end(key)
        return spoken

    def put(self, key: bytes, name: int, spoken: Spoken) -> None:
        """Keep a segment, in place of one under the same key; one that is too large is not kept."""
        self._drop(key)
        if spoken.weight <= self.limits.bytes:
            self._entries[key] = name, spoken
            self.names[name] = self.names.get(name, 0) + 1
            self.bytes += spoken.weight
            self._make_room()

    def configure(self, limits: CacheLimits) -> None:
        """Set other bounds; the least used segments go at once where there is less room."""
        self.limits = limits
        self._make_room()

    def clear(self) -> None:
        """Forget all segments."""
        self._entries.clear()
        self.names.clear()
        self.bytes = 0

    def _make_room(self) -> None:
        while self.bytes > self.limits.bytes:
            self._drop(next(iter(self._entries)))
            self.evicted += 1

    def _drop(self, key: bytes) -> None:
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        name, spoken = entry
        self.bytes -= spoken.weight
        self.names[name] -= 1
        if not self.names[name]:
            del self.names[name]

    def check(self) -> None:
        """Raise AssertionError if the bound does not hold."""
        assert self.bytes == sum(spoken.weight for spoken in self)
        assert self.bytes <= self.limits.bytes, f"{self.bytes} bytes cached"
        assert self.names == Counter(name for name, _spoken in self._entries.values())
