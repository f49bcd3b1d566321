"""The state machines at work: events in, commands out, and the effect of each command.

One queue for all machines. Events that come while commands are carried out wait until these
are done, so that an effect that fails is seen after the effects before it.

No effect can get lost. Every command that a machine may give has an effect, or there is no
`Machines`. What raises here is a fault of ours, and the machine has moved on already: what was
to follow would be built on something that never happened. So nothing more is taken, and
`broken` is called: the supervisor ends, and begins anew from its journal.

Every event is remembered for a while (`ring`). All that changes a machine is an event of its own,
settings included.

What the commands do belongs to those who bring the effects; when the supervisor ends, and how,
to `supervisor`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, get_args

from supervisor.core.allocation import events as allocation_events
from supervisor.core.allocation.machine import Allocation
from supervisor.core.jobs import events as job_events
from supervisor.core.jobs.machine import Jobs
from supervisor.core.pool import events as pool_events
from supervisor.core.pool.machine import Pool
from supervisor.logs import get_logger, raised_at
from supervisor.service.record import Entry, Family
from supervisor.service.ring import Ring

AnyMachine = Jobs | Pool | Allocation
AnyEvent = job_events.Event | pool_events.Event | allocation_events.Event

Effects = Mapping[type, Callable[[Any], None]]
"""What to do for each type of command."""

log = get_logger(__name__)


class MissingEffectError(Exception):
    """Commands that nobody would carry out; the message names them."""


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

    `settled` is called whenever all is done that came of an event; `broken` once, with what
    failed, when a machine or an effect has raised: from then on events are ignored. Raises
    MissingEffectError.
    """

    def __init__(
        self,
        effects: Effects,
        settled: Callable[[], None],
        broken: Callable[[Exception], None],
        ring: Ring,
    ) -> None:
        missing = [kind for kind in command_types() if kind not in effects]
        if missing:
            raise MissingEffectError(f"commands without an effect: {_names(missing)}")
        self._ring = ring
        self._effects = effects
        self._on_settled = settled
        self._on_broken = broken
        self._queue: deque[tuple[AnyMachine, Any]] = deque()
        self._working = False
        self._broken = False

    def tell(self, machine: AnyMachine, event: AnyEvent) -> None:
        """Hand one of the machines one of its events, and carry out what it answers."""
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

    def began(self, allocation: Allocation) -> None:
        """Remember what the allocation begins with."""
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
        entry = self._ring.begin(_family(machine), event)
        commands: Sequence[object]
        if isinstance(machine, Jobs) and isinstance(event, job_events.CutTurn):
            commands = _cut(machine, event, entry)
        elif isinstance(machine, Jobs) and isinstance(event, job_events.Recovered):
            commands = _recover(machine, event, entry)
        else:
            commands = machine.handle(event)
        entry.commands = tuple([type(command).__name__ for command in commands])
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


def _family(machine: AnyMachine) -> Family:
    if isinstance(machine, Jobs):
        return "jobs"
    return "pool" if isinstance(machine, Pool) else "allocation"


def _cut(jobs: Jobs, event: job_events.CutTurn, entry: Entry) -> list[job_events.Command]:
    """A turn in which some of a text is cut: remember what was, for a replay has no text."""
    job = jobs.find(event.job)
    if job is None or job.rest is None:
        return jobs.handle(event)
    known, before = len(job.segments), len(job.rest)
    commands = jobs.handle(event)
    sizes = tuple(segment.size for segment in job.segments[known:])
    if job.rest is not None:
        left = len(job.rest)
    else:  # All of it is cut; or the job has ended in the same breath, and its text is gone.
        left = max(1, before - sum(sizes)) if job.failed else 0
    entry.cut = sizes, left
    return commands


def _recover(jobs: Jobs, event: job_events.Recovered, entry: Entry) -> list[job_events.Command]:
    """A job of the journal is cut as far as it was spoken."""
    commands = jobs.handle(event)
    job = jobs.find(event.job)
    if job is not None:
        sizes = tuple(segment.size for segment in job.segments)
        entry.cut = sizes, 0 if job.rest is None else len(job.rest)
    return commands


def _names(kinds: Iterable[type]) -> str:
    """As `jobs.Tick`: with the family that they are of."""
    return ", ".join(f"{kind.__module__.split('.')[-2]}.{kind.__name__}" for kind in kinds)
