"""Who may be connected at one door, and who makes room for whom.

A slot is held for good by those for whom work is being done. Somebody of whom nothing whole
has come yet (the head of a request is not finished, its body comes by the byte), or
who asks nothing between two requests, has one only until it is needed: when all are taken, the one
who has waited longest is hung up on for the next that comes. So silence keeps nobody out.

Where all are at work, a few more slots are `reserved`: for those who ask only whether the
gateway lives. What is asked, and when that is whole, is for the doors to say.
"""

from __future__ import annotations

import time
from typing import Final, Protocol

from supervisor.logs import get_logger

RESERVED = 64
"""Slots for health and readiness alone. They are left as soon as the answer is sent, and taken
by everybody who comes while there are no others, so there are more than probes need."""

_TELL_EVERY_S: Final = 60.0

log = get_logger(__name__)


class Occupant(Protocol):
    """One connection, as its slot sees it."""

    @property
    def unsent(self) -> bool:
        """Whether some of an answer has not left yet."""

    def hang_up(self) -> None:
        """End it at once: the slot is somebody else's now."""


class Slot:
    """What one connection holds."""

    __slots__ = ("_general", "_group", "occupant")

    def __init__(self, occupant: Occupant, general: _Group) -> None:
        self.occupant = occupant
        self._general = general
        self._group: _Group | None = None

    @property
    def reserved(self) -> bool:
        """Whether it is for health and readiness alone."""
        return self._group is not None and self._group is not self._general

    def waits(self) -> None:
        """Nothing whole is asked from now on: others may have the slot, after those who waited
        before.
        """
        if self._group is not None:
            self._group.waiting.pop(self, None)
            self._group.waiting[self] = None

    def works(self) -> None:
        """Work is being done for its occupant, who keeps it until it is said to wait."""
        if self._group is not None:
            self._group.waiting.pop(self, None)

    def leave(self) -> None:
        """Its occupant is gone. Idempotent."""
        if self._group is not None:
            self._group.waiting.pop(self, None)
            self._group.taken -= 1
            self._group = None

    def enter(self, room: _Group) -> bool:
        """Move to this room, as one who waits; False if everybody there is at work."""
        if room.taken >= room.limit and not room.displace():
            return False
        self.leave()
        self._group = room
        room.taken += 1
        room.waiting[self] = None
        return True

    def promote(self) -> bool:
        """Change a reserved slot for one at which everything may be asked, if there is one now."""
        return not self.reserved or self.enter(self._general)


class _Group:
    """Slots that are alike; those who wait stand in the order in which they began to."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.taken = 0
        self.displaced = 0
        self.waiting: dict[Slot, None] = {}

    def displace(self) -> bool:
        """Hang up on the one who has waited longest; False if everybody is at work.

        Whose answer has not left as a whole is spared as long as there is somebody else.
        """
        if not self.waiting:
            return False
        everybody = iter(self.waiting)
        slot = next((each for each in everybody if not each.occupant.unsent), None)
        slot = slot or next(iter(self.waiting))
        slot.leave()
        slot.occupant.hang_up()
        self.displaced += 1
        return True


class Slots:
    """The slots at one door, `name` in the log."""

    def __init__(self, name: str, limit: int, reserved: int = 0) -> None:
        self._name = name
        self._general = _Group(limit)
        self._reserved = _Group(reserved)
        self._refused = 0
        self._told_at: float | None = None

    def take(self, occupant: Occupant) -> Slot | None:
        """A slot for who has just come, as one who waits; None if there is no room at all."""
        slot = Slot(occupant, self._general)
        if slot.enter(self._general):
            self._tell()
            return slot
        entered = self._reserved.limit > 0 and slot.enter(self._reserved)
        self._refused += not entered
        self._tell()
        return slot if entered else None

    def _tell(self) -> None:
        """Say now and then what happens here while all slots are taken."""
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
