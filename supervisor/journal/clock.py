"""Times of the journal: monotonic seconds in the supervisor, wall-clock seconds on the disk.

The wall clock may be set between the two, so what comes back is bounded: nothing has
happened in the future, and no job has more time left than it was given. A clock that
was set forward cannot be told from a supervisor that was away for as long.
"""

from __future__ import annotations

import time
from typing import NamedTuple

from supervisor.journal.rows import Row


class Times(NamedTuple):
    """When a job was accepted, has to be done and ended, in monotonic seconds."""

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
    """Both clocks; `monotonic` is what the event loop's says now."""
    return Clock(monotonic, time.time())
