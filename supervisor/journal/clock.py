"""Times of the journal: monotonic seconds in the supervisor, wall-clock seconds on the disk.

The wall clock may be set between writing and reading, so times are bounded when read: none is in
the future, and no job has more time left than it was given. A clock that was set forward looks the
same as a supervisor that did not run for as long.
"""

from __future__ import annotations

import time
from typing import NamedTuple

from supervisor.journal.rows import Row


class Times(NamedTuple):
    """A job's acceptance, deadline and end, in monotonic seconds."""

    accepted_at: float
    deadline: float | None
    ended_at: float | None


class Clock(NamedTuple):
    """Both clocks at one moment."""

    monotonic: float
    wall: float

    def to_wall(self, at: float) -> float:
        """The wall-clock time of a monotonic one."""
        return at - self.monotonic + self.wall

    def recall(self, row: Row) -> Times:
        """Translate the times of a row to this run's clock."""
        deadline = row.deadline
        if deadline is not None:
            given, left = deadline - row.accepted_at, deadline - self.wall
            deadline = self.monotonic + min(left, given)
        ended_at = None if row.ended_at is None else self._past(row.ended_at)
        return Times(self._past(row.accepted_at), deadline, ended_at)

    def _past(self, wall: float) -> float:
        return self.monotonic + min(0.0, wall - self.wall)


def read(monotonic: float) -> Clock:
    """Read both clocks; `monotonic` is the event loop's time now."""
    return Clock(monotonic, time.time())
