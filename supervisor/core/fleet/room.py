"""Room of a host: how many more jobs it may have in hand, and why no more.

It is the supervisor's own figures that say so, never the settings: as many jobs as its pool may
use cores, and `prefetch` more, so that no worker idles while the next one comes. A host that has
more to do than that, or is not well, has no room; so the supervisors divide the common queue.

The breaker: without a supervisor that answers there is no room. After it was away, one job is
taken, and the others when that one was seen to begin; a refused one opens the breaker again, for
longer each time. Otherwise a dead supervisor draws the queue, and returns it, as fast as it can.
"""

from __future__ import annotations

from typing import Final, Literal

from supervisor.core.fleet import events as e

SILENT_S: Final = 2.0
"""A supervisor whose last answer is older is away."""

BEHIND_S: Final = 0.5
"""Work of others that waits for longer comes first."""

_PAUSE_S: Final = 0.5
"""The breaker stays open for this long after a refused job, and twice as long each time."""

_LONGEST_PAUSE_S: Final = 30.0

Why = Literal[
    "",
    "broker",
    "supervisor",
    "breaker",
    "draining",
    "hot",
    "throttled",
    "memory",
    "behind",
    "storing",
]
"""Why there is no room. broker, supervisor: it is away. breaker: its last job was refused, or the
first one since has not begun. behind: others wait. storing: results do. Empty: there is room, or
all slots are taken."""


class Room:
    """What is known of the host, and the breaker."""

    def __init__(self) -> None:
        self.seen: e.HostSeen | None = None
        """The last answer of the supervisor."""
        self.cores = 0
        """Cores that its pool may use."""
        self.broker = False
        self.leaving = False
        self._found = False
        self._ill: Why = ""
        self._state: Literal["closed", "open", "half"] = "half"
        self._until = 0.0
        self._pause_s = _PAUSE_S
        self._probe: int | None = None

    def found(self) -> None:
        """The supervisor welcomed us."""
        self._found = True

    def saw(self, seen: e.HostSeen) -> None:
        """The supervisor said how it is."""
        self.seen, self.cores = seen, seen.cores
        self._ill = ""
        if seen.draining:
            self._ill = "draining"
        elif seen.hot:
            self._ill = "hot"
        elif seen.throttled:
            self._ill = "throttled"
        elif seen.memory_short:
            self._ill = "memory"
        elif seen.behind_s > BEHIND_S:
            self._ill = "behind"

    def lost(self) -> None:
        """The supervisor is gone."""
        self._found = False
        self.seen, self.cores = None, 0
        self._state, self._until, self._probe = "half", 0.0, None

    def took(self, lease: int) -> None:
        """A job was given to the supervisor."""
        if self._state == "half" and self._probe is None:
            self._probe = lease

    def works(self) -> None:
        """The supervisor was seen to do a job."""
        self._state, self._pause_s, self._probe = "closed", _PAUSE_S, None

    def left(self, lease: int) -> None:
        """A job left our hands without a word of how the supervisor is."""
        if self._probe == lease:
            self._probe = None

    def refused(self, now: float, lease: int) -> None:
        """The supervisor did not do a job that it could have done."""
        if self._state == "open" or (self._state == "half" and self._probe not in {None, lease}):
            return
        self._state, self._until, self._probe = "open", now + self._pause_s, None
        self._pause_s = min(2.0 * self._pause_s, _LONGEST_PAUSE_S)

    def silent_s(self, now: float) -> float:
        """Seconds since the supervisor answered; infinite if it is not there."""
        return float("inf") if self.seen is None else now - self.seen.now

    def closed_for(self, now: float) -> Why:
        """Why this host has no room at all; empty if it has, or would have with free slots."""
        seen = self.seen
        if not self.broker:
            return "broker"
        if not self._found or seen is None or now - seen.now > SILENT_S:
            return "supervisor"
        if self._state == "open" and now < self._until:
            return "breaker"
        return "draining" if self.leaving else self._ill

    def free(self, now: float, held: int, prefetch: int) -> tuple[int, Why]:
        """Jobs that may be taken now, and why none; `held`: those in hand and not yet spoken, and
        promised slots.
        """
        why = self.closed_for(now)
        if why:
            return 0, why
        if self._state == "open":
            self._state = "half"
        free = self.cores + prefetch - held
        if self._state == "half":
            if self._probe is not None:
                return 0, "breaker"
            free = min(free, 1)
        return (free, "") if free > 0 else (0, "")

    def next_wakeup(self, now: float) -> float | None:
        """When the breaker closes by half, or the supervisor's silence will have been too long."""
        times = [self._until] if self._state == "open" and self._until > now else []
        if self.seen is not None and self.seen.now + SILENT_S >= now:
            times.append(self.seen.now + SILENT_S + 1e-3)
        return min(times, default=None)


def others_wait_s(
    *, left_s: float, jobs: int, ours: int, ours_s: float, idle: int, workers: int
) -> float:
    """Predicted seconds for which work of others waits, at a supervisor with these figures.

    left_s: predicted seconds of one worker for what is left of all its `jobs`. ours: those of them
    that are the fleet's, of `ours_s` when they were taken. While a worker is idle nobody waits.
    """
    others = jobs - ours
    if others <= 0 or idle > 0:
        return 0.0
    # A job of the fleet may be far longer than the sentences of others, and partly spoken.
    theirs = min(left_s * others / jobs, max(0.0, left_s - ours_s))
    return theirs / max(1, workers)
