"""Runs the state machines: one queue of events in, and an effect for each command out.

Events that come while commands are carried out wait until these are done, so that the failure
of an effect is seen after the effects before it.

No effect can get lost. `Machines` is only made with an effect for every command that a machine
may give. An exception here is a fault of the supervisor, and the machine has moved on already:
later commands would build on an effect that never happened. So no more events are taken, and
`broken` is called: the supervisor ends, and the next one begins from the journal.

Every event is recorded for a while (`ring`), and shown to `saw` with the commands that followed,
for those who watch. Every change of a machine is an event, settings included.

The effects belong to the parts that bring them; the end of the supervisor to `supervisor`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, get_args

from supervisor.core.allocation import events as allocation_events
from supervisor.core.allocation.machine import Allocation
from supervisor.core.jobs import events as job_events
from supervisor.core.jobs.job import Job
from supervisor.core.jobs.machine import Jobs
from supervisor.core.pool import events as pool_events
from supervisor.core.pool.machine import Pool
from supervisor.logs import get_logger, raised_at
from supervisor.service.record import Entry, pack
from supervisor.service.ring import Ring

AnyMachine = Jobs | Pool | Allocation
AnyEvent = job_events.Event | pool_events.Event | allocation_events.Event

Saw = Callable[[AnyMachine, Any, Sequence[object]], None]
"""Is shown a machine, an event that it has handled, and the commands that followed."""

Effects = Mapping[type, Callable[[Any], None]]
"""The effect of each type of command."""

log = get_logger(__name__)


class MissingEffectError(Exception):
    """Commands without an effect; the message names them."""


def command_types() -> tuple[type, ...]:
    """Every type of command that any of the machines may give."""
    unions: tuple[Any, ...] = (
        job_events.Command,
        pool_events.Command,
        allocation_events.Command,
    )
    return tuple(kind for union in unions for kind in get_args(union))


class Machines:
    """Takes events to their machine, and its commands to their effects.

    `settled` is called whenever all effects of an event are done; `broken` once, with the
    exception, when a machine or an effect has raised: from then on events are ignored. Raises
    MissingEffectError.
    """

    def __init__(
        self,
        effects: Effects,
        settled: Callable[[], None],
        broken: Callable[[Exception], None],
        ring: Ring,
        saw: Saw | None = None,
    ) -> None:
        missing = [kind for kind in command_types() if kind not in effects]
        if missing:
            raise MissingEffectError(f"commands without an effect: {_names(missing)}")
        self._ring = ring
        self._effects = effects
        self._on_settled = settled
        self._on_broken = broken
        self._saw = saw
        self._queue: deque[tuple[AnyMachine, Any]] = deque()
        self._working = False
        self._broken = False
        self._shortened = 0
        """Segments that were cut in two so far, as of the last event."""

    def tell(self, machine: AnyMachine, event: AnyEvent) -> None:
        """Hand an event to its machine, and carry out the commands that follow."""
        if self._broken:
            return
        self._queue.append((machine, event))
        if self._working:
            return
        self._working = True
        try:
            self._work()
        finally:
            self._working = False
        if not self._broken:
            self._on_settled()

    def record_start(self, allocation: Allocation) -> None:
        """Record the start of the allocation machine."""
        self._ring.begin("allocation", allocation.began)

    def _work(self) -> None:
        while self._queue:
            machine, event = self._queue.popleft()
            doing: object = event
            try:
                for command in self._handle(machine, event):
                    doing = command
                    self._effects[type(command)](command)
            except Exception as error:  # noqa: BLE001 - whatever it is, the rest must not be lost
                self._break(event, doing, error)

    def _handle(self, machine: AnyMachine, event: Any) -> Sequence[object]:  # noqa: ANN401
        commands: Sequence[object]
        if isinstance(machine, Jobs):
            entry = self._ring.begin("jobs", event)
            special = _SPECIAL.get(type(event))
            commands = machine.handle(event) if special is None else special(machine, event, entry)
            if machine.repeats.recalled:
                entry.recalled = pack(machine.repeats.recalled)
            if machine.shortened_segments != self._shortened:
                self._shortened = machine.shortened_segments
                for command in commands:
                    if isinstance(command, job_events.RunSegment) and command.cut_off:
                        entry.shortened[command.job, command.segment] = command.cut_off
        else:
            entry = self._ring.begin("pool" if isinstance(machine, Pool) else "allocation", event)
            commands = machine.handle(event)
        entry.commands = tuple([type(command).__name__ for command in commands])
        if self._saw is not None:
            self._saw(machine, event, commands)
        return commands

    def _break(self, event: object, doing: object, error: Exception) -> None:
        self._broken = True
        self._queue.clear()
        what = _names([type(doing)]) if doing is event else _names([type(event), type(doing)])
        log.error(
            "a fault of ours: %s at %s, in the midst of %s; the supervisor ends",
            type(error).__name__,
            raised_at(error),
            what,
            exc_info=error,
        )
        self._on_broken(error)


def _cut(jobs: Jobs, event: job_events.CutTurn, entry: Entry) -> list[job_events.Command]:
    """Handle a turn that cuts a text, and record the cuts, for a replay has no text."""
    job = jobs.find(event.job)
    if job is None or job.rest is None:
        return jobs.handle(event)
    known, before = job.segments_told, len(job.rest)
    commands = jobs.handle(event)
    sizes = _sizes_from(job, known)
    if job.rest is not None:
        left = len(job.rest)
    else:  # All of it is cut; or the job has ended in the same breath, and its text is gone.
        left = max(1, before - sum(sizes)) if job.failed else 0
    entry.cut = sizes, left
    return commands


def _sizes_from(job: Job, number: int) -> tuple[int, ...]:
    """Sizes of a job's segments from this number on, as they were cut: one may be two by now."""
    sizes = [0] * (job.segments_told - number)
    for segment in reversed(job.segments):
        if segment.number < number:
            break
        sizes[segment.number - number] += segment.size
    return tuple(sizes)


def _recover(jobs: Jobs, event: job_events.Recovered, entry: Entry) -> list[job_events.Command]:
    """Handle the recovery of a job, and record the cuts up to the last spoken segment."""
    commands = jobs.handle(event)
    job = jobs.find(event.job)
    if job is not None:
        sizes = tuple(segment.size for segment in job.segments)
        entry.cut = sizes, 0 if job.rest is None else len(job.rest)
    return commands


_SPECIAL: Mapping[type, Callable[[Jobs, Any, Entry], list[job_events.Command]]] = {
    job_events.CutTurn: _cut,
    job_events.Recovered: _recover,
}
"""Events of jobs of which more is recorded than what the machine is told."""


def _names(kinds: Iterable[type]) -> str:
    """Names of the commands with their family, such as `jobs.Tick`."""
    return ", ".join(f"{kind.__module__.split('.')[-2]}.{kind.__name__}" for kind in kinds)
