"""A record of events, told again: fresh machines get what the machines of then got.

After each event their invariants are checked, and what they answer is compared with what was
answered then. Nothing is carried out.

A record that does not begin with the start of the process begins with what can be known of it:
the settings, and workers that answer later. What refers to a job or a worker process that was
never seen is left out, and so are pool and allocation, of which nothing can be known without
their beginning. What was left out is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import msgspec

from supervisor.core.allocation import events as allocation_events
from supervisor.core.allocation.machine import Allocation
from supervisor.core.jobs import events as e
from supervisor.core.jobs.machine import Jobs
from supervisor.core.jobs.parts import Part
from supervisor.core.pool import events as pool_events
from supervisor.core.pool.machine import Pool
from supervisor.service.record import (
    Cut,
    Document,
    Entry,
    RecordError,
    Silence,
    Unsaid,
)
from supervisor.service.ring import SETTINGS

_MOST_AUDIO_BYTES = 1 << 28
"""More has no segment, whatever a file says."""

_Event = TypeVar("_Event")

_Answer = e.SegmentSpoken | e.SegmentRefused


class Step(msgspec.Struct):
    """One event of the story. `seconds` after the first one."""

    entry: Entry
    seconds: float
    skipped: str | None = None
    """Why it was not told to its machine again."""
    other: tuple[str, ...] | None = None
    """What the machine answers now, where it is not what it answered then."""
    broken: str | None = None
    """The invariant that does not hold after it."""


class Script:
    """Stands for the rest of a text: is cut as it was then. `cuts` are those to come."""

    def __init__(self, characters: int, cuts: list[Cut]) -> None:
        self._characters = characters
        self._cuts = cuts

    def __len__(self) -> int:
        """Characters that are left."""
        return self._characters

    def slice(self) -> tuple[tuple[Part, ...], Script | None]:
        """As `Uncut.slice`."""
        if not self._cuts:
            return (), self
        sizes, left = self._cuts.pop(0)
        return tuple(map(Part, _texts(sizes))), Script(left, self._cuts) if left else None


class Replay:
    """Machines that live through a record. Raises RecordError where it has no settings."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self.jobs = Jobs(_first(document, e.Configured).bounds)
        pool = _first(document, pool_events.Configured)
        self.pool = Pool(pool.restarts, pool.health)
        self.allocation = Allocation(_first(document, allocation_events.Began))
        self._whole = document.lost == 0
        self._seen: set[str] = set()
        """Jobs that the record tells the beginning of."""
        self._workers: set[int] = set()
        """Worker processes that jobs may be given to."""
        self._cuts: dict[str, list[Cut]] = {}
        self._silence = b""

    def steps(self) -> Iterator[Step]:
        """The story, an event at a time. Raises RecordError for what no machine has written."""
        self._introduce()
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

    def _introduce(self) -> None:
        """Workers that were there before the record begins, and are idle as far as it tells."""
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
            self._seen.add(event.job)
        job, worker = getattr(event, "job", None), getattr(event, "worker", None)
        if isinstance(event, e.WorkerReady):
            self._workers.add(event.worker)
        elif isinstance(event, _Answer) and worker not in self._workers:
            self.jobs.handle(e.WorkerReady(event.now, event.worker))  # It is free from now on.
            self._workers.add(event.worker)
            return "its job began before the record; its worker is known from now on"
        if job is not None and job not in self._seen:
            return "its job began before the record"
        if worker is not None and worker not in self._workers:
            return "its worker was not seen"
        return None

    # -- telling it ---------------------------------------------------------------------

    def _tell(self, step: Step) -> None:
        entry = step.entry
        try:
            commands = self._machine(entry)(self._full(entry))
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

    def _full(self, entry: Entry) -> Any:  # noqa: ANN401 - an event
        """The event with as much text and audio as there was."""
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

    def _audio(self, piece: Any) -> Any:  # noqa: ANN401 - Silence becomes bytes, the rest is kept
        if not isinstance(piece, Silence):
            return piece
        if not 0 <= piece.size <= _MOST_AUDIO_BYTES:
            raise RecordError(f"audio of {piece.size} bytes")
        if len(self._silence) < piece.size:
            self._silence = bytes(piece.size)
        return memoryview(self._silence)[: piece.size]


def _first(document: Document, kind: type[_Event]) -> _Event:
    """What a machine was made with: its first settings."""
    for entry in document.entries:
        if isinstance(entry.event, kind):
            return entry.event
    raise RecordError(f"it has no {kind.__module__.split('.')[-2]}.{kind.__name__}")


def _texts(sizes: tuple[int, ...]) -> tuple[str, ...]:
    return tuple("x" * size for size in sizes)
