"""What EVENT messages tell of: changes of the allocation, of workers and jobs, and lost events.

The supervisor makes the records (`supervisor.service.news`); `document` is the form in which people
and programs get them, a line of `supervisor events --json` or an event of `GET /events`. A later
version may add fields, and values of `what`. `Backlog` is the bound on what waits for a watcher who
is slow.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

import msgspec

EVENTS: Final = ("allocation", "workers", "jobs")
"""Names of the kinds of events that can be watched."""

BACKLOG: Final = 256
"""Events that are kept for a watcher who is slow; those after them are only counted."""

T = TypeVar("T")


class _About(msgspec.Struct, frozen=True, tag_field="event", omit_defaults=True, gc=False):
    pass


class AllocationChanged(_About, frozen=True, kw_only=True, tag="allocation"):
    """The allocator decided on another number of cores: before, and after.

    `kind` is why, a word; `figures` are those of the kind; `reason` is both in one. `average` is
    the utilization that was decided on, in percent; None where there was none. `bound` is the limit
    that sets the upper bound (see `CoreBounds.winner`).
    """

    before: int
    after: int
    average: float | None
    kind: str
    figures: tuple[float, ...]
    reason: str
    bound: str


class WorkerChanged(_About, frozen=True, kw_only=True, tag="workers"):
    """What became of a worker: `started`, `ready`, `reshaped`, `retired` or `lost`.

    started: its process is being started. ready: it takes segments. reshaped: it has other cores
    or threads. retired: it gets no new segment and goes. lost: its process ended unasked, or none
    could be started, and `reason` says why. `pid` is None before it is ready.
    """

    what: str
    slot: int
    epoch: int
    pid: int | None = None
    cpus: tuple[int, ...]
    intra_op_threads: int
    reason: str = ""


class JobChanged(_About, frozen=True, kw_only=True, tag="jobs"):
    """What became of a job: `accepted`, `started` (its first audio is there) or `ended`.

    Times are in seconds from its acceptance on. `outcome` is how it ended, and `message` why
    without success. `on_behalf` is whom it is charged to, if its client acts for others.
    """

    what: str
    job: str
    engine: str
    voice: str
    durable: bool = False
    on_behalf: str | None = None
    segments: int
    first_audio_s: float | None = None
    total_s: float | None = None
    outcome: str | None = None
    message: str = ""
    retried: int = 0


class EventsLost(_About, frozen=True, tag="lost"):
    """So many events were not kept for a watcher who was slow; None: nobody knows how many."""

    lost: int | None


About = AllocationChanged | WorkerChanged | JobChanged | EventsLost


def document(number: int, at: float, about: About) -> dict[str, Any]:
    """One event as a flat document, whose `event` names its kind."""
    told: dict[str, Any] = msgspec.to_builtins(about)
    return {"number": number, "at": at, **told}


class Backlog(Generic[T]):
    """What waits for one watcher: the oldest `BACKLOG` events, then their number.

    `lost` makes the event that tells how many are missing.
    """

    def __init__(self, lost: Callable[[int], T]) -> None:
        self._waiting: deque[T] = deque()
        self._lost = 0
        self._make_lost = lost

    def __bool__(self) -> bool:
        """Whether something is to be taken."""
        return bool(self._waiting) or self._lost > 0

    @property
    def full(self) -> bool:
        """Whether the next event would only be counted."""
        return self._lost > 0 or len(self._waiting) >= BACKLOG

    def put(self, event: T) -> bool:
        """Add an event; False where it is only counted, as all are until the others are taken."""
        if self.full:
            self._lost += 1
            return False
        self._waiting.append(event)
        return True

    def miss(self, count: int) -> None:
        """Count events that were lost before they came here."""
        self._lost += count

    def take(self) -> T:
        """Take the oldest; behind the last one comes the number of the lost. Raises IndexError."""
        if self._lost and not self._waiting:
            lost, self._lost = self._lost, 0
            return self._make_lost(lost)
        return self._waiting.popleft()

    def put_back(self, event: T) -> None:
        """Put back what was just taken: nobody could take it on."""
        self._waiting.appendleft(event)
