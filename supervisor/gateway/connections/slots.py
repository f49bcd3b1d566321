"""Connection slots of one listener: a bounded number, where idle connections make room.

A slot is busy while work is done for its connection. It is idle while no whole request is there
(the head is not finished, the body still comes) and between two requests. When all are taken, a new
connection displaces the one that has been idle longest, so idle connections never keep a new one
out.

Where all are busy, a few more slots are `reserved` for health and readiness. The listeners say
which request is which, and when it is whole.
"""

from __future__ import annotations

import time
from typing import Final, Protocol

from supervisor.logs import get_logger

RESERVED = 64
"""Slots for health and readiness alone. They are left as soon as the response is sent, and taken by
every new connection while there are no others, so there are more than probes need."""

_TELL_EVERY_S: Final = 60.0

log = get_logger(__name__)


class Occupant(Protocol):
    """Connection as its slot sees it."""

    @property
    def unsent(self) -> bool:
        """Whether part of a response has not been sent yet."""

    def hang_up(self) -> None:
        """Abort the connection: its slot is given to another one."""


class Slot:
    """Place of one connection among those that a listener may have."""

    __slots__ = ("_general", "_group", "occupant")

    def __init__(self, occupant: Occupant, general: _Group) -> None:
        self.occupant = occupant
        self._general = general
        self._group: _Group | None = None

    @property
    def reserved(self) -> bool:
        """Whether it is for health and readiness alone."""
        return self._group is not None and self._group is not self._general

    def mark_idle(self) -> None:
        """Mark it idle: it may be displaced, after those that have been idle longer."""
        if self._group is not None:
            self._group.idle.pop(self, None)
            self._group.idle[self] = None

    def mark_busy(self) -> None:
        """Mark it busy: it is kept until it is idle again."""
        if self._group is not None:
            self._group.idle.pop(self, None)

    def leave(self) -> None:
        """Give it back. Idempotent."""
        if self._group is not None:
            self._group.idle.pop(self, None)
            self._group.taken -= 1
            self._group = None

    def enter(self, group: _Group) -> bool:
        """Move to this group, as an idle one; False if all slots there are busy."""
        if group.taken >= group.limit and not group.displace():
            return False
        self.leave()
        self._group = group
        group.taken += 1
        group.idle[self] = None
        return True

    def promote(self) -> bool:
        """Change a reserved slot for a general one; False if all of these are busy."""
        return not self.reserved or self.enter(self._general)


class _Group:
    """Slots of one kind; the idle ones in the order in which they became idle."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.taken = 0
        self.displaced = 0
        self.idle: dict[Slot, None] = {}

    def displace(self) -> bool:
        """Abort the connection that has been idle longest; False if all are busy.

        One whose response is not sent yet is spared as long as there is another.
        """
        if not self.idle:
            return False
        idle = iter(self.idle)
        slot = next((each for each in idle if not each.occupant.unsent), None)
        slot = slot or next(iter(self.idle))
        slot.leave()
        slot.occupant.hang_up()
        self.displaced += 1
        return True


class Slots:
    """All slots of one listener, `name` in the log."""

    def __init__(self, name: str, limit: int, reserved: int = 0) -> None:
        self._name = name
        self._general = _Group(limit)
        self._reserved = _Group(reserved)
        self._refused = 0
        self._told_at: float | None = None

    def take(self, occupant: Occupant) -> Slot | None:
        """Slot for a new connection, idle at first; None if there is no room at all."""
        slot = Slot(occupant, self._general)
        if slot.enter(self._general):
            self._tell()
            return slot
        entered = self._reserved.limit > 0 and slot.enter(self._reserved)
        self._refused += not entered
        self._tell()
        return slot if entered else None

    def _tell(self) -> None:
        """Log now and then what happens while all slots are taken."""
        full = self._general.taken >= self._general.limit
        if not full or not (self._general.displaced or self._refused or self._reserved.taken):
            return
        now = time.monotonic()
        if self._told_at is not None and now < self._told_at + _TELL_EVERY_S:
            return
        self._told_at = now
        log.warning(
            "gateway: all %d connections for %s are taken (http.max_connections): %d that asked "
            "nothing made room, %d were refused",
            self._general.limit,
            self._name,
            self._general.displaced,
            self._refused,
        )
        self._general.displaced = self._refused = 0
