"""Replay of recorded events on fresh state machines.

After each event the invariants are checked, and the commands compared with the recorded ones.
No command is carried out.

A record that lacks the start of the process is replayed from the settings and the workers that
answer later. Events of a job or a worker process that the record does not introduce are skipped
and counted, and so are all events of pool and allocation, which cannot be replayed without their
start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import msgspec

from supervisor.core.allocation import events as allocation_events
from supervisor.core.allocation.machine import Allocation
from supervisor.core.jobs import events as e
from supervisor.core.jobs.job import Job
from supervisor.core.jobs.machine import Jobs
from supervisor.core.jobs.parts import Part, sentences
from supervisor.core.jobs.repeats import Flight, Recalled, Repeats
from supervisor.core.jobs.request import JobRequest
from supervisor.core.jobs.segment_cache import Spoken
from supervisor.core.pool import events as pool_events
from supervisor.core.pool.machine import Pool
from supervisor.service.record import (
    Cut,
    Document,
    Entry,
    RecordError,
    Silence,
    Unsaid,
    unpack,
)
from supervisor.service.ring import SETTINGS
from supervisor.speech import Speech

_MOST_AUDIO_BYTES = 1 << 28
"""Most bytes of audio taken for one segment, whatever a file says."""

_UNKNOWN = JobRequest(speech=Speech(engine="", voice=""), sample_rate=0, segments=())
"""What a segment in the air was asked for with: a record does not say."""

_Event = TypeVar("_Event")

_Answer = e.SegmentSpoken | e.SegmentRefused


class Step(msgspec.Struct):
    """One event of the record. `seconds`: since the first one."""

    entry: Entry
    seconds: float
    skipped: str | None = None
    """Why it was not replayed; None if it was."""
    other: tuple[str, ...] | None = None
    """The commands of the fresh machine, where they differ from the recorded ones."""
    broken: str | None = None
    """The invariant that is broken after it."""


class Script:
    """Stand-in for the rest of a text, cut as recorded. `cuts`: those to come."""

    def __init__(self, characters: int, cuts: list[Cut]) -> None:
        self._characters = characters
        self._cuts = cuts

    def __len__(self) -> int:
        """Number of characters that are not cut yet."""
        return self._characters

    def slice(self) -> tuple[tuple[Part, ...], Script | None]:
        """Return the next recorded cut, as `Uncut.slice` cuts a text."""
        if not self._cuts:
            return (), self
        sizes, left = self._cuts.pop(0)
        return _texts(sizes), Script(left, self._cuts) if left else None


class ScriptedRepeats(Repeats):
    """Stand-in for the cache, which recalls what was recorded: there are no texts to find it by."""

    script: tuple[Recalled, ...] = ()

    def could_have(self, job: Job) -> bool:
        """Look at each segment: the record says which were found."""
        del job
        return True

    def find(self, job: Job, index: int, now: float) -> Spoken | Flight | None:
        """The silence, or the flight, that the record has for a segment."""
        for what, name, segment, figures in self.script:
            if (name, segment) != (job.id, index):
                continue
            if what == "hit":
                sizes = [min(max(size, 0), _MOST_AUDIO_BYTES) for size in figures]
                return Spoken(tuple(map(bytes, sizes)), "", exact=True, seconds=0.0, at=now)
            if what == "wait":
                return self._flight(*figures)
        return None

    def _flight(self, maker: int) -> Flight:
        if maker < 0 and maker not in self._by_maker:
            self._commands.append(e.ReadCached(maker, b""))
        return self._by_maker.setdefault(maker, Flight(maker, _UNKNOWN, Part("")))

    def _is_wanted(self, flight: Flight, spoken: Spoken, now: float) -> bool:
        del flight, spoken, now
        return all(what != "stale" for what, *_ in self.script)

    def known(self, job: Job, now: float) -> int:
        """Characters that the record says are cached."""
        del now
        found = [each for each in self.script if each[:2] == ("known", job.id)]
        self.recalled += found  # As many in an event as there were, for not more are recalled.
        return sum(figures[0] for *_, figures in found)

    def begun(self, job: Job, index: int, worker: int) -> None:
        """Note a flight that others may wait for."""
        del job, index
        self._by_maker[worker] = Flight(worker, _UNKNOWN, Part(""))

    def _land(self, maker: int) -> Flight | None:
        return self._by_maker.pop(maker, None)

    def _offer(self, flight: Flight, spoken: Spoken, event: e.SegmentSpoken) -> None:
        del event
        for each in self.script:
            if each[0] == "write":
                self.recalled.append(each)
                self._commands.append(e.WriteCached(flight.key, spoken))


class Replay:
    """Fresh machines that a record is replayed on. Raises RecordError where it has no settings."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self.jobs = Jobs(_first(document, e.Configured).bounds, ScriptedRepeats)
        pool = _first(document, pool_events.Configured)
        self.pool = Pool(pool.restarts, pool.health)
        self.allocation = Allocation(_first(document, allocation_events.Began))
        self._whole = document.lost == 0
        self._known_jobs: set[str] = set()
        """Jobs whose beginning is in the record."""
        self._workers: set[int] = set()
        """Worker processes that may be given segments."""
        self._cuts: dict[str, list[Cut]] = {}
        self._shortened: dict[tuple[str, int], int] = {}
        self.jobs.breathe_as(self._breath)
        self._silence = b""

    def steps(self) -> Iterator[Step]:
        """Replay the events one at a time. Raises RecordError for one that cannot be genuine."""
        self._add_earlier_workers()
        first: float | None = None
        for entry in self._document.entries:
            now = getattr(entry.event, "now", None)
            first = now if first is None else first
            step = Step(entry, 0.0 if now is None or first is None else now - first)
            step.skipped = self._reason_to_skip(entry)
            if step.skipped is None:
                self._tell(step)
            yield step
            if step.broken is not None:
                return

    # -- where the beginning is lost ----------------------------------------------------

    def _add_earlier_workers(self) -> None:
        """Add workers that are older than the record, and idle as far as it shows."""
        if self._whole:
            return
        events = [entry.event for entry in self._document.entries if entry.family == "jobs"]
        begun: set[str] = set()
        known: set[int] = set()
        for event in events:
            match event:
                case e.Submitted() | e.Recovered():
                    begun.add(event.job)
                case e.WorkerReady():
                    known.add(event.worker)
                case e.SegmentSpoken() | e.SegmentRefused() | e.WorkerLost() | e.WorkerRetired():
                    idle = not isinstance(event, _Answer) or event.job in begun
                    if idle and event.worker not in known:
                        self.jobs.handle(e.WorkerReady(events[0].now, event.worker))
                        self._workers.add(event.worker)
                    known.add(event.worker)

    def _reason_to_skip(self, entry: Entry) -> str | None:
        event = entry.event
        if self._whole or type(event) in SETTINGS:
            return None
        if entry.family != "jobs":
            return f"how the {entry.family} began is not known"
        if isinstance(event, e.Submitted | e.Recovered):
            self._known_jobs.add(event.job)
        job, worker = getattr(event, "job", None), getattr(event, "worker", None)
        if isinstance(event, e.WorkerReady):
            self._workers.add(event.worker)
        elif isinstance(event, _Answer) and worker not in self._workers:
            self.jobs.handle(e.WorkerReady(event.now, event.worker))  # It is free from now on.
            self._workers.add(event.worker)
            return "its job began before the record; its worker is known from now on"
        if job is not None and job not in self._known_jobs:
            return "its job began before the record"
        if worker is not None and worker not in self._workers:
            return "its worker was not seen"
        return None

    # -- telling it ---------------------------------------------------------------------

    def _tell(self, step: Step) -> None:
        entry = step.entry
        self._shortened = entry.shortened
        if isinstance(self.jobs.repeats, ScriptedRepeats):
            self.jobs.repeats.script = unpack(entry.recalled)
        try:
            commands = self._machine(entry)(self._filled(entry))
        except RecordError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
            step.broken = f"the machine fails: {type(error).__name__}: {error}"
            return
        names = tuple(type(command).__name__ for command in commands)
        if names != entry.commands:
            step.other = names
        try:
            self.jobs.check()
            self.pool.check()
            self.allocation.check()
        except AssertionError as error:
            step.broken = str(error)

    def _machine(self, entry: Entry) -> Callable[[Any], Any]:
        if isinstance(entry.event, allocation_events.Began):
            return self._begin
        if entry.family == "jobs":
            return self.jobs.handle
        if entry.family == "pool":
            return self.pool.handle
        return self.allocation.handle

    def _begin(self, event: allocation_events.Began) -> tuple[()]:
        self.allocation = Allocation(event)
        return ()

    def _filled(self, entry: Entry) -> Any:  # noqa: ANN401 - an event
        """The event with text and audio of the recorded sizes filled in."""
        event = entry.event
        match event:
            case e.Submitted():
                return msgspec.structs.replace(event, request=self._request(event))
            case e.Recovered():
                stored = {index: self._audio(pcm) for index, pcm in event.stored.items()}
                request = self._request(event)
                if entry.cut is not None:
                    sizes, left = entry.cut
                    rest: Any = self._script(event.job, left)
                    request = msgspec.structs.replace(request, segments=_texts(sizes), rest=rest)
                return msgspec.structs.replace(event, request=request, stored=stored)
            case e.SegmentSpoken() | e.AudioStored():
                pieces = tuple(self._audio(piece) for piece in event.pieces)
                return msgspec.structs.replace(event, pieces=pieces)
            case e.CachedRead(spoken=Spoken() as spoken):
                pieces = tuple(self._audio(piece) for piece in spoken.pieces)
                spoken = msgspec.structs.replace(spoken, pieces=pieces)
                return msgspec.structs.replace(event, spoken=spoken)
            case e.CutTurn() if entry.cut is not None:
                self._cuts.setdefault(event.job, [])[:] = [entry.cut]
        return event

    def _request(self, event: e.Submitted | e.Recovered) -> Any:  # noqa: ANN401 - with a Script
        rest: Any = event.request.rest
        if isinstance(rest, Unsaid):
            rest = self._script(event.job, rest.characters)
        return msgspec.structs.replace(event.request, rest=rest)

    def _script(self, job: str, characters: int) -> Script | None:
        return Script(characters, self._cuts.setdefault(job, [])) if characters else None

    def _breath(self, job: Job, _max_chars: int) -> tuple[Part, Part] | None:
        """The two parts that the next segment was cut into then."""
        rest = self._shortened.get((job.id, job.next_segment))
        if rest is None:
            return None
        first, second = _texts((job.segments[job.next_segment].size - rest, rest))
        return first, second

    def _audio(self, piece: Any) -> Any:  # noqa: ANN401 - Silence becomes bytes, the rest is kept
        if not isinstance(piece, Silence):
            return piece
        if not 0 <= piece.size <= _MOST_AUDIO_BYTES:
            raise RecordError(f"audio of {piece.size} bytes")
        if len(self._silence) < piece.size:
            self._silence = bytes(piece.size)
        return memoryview(self._silence)[: piece.size]


def _first(document: Document, kind: type[_Event]) -> _Event:
    """The first settings of a machine, to make it with."""
    for entry in document.entries:
        if isinstance(entry.event, kind):
            return entry.event
    raise RecordError(f"it has no {kind.__module__.split('.')[-2]}.{kind.__name__}")


def _texts(sizes: tuple[int, ...]) -> tuple[Part, ...]:
    return sentences(*("x" * size for size in sizes))
