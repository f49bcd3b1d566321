"""Repeats: segments that need no worker, as their audio is cached or being made.

A segment's key is a digest of everything that decides its samples but for what speaks it: engine,
model, voice files and code have a fingerprint, which workers tell with their audio and each cached
segment keeps. A segment is found only under the fingerprint that was told last. So a cache that
outlives its supervisor is of use from the second segment of a voice on, and nothing is spoken with
a model that is not there any more.

Single flight: of equal segments that are wanted at the same time one is spoken, and the others wait
for it. They count as running, without a worker; where the first one fails, each is on its own.

Of segments on disk it is known here that they are there; they are read and written elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import Literal

import msgspec

from supervisor.core.jobs import events as e
from supervisor.core.jobs.job import Job
from supervisor.core.jobs.limits import CacheLimits
from supervisor.core.jobs.segment_cache import Doorkeeper, SegmentCache, Spoken

KEY_BYTES = 16

MOST_FOLLOWERS = 64
"""Segments that wait for one: its end is one event, and must not take long."""

RECALLED_AT_ONCE = 32
"""Segments without a worker in one event, for the same reason."""

_MOST_VOICES = 10_000

Alone = list[tuple[Job, int]]
"""Segments that waited for another one, and are on their own now."""

Recalled = tuple[Literal["hit", "wait", "write", "known", "stale"], str, int, tuple[int, ...]]
"""What a record, which has no texts, needs to know of one segment of a job: it was cached, in
pieces of these sizes; it waits for this maker; it is written to disk. Or so many characters of the
job are cached, whatever the number; or what the disk has is not wanted any more.
"""


class Flight(msgspec.Struct, gc=False):
    """A segment that is being made, by a worker or (below 0) by a look at the disk, and equal ones
    that wait for it. `exact`: it will be what one thread makes.
    """

    maker: int
    key: bytes
    voice: tuple[str, str]
    exact: bool = True
    followers: Alone = []


class Repeats:
    """The cache, what is being made, and what was told of the engines.

    `answer` takes the audio of a segment that was recalled.
    """

    def __init__(
        self,
        commands: list[e.Command],
        limits: CacheLimits,
        answer: Callable[[Job, int, Spoken, float], None],
    ) -> None:
        self.cache = SegmentCache(limits)
        self.hits = 0
        """Segments that needed no worker."""
        self.misses = 0
        """Segments that did, and might have been cached."""
        self.saved_s = 0.0
        """Time that the hits took a worker when they were made."""
        self.recalled: list[Recalled] = []
        """What was recalled in this event."""
        self._commands = commands
        self._answer = answer
        self._doorkeeper = Doorkeeper()
        self._made_by: dict[tuple[str, str], str] = {}
        """By engine and voice, the fingerprint that was told last."""
        self._flights: dict[bytes, Flight] = {}
        self._by_maker: dict[int, Flight] = {}
        self._looks = 0
        self._on_disk: set[bytes] = set()

    # -- what needs no worker -----------------------------------------------------------

    @property
    def tired(self) -> bool:
        """Whether enough was recalled in this event."""
        return len(self.recalled) >= RECALLED_AT_ONCE

    def take(self, job: Job, now: float) -> bool:
        """Have the next segment of a job without a worker, now or soon; False if that cannot be."""
        index = job.upcoming
        found = self.find(job, index, now)
        match found:
            case None:
                return False
            case Spoken():
                self.recalled.append(("hit", job.id, index, tuple(map(len, found.pieces))))
                job.recall(now)
                self._hit(job, index, found, now)
            case Flight():
                self.recalled.append(("wait", job.id, index, (found.maker,)))
                job.recall(now)
                found.followers.append((job, index))
        return True

    def known(self, job: Job, now: float) -> int:
        """Characters of the job's text, as far as it is cut, that are cached."""
        found = sum(
            segment.size
            for index, segment in enumerate(job.segments)
            if (key := self._key(job, index)) and self._cached(job, index, key, now)
        )
        self.recalled.append(("known", job.id, 0, (found,)))
        return found

    def find(self, job: Job, index: int, now: float) -> Spoken | Flight | None:
        """A segment that is cached, or one that is being made and to be waited for."""
        key = self._key(job, index)
        if key is None or not (key in self.cache or key in self._flights or key in self._on_disk):
            return None
        spoken = self._cached(job, index, key, now)
        if spoken is not None:
            return spoken
        flight = self._flights.get(key) or self._look(key, _voice(job, index))
        if flight is None or len(flight.followers) >= MOST_FOLLOWERS:
            return None
        return flight if flight.exact or not job.request.reproducible else None

    def _cached(self, job: Job, index: int, key: bytes, now: float) -> Spoken | None:
        spoken = self.cache.get(key, now)
        if spoken is None or spoken.made_by != self._made_by.get(_voice(job, index)):
            return None
        return spoken if spoken.exact or not job.request.reproducible else None

    def _look(self, key: bytes, voice: tuple[str, str]) -> Flight | None:
        """Have a segment that is on disk read."""
        if key not in self._on_disk or voice not in self._made_by:
            return None
        self._looks += 1
        flight = self._depart(Flight(-self._looks, key, voice))
        self._commands.append(e.ReadCached(-self._looks, key))
        return flight

    def _hit(self, job: Job, index: int, spoken: Spoken, now: float) -> None:
        self.hits += 1
        self.saved_s += spoken.seconds
        self._answer(job, index, spoken, now)

    def _key(self, job: Job, index: int) -> bytes | None:
        """The key of a segment; None if it is not cached."""
        request, segment, limits = job.request, job.segments[index], self.cache.limits
        shared, part = request.shared, segment.part
        if shared is None or not limits.bytes or not 0 < segment.size <= limits.segment_chars:
            return None
        if not segment.key:
            speech, silence_s = request.manner(part, segment.number)
            if not shared.seeded:
                speech = msgspec.structs.replace(speech, seed=0)
            said = part.text, part.ends, silence_s, request.tolerant, request.sample_rate
            decides = msgspec.msgpack.encode((shared.scope, speech, said))
            segment.key = hashlib.blake2b(decides, digest_size=KEY_BYTES).digest()
        return segment.key

    # -- what is being made -------------------------------------------------------------

    def begun(self, job: Job, index: int, worker: int) -> None:
        """Note that a worker speaks a segment: equal ones wait for it."""
        key = self._key(job, index)
        if key is not None:
            self.misses += 1
            exact = job.request.reproducible
            self._depart(Flight(worker, key, _voice(job, index), exact))

    def _depart(self, flight: Flight) -> Flight:
        self._by_maker[flight.maker] = flight
        self._flights.setdefault(flight.key, flight)
        return flight

    def spoken(self, event: e.SegmentSpoken) -> Alone:
        """Take what a worker spoke; returns segments that cannot have it."""
        flight = self._land(event.worker)
        if flight is None:
            return []
        if event.left_out is not None or not event.made_by:
            return flight.followers
        seconds = event.synthesis_s
        spoken = Spoken(event.pieces, event.made_by, event.exact, seconds, event.now)
        self._learn(flight.voice, event.made_by)
        self._offer(flight, spoken, event)
        return self._serve(flight, spoken, event.now)

    def failed(self, maker: int) -> Alone:
        """Note that a segment will not be spoken; returns those that waited for it."""
        flight = self._land(maker)
        return [] if flight is None else flight.followers

    def read(self, event: e.CachedRead) -> Alone:
        """Take a segment from the disk, or the news that it is not there; returns those that waited
        for it in vain.
        """
        flight = self._land(event.maker)
        if flight is None:
            return []
        spoken = event.spoken
        if spoken is not None and not self._is_wanted(flight, spoken, event.now):
            self.recalled.append(("stale", "", 0, ()))
            spoken = None
        if spoken is None:
            self._on_disk.discard(flight.key)
            return flight.followers
        self.cache.put(flight.key, spoken)
        return self._serve(flight, spoken, event.now)

    def _is_wanted(self, flight: Flight, spoken: Spoken, now: float) -> bool:
        """Whether a segment from the disk is young enough, and of what speaks now."""
        young = now - spoken.at <= self.cache.limits.ttl_s
        return young and spoken.made_by == self._made_by.get(flight.voice)

    def _land(self, maker: int) -> Flight | None:
        flight = self._by_maker.pop(maker, None)
        if flight is not None and self._flights.get(flight.key) is flight:
            del self._flights[flight.key]
        return flight

    def _offer(self, flight: Flight, spoken: Spoken, event: e.SegmentSpoken) -> None:
        """Keep a segment that was wanted often enough."""
        limits = self.cache.limits
        uses = self._doorkeeper.see(flight.key, 1 + len(flight.followers))
        if uses < limits.min_uses:
            return
        self.cache.put(flight.key, spoken)
        if limits.disk_bytes:
            self.recalled.append(("write", event.job, event.segment, ()))
            self._commands.append(e.WriteCached(flight.key, spoken))

    def _serve(self, flight: Flight, spoken: Spoken, now: float) -> Alone:
        """Answer the segments that waited; returns those for which it is not exact enough."""
        alone: Alone = []
        for job, index in flight.followers:
            if job.request.reproducible and not spoken.exact:
                alone.append((job, index))
            elif not job.ended:
                self._hit(job, index, spoken, now)
        return alone

    # -- what changes -------------------------------------------------------------------

    def configure(self, limits: CacheLimits) -> None:
        """Set other bounds."""
        self.cache.configure(limits)
        if not limits.disk_bytes:
            self._on_disk.clear()

    def forget_engines(self) -> None:
        """Forget what was told of the engines: they were loaded anew."""
        self._made_by.clear()

    def clear(self) -> None:
        """Forget all segments, on disk as well."""
        self.cache.clear()
        self._on_disk.clear()
        self._commands.append(e.ClearCached())

    def on_disk(self, keys: Iterable[bytes]) -> None:
        """Note that these segments are on disk."""
        if self.cache.limits.disk_bytes:
            self._on_disk.update(keys)

    def _learn(self, voice: tuple[str, str], made_by: str) -> None:
        if voice not in self._made_by and len(self._made_by) >= _MOST_VOICES:
            del self._made_by[next(iter(self._made_by))]  # Clients may mix voices without end.
        self._made_by[voice] = made_by

    def check(self) -> None:
        """Raise AssertionError if an invariant is broken."""
        self.cache.check()
        for key, flight in self._flights.items():
            assert self._by_maker[flight.maker] is flight, "a flight without a maker"
            assert flight.key == key, "a flight under another key"


def _voice(job: Job, index: int) -> tuple[str, str]:
    """Engine and voice of a segment."""
    speech, prosody = job.request.speech, job.segments[index].part.prosody
    voice = speech.voice if prosody is None or prosody.voice is None else prosody.voice
    return speech.engine, voice
