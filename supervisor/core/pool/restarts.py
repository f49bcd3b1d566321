"""Restart policy: backoff of slots whose workers die, parked slots, and a held pool.

The first death costs nothing: the slot is refilled at once. Deaths in a row wait
exponentially longer, with full jitter (a random part of the bound, so that slots
that fail together do not restart together; Brooker, "Exponential Backoff And
Jitter", 2015). A slot with too many deaths in a window is parked, and tried again
after a long pause, so that a mended machine recovers by itself.

Where workers of all slots die, no slot is the cause: then no worker is started for a
while, and the workers that live go on.

A process that could not even be started (no memory, process or descriptor to be had)
counts as no death. It is retried soon, for the machine may recover at any moment, and
for as long as it takes.
"""

from __future__ import annotations

from collections import deque

import msgspec

_POOL_SLOTS = 2
"""Slots that may be close to being parked before the fault is taken for one of the whole pool."""

_POOL_DEATHS = 3
"""Deaths of every slot in a window that are taken for one fault of them all."""


class RestartPolicy(msgspec.Struct, frozen=True):
    """All times in seconds. `intensity` deaths within `window_s` park a slot for `parked_s`."""

    intensity: int
    window_s: float
    base_s: float = 0.1
    limit_s: float = 10.0
    parked_s: float = 60.0
    hold_s: float = 10.0
    """Pause of all starts once the pool as a whole died too often."""
    stable_s: float = 30.0
    """Lifetime from which a worker clears its slot's record of deaths."""
    start_timeout_s: float = 60.0
    retry_s: float = 0.25
    """First pause after a process could not be started; doubled with each time in a row."""
    retry_limit_s: float = 2.0


class Restarts:
    """Deaths by slot and of the pool, and the pauses that follow. `policy` may be set anew."""

    def __init__(self, policy: RestartPolicy) -> None:
        self.policy = policy
        self.total = 0
        self._deaths: dict[int, deque[float]] = {}
        self._all_deaths: deque[float] = deque()
        self._started: dict[int, float] = {}
        self._parked: dict[int, float] = {}
        self._held_until: float | None = None

    def started(self, slot: int, now: float) -> None:
        """Note that a worker of this slot became ready."""
        self._started[slot] = now

    def delay(self, slot: int, slots: int, now: float, jitter: float) -> float:
        """Count a death in a pool of `slots`; return the seconds until the slot's next start.

        `jitter` is uniform in [0, 1).
        """
        self.total += 1
        self._count_for_pool(slots, now)
        policy = self.policy
        deaths = self._deaths.setdefault(slot, deque())
        began = self._started.pop(slot, None)
        if began is not None and now - began >= policy.stable_s:
            deaths.clear()
        deaths.append(now)
        while len(deaths) > policy.intensity:
            deaths.popleft()
        if len(deaths) == policy.intensity and now - deaths[0] <= policy.window_s:
            self._parked[slot] = now + policy.parked_s
            deaths.clear()
        if len(deaths) <= 1:
            return 0.0
        bound = min(policy.limit_s, policy.base_s * 2.0 ** (len(deaths) - 1))
        return float(bound * jitter)

    def retry(self, times: int, jitter: float) -> float:
        """Seconds until the next try, after so many failed starts of a process in a row.

        At least half of the bound, so that an overloaded machine gets some rest.
        """
        bound = min(self.policy.retry_limit_s, self.policy.retry_s * 2.0 ** min(times - 1, 30))
        return float(bound * (1.0 + jitter) / 2.0)

    def parked_until(self, slot: int, now: float) -> float | None:
        """Time at which a parked slot may be tried again; None for a slot that is not parked."""
        until = self._parked.get(slot)
        if until is not None and until <= now:
            del self._parked[slot]
            return None
        return until

    def held_until(self, now: float) -> float | None:
        """Time from which workers may be started again; None where that is now."""
        if self._held_until is not None and self._held_until <= now:
            self._held_until = None
        return self._held_until

    def _count_for_pool(self, slots: int, now: float) -> None:
        deaths, policy = self._all_deaths, self.policy
        deaths.append(now)
        while now - deaths[0] > policy.window_s:
            deaths.popleft()
        if len(deaths) >= max(_POOL_SLOTS * policy.intensity, _POOL_DEATHS * slots):
            self._held_until = now + policy.hold_s
            deaths.clear()
