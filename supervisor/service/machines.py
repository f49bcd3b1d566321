"""The state machines at work: events in, commands out, and the effect of each command.

One queue for all machines. Events that come while commands are carried out wait until these
are done, so that an effect that fails is seen after the effects before it.

No effect can get lost. Every command that a machine may give has an effect, or there is no
`Machines`. What raises here is a fault of ours, and the machine has moved on already: what was
to follow would be built on something that never happened. So nothing more is taken, and
`broken` is called: the supervisor ends, and begins anew from its journal.

What the commands do belongs to those who bring the effects; when the supervisor ends, and how,
to `supervisor`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_args

from supervisor.core.allocation import policy
from supervisor.core.allocation.allocator import DynamicCPUAllocator
from supervisor.core.jobs import events as job_events
from supervisor.core.jobs.machine import Jobs
from supervisor.core.pool import events as pool_events
from supervisor.core.pool.machine import Pool
from supervisor.logs import get_logger, place

AnyMachine = Jobs | Pool | DynamicCPUAllocator
AnyEvent = job_events.Event | pool_events.Event | policy.Event

Effects = Mapping[type, Callable[[Any], None]]
"""What to do for each type of command."""

log = get_logger()


class MissingEffectError(Exception):
    """Commands that nobody would carry out; the message names them."""


def command_types() -> tuple[type, ...]:
    """Every type of command that any of the machines may give."""
    unions: tuple[Any, ...] = (job_events.Command, pool_events.Command, policy.Command)
    return tuple(kind for union in unions for kind in get_args(union) or (union,))


class Machines:
    """Takes events to their machine, and its commands to their effects.

    `settled` is called whenever all is done that came of an event; `broken` once, when a machine
    or an effect has failed: from then on events are ignored. Raises MissingEffectError.
    """

    def __init__(
        self, effects: Effects, settled: Callable[[], None], broken: Callable[[], None]
    ) -> None:
        missing = [kind for kind in command_types() if kind not in effects]
        if missing:
            raise MissingEffectError(f"commands without an effect: {_names(missing)}")
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

    def _work(self) -> None:
        while self._queue:
            machine, event = self._queue.popleft()
            doing: object = event
            try:
                for command in machine.handle(event):
                    doing = command
                    self._effects[type(command)](command)
            except Exception as error:  # noqa: BLE001 - whatever it is, the rest must not be lost
                self._break(event, doing, error)

    def _break(self, event: object, doing: object, error: Exception) -> None:
        self._broken = True
        self._queue.clear()
        what = _names([type(doing)]) if doing is event else _names([type(event), type(doing)])
        log.error(
            "a fault of ours: %s at %s, in the midst of %s; the supervisor ends",
            type(error).__name__,
            place(error),
            what,
            exc_info=error,
        )
        self._on_broken()


def _names(kinds: Iterable[type]) -> str:
    """As `jobs.Tick`: with the family that they are of."""
    return ", ".join(f"{kind.__module__.split('.')[-2]}.{kind.__name__}" for kind in kinds)
