"""Repeats: segments that need no worker, as their audio is cached or being made.

A segment's key is a digest of everything that decides its samples but for what speaks it: engine,
model, voice files and code have a fingerprint, which workers tell with their audio and each cached
segment keeps. A segment is found only under the fingerprint that was told last. So a cache that
outlives its supervisor is of use from the second segment of a voice on, and nothing is spoken with
a model that is not there any more.

Most segments are said once. So they are told apart in two steps: by a name, which costs next to
nothing, and by the key only where the name is known already.

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
from supervisor.core.jobs.parts import Part
from supervisor.core.jobs.request import JobRequest
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
    that wait for it. `exact`: it will be what one thread makes; `key` is made when it is asked for.
    """

    maker: int
    request: JobRequest
    part: Part
    number: int = 0
    name: int = 0
    exact: bool = True
    key: bytes = b""
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
        self._names = self.cache.names
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
        self._flights: dict[int, list[Flight]] = {}
        """By name."""
        self._by_maker: dict[int, Flight] = {}
        self._looks = 0
        self._on_disk: set[bytes] = set()

    # -- what needs no worker -----------------------------------------------------------

    @property
    def tired(self) -> bool:
        """Whether enough was recalled in this event."""
        return len(self.recalled) >= RECALLED_AT_ONCE

    def could_have(self, job: Job) -> bool:
        """Whether `take` may find the next segment of a job: the quick look that each one gets."""
        index = job.upcoming if job.retries or job.yielded else job.next_segment
        name = job.segments[index].name or self._name(job, index)
        return name in self._flights or name in self._names or (name != 0 and bool(self._on_disk))

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
            if self._name(job, index) and self._cached(job, index, self._key(job, index), now)
        )
        self.recalled.append(("known", job.id, 0, (found,)))
        return found

    def find(self, job: Job, index: int, now: float) -> Spoken | Flight | None:
        """A segment that is cached, or one that is being made and to be waited for."""
        if not self._name(job, index):
            return None
        key = self._key(job, index)
        spoken = self._cached(job, index, key, now)
        if spoken is not None:
            return spoken
        flight = self._in_flight(job.segments[index].name, key) or self._look(job, index, key)
        if flight is None or len(flight.followers) >= MOST_FOLLOWERS:
            return None
        return flight if flight.exact or not job.request.reproducible else None

    def _cached(self, job: Job, index: int, key: bytes, now: float) -> Spoken | None:
        spoken = self.cache.get(key, now)
        if spoken is None or spoken.made_by != self._made_by.get(_voice_of(job, index)):
            return None
        return spoken if spoken.exact or not job.request.reproducible else None

    def _in_flight(self, name: int, key: bytes) -> Flight | None:
        """The first segment with this key that is being made."""
        for flight in self._flights.get(name, ()):
            if self._key_of(flight) == key:
                return flight
        return None

    def _look(self, job: Job, index: int, key: bytes) -> Flight | None:
        """Have a segment that is on disk read."""
        if key not in self._on_disk or _voice_of(job, index) not in self._made_by:
            return None
        self._looks += 1
        flight = self._depart(job, index, -self._looks, exact=True)
        flight.key = key
        self._commands.append(e.ReadCached(-self._looks, key))
        return flight

    def _hit(self, job: Job, index: int, spoken: Spoken, now: float) -> None:
        self.hits += 1
        self.saved_s += spoken.seconds
        self._answer(job, index, spoken, now)

    def _name(self, job: Job, index: int) -> int:
        """The name of a segment: equal ones have the same, and few others do; 0 if it is not
        cached. It holds in this process only.
        """
        request, segment, limits = job.request, job.segments[index], self.cache.limits
        shared = request.shared
        if shared is None or not limits.bytes or not 0 < segment.size <= limits.segment_chars:
            return 0
        if not segment.name:
            speech, part = request.speech, segment.part
            number = request.first_segment + segment.number
            seed = (speech.seed, number) if shared.seeded else 0
            own = part.text, part.ends, seed, speech.voice, speech.speed
            segment.name = hash((shared.scope, *own)) or 1
        return segment.name

    def _key(self, job: Job, index: int) -> bytes:
        """The key of a segment that has a name."""
        segment = job.segments[index]
        if not segment.key:
            segment.key = _key(job.request, segment.part, segment.number)
        return segment.key

    @staticmethod
    def _key_of(flight: Flight) -> bytes:
        if not flight.key:
            flight.key = _key(flight.request, flight.part, flight.number)
        return flight.key

    # -- what is being made -------------------------------------------------------------

    def begun(self, job: Job, index: int, worker: int) -> None:
        """Note that a worker speaks a segment: equal ones wait for it."""
        if job.segments[index].name or self._name(job, index):
            self.misses += 1
            self._depart(job, index, worker, exact=job.request.reproducible)

    def _depart(self, job: Job, index: int, maker: int, *, exact: bool) -> Flight:
        segment = job.segments[index]
        name = segment.name
        flight = Flight(maker, job.request, segment.part, segment.number, name, exact)
        self._by_maker[maker] = flight
        self._flights.setdefault(name, []).append(flight)
        return flight

    def spoken(self, event: e.SegmentSpoken) -> Alone:
        """Take what a worker spoke; returns segments that cannot have it."""
        flight = self._land(event.worker)
        if flight is None:
            return []
        if event.left_out is not None or not event.made_by:
            return flight.followers
        self._learn(flight, event.made_by)
        spoken = Spoken(event.pieces, event.made_by, event.exact, event.synthesis_s, event.now)
        self._offer(flight, spoken, event)
        return self._serve(flight, spoken, event.now) if flight.followers else []

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
        self.cache.put(flight.key, flight.name, spoken)
        return self._serve(flight, spoken, event.now)

    def _is_wanted(self, flight: Flight, spoken: Spoken, now: float) -> bool:
        """Whether a segment from the disk is young enough, and of what speaks now."""
        young = now - spoken.at <= self.cache.limits.ttl_s
        return young and spoken.made_by == self._made_by.get(_voice(flight.request, flight.part))

    def _land(self, maker: int) -> Flight | None:
        flight = self._by_maker.pop(maker, None)
        if flight is not None:
            others = self._flights[flight.name]
            if len(others) == 1:
                del self._flights[flight.name]
            else:
                others.remove(flight)
        return flight

    def _offer(self, flight: Flight, spoken: Spoken, event: e.SegmentSpoken) -> None:
        """Keep a segment that was wanted often enough."""
        limits = self.cache.limits
        uses = self._doorkeeper.see(flight.name, 1 + len(flight.followers))
        if uses < limits.min_uses:
            return
        self.cache.put(self._key_of(flight), flight.name, spoken)
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

    def _learn(self, flight: Flight, made_by: str) -> None:
        voice = _voice(flight.request, flight.part)
        if voice not in self._made_by and len(self._made_by) >= _MOST_VOICES:
            del self._made_by[next(iter(self._made_by))]  # Clients may mix voices without end.
        self._made_by[voice] = made_by

    def check(self) -> None:
        """Raise AssertionError if an invariant is broken."""
        self.cache.check()
        for name, flights in self._flights.items():
            assert flights, "a name of nothing"
            for flight in flights:
                assert self._by_maker[flight.maker] is flight, "a flight without a maker"
                assert flight.name == name, "a flight under another name"


def _key(request: JobRequest, part: Part, number: int) -> bytes:
    """The key of a segment: of all that decides its samples, but for what speaks it."""
    shared = request.shared
    speech, silence_s = request.manner(part, number)
    if shared is None or not shared.seeded:
        speech = msgspec.structs.replace(speech, seed=0)
    said = part.text, part.ends, silence_s, request.tolerant, request.sample_rate
    scope = "" if shared is None else shared.scope
    decides = msgspec.msgpack.encode((scope, speech, said))
    return hashlib.blake2b(decides, digest_size=KEY_BYTES).digest()


def _voice_of(job: Job, index: int) -> tuple[str, str]:
    """Engine and voice of a segment."""
    return _voice(job.request, job.segments[index].part)


def _voice(request: JobRequest, part: Part) -> tuple[str, str]:
    speech, prosody = request.speech, part.prosody
    voice = speech.voice if prosody is None or prosody.voice is None else prosody.voice
    return speech.engine, voice
