"""Who may be connected at one door, and who makes room for whom.

A place is held for good by those for whom work is being done. Somebody of whom nothing whole
has come yet (the head of a request is not finished, its body comes by the byte), or
who asks nothing between two requests, has one only until it is needed: when all are taken, the one
who has waited longest is hung up on for the next that comes. So silence keeps nobody out.

Where all are at work, a few more places are `reserved`: for those who ask only whether the
gateway lives. What is asked, and when that is whole, is for the doors to say.
"""

from __future__ import annotations

import time
from typing import Final, Protocol

from supervisor.logs import get_logger

RESERVED = 64
"""Places for health and readiness alone. They are left as soon as the answer is sent, and taken
by everybody who comes while there are no others, so there are more than probes need."""

_TELL_EVERY_S: Final = 60.0

log = get_logger(__name__)


class Guest(Protocol):
    """One connection, as its place sees it."""

    @property
    def unsent(self) -> bool:
        """Whether some of an answer has not left yet."""

    def hang_up(self) -> None:
        """End it at once: the place is somebody else's now."""


class Place:
    """What one connection holds."""

    __slots__ = ("_general", "_room", "guest")

    def __init__(self, guest: Guest, general: _Room) -> None:
        self.guest = guest
        self._general = general
        self._room: _Room | None = None

    @property
    def reserved(self) -> bool:
        """Whether it is for health and readiness alone."""
        return self._room is not None and self._room is not self._general

    def waits(self) -> None:
        """Nothing whole is asked from now on: others may have the place, after those who waited
        before.
        """
        if self._room is not None:
            self._room.waiting.pop(self, None)
            self._room.waiting[self] = None

    def works(self) -> None:
        """Work is being done for its guest, who keeps it until it is said to wait."""
        if self._room is not None:
            self._room.waiting.pop(self, None)

    def leave(self) -> None:
        """Its guest is gone. Idempotent."""
        if self._room is not None:
            self._room.waiting.pop(self, None)
            self._room.taken -= 1
            self._room = None

    def enter(self, room: _Room) -> bool:
        """Move to this room, as one who waits; False if everybody there is at work."""
        if room.taken >= room.limit and not room.displace():
            return False
        self.leave()
        self._room = room
        room.taken += 1
        room.waiting[self] = None
        return True

    def promote(self) -> bool:
        """Change a reserved place for one at which everything may be asked, if there is one now."""
        return not self.reserved or self.enter(self._general)


class _Room:
    """Places that are alike; those who wait stand in the order in which they began to."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.taken = 0
        self.displaced = 0
        self.waiting: dict[Place, None] = {}

    def displace(self) -> bool:
        """Hang up on the one who has waited longest; False if everybody is at work.

        Whose answer has not left as a whole is spared as long as there is somebody else.
        """
        if not self.waiting:
            return False
        everybody = iter(self.waiting)
        place = next((each for each in everybody if not each.guest.unsent), None)
        place = place or next(iter(self.waiting))
        place.leave()
        place.guest.hang_up()
        self.displaced += 1
        return True


class Places:
    """The places at one door, `name` in the log."""

    def __init__(self, name: str, limit: int, reserved: int = 0) -> None:
        self._name = name
        self._general = _Room(limit)
        self._reserved = _Room(reserved)
        self._refused = 0
        self._told_at: float | None = None

    def take(self, guest: Guest) -> Place | None:
        """A place for who has just come, as one who waits; None if there is no room at all."""
        place = Place(guest, self._general)
        if place.enter(self._general):
            self._tell()
            return place
        entered = self._reserved.limit > 0 and place.enter(self._reserved)
        self._refused += not entered
        self._tell()
        return place if entered else None

    def _tell(self) -> None:
        """Say now and then what happens here while all places are taken."""
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
