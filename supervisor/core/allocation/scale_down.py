"""Scale-down: the load that a reduction must fit, and waits learned from past reductions.

A removal that is regretted costs a worker start and a queue, one that comes late
costs an idle core. So a reduction has to fit the highest need of a whole wait, and
the wait doubles when more was needed again soon after. Under noise it grows until
it has seen the noise's own peaks. `allocation` counts cores this way, `shape` workers.

What is learned belongs to a count: that a second core was missed says that one is too
few, and fewer than one all the more, but nothing of the tenth, which a burst needed
and left. So cores that come for a burst go soon after it, on a pool whose last ones
are given back with much patience.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import deque

from supervisor.core.allocation.backoff import Backoff
from supervisor.core.allocation.policy import Policy

_SOON_WAITS = 4
_SOON_BASES = 6
"""A removal is premature when it is undone within so many waits, or base waits if longer."""


def shrink_limit(policy: Policy) -> float:
    """Highest utilization in percent that a shrink may lead to: amid the hysteresis band.

    At least 3 % below the target, so that rounding never turns a shrink into a growth.
    """
    return min((policy.cpu_target + policy.scale_down_threshold) / 2, 0.97 * policy.cpu_target)


class ScaleDown:
    """Recent needs, and the wait before each reduction. `base_wait`: the shortest, in seconds."""

    def __init__(self, base_wait: float) -> None:
        self._base = base_wait
        self._waits: dict[int, Backoff] = {}
        """By the count that was gone down to, where that taught something."""
        self._falling: deque[tuple[float, float]] = deque()
        """(time, need), needs falling: what is not here was exceeded later."""
        self._removed_at: dict[int, float] = {}
        """When it last went down to a count, until that has held."""

    def wait(self, fewer: int) -> float:
        """Seconds over which the need must have been low to go down to `fewer`."""
        learned = (each.wait for count, each in self._waits.items() if count >= fewer)
        return max(learned, default=self._base)

    def rebase(self, base_wait: float) -> None:
        """Change the shortest wait; the learned factors stay."""
        self._base = base_wait
        for each in self._waits.values():
            each.base = base_wait

    def observe(self, now: float, need: float) -> None:
        """Take the need at this moment; learn from removals that have held."""
        for fewer, at in tuple(self._removed_at.items()):
            if now - at > self._soon(fewer):
                del self._removed_at[fewer]
                self._confirm_removal(fewer)
        while self._falling and self._falling[-1][1] <= need:
            self._falling.pop()
        self._falling.append((now, need))
        horizon = now - max((each.wait for each in self._waits.values()), default=self._base)
        while self._falling[0][0] < horizon:
            self._falling.popleft()

    def _soon(self, fewer: int) -> float:
        return max(_SOON_WAITS * self.wait(fewer), _SOON_BASES * self._base)

    def _confirm_removal(self, fewer: int) -> None:
        """Shorten the wait for `fewer`, which has held, and for every count above it."""
        for count, each in tuple(self._waits.items()):
            if count >= fewer:
                each.shorten()
                if each.wait <= each.base:
                    del self._waits[count]

    def fewest(self, least: int, present: int) -> int:
        """The lowest count from `least` on that has been enough for its wait, else `present`."""
        if not self._falling:
            return min(least, present)
        low, high = least, present
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if self._enough(middle) else (middle + 1, high)
        return high

    def _enough(self, fewer: int) -> bool:
        since = self._falling[-1][0] - self.wait(fewer)
        first = bisect_left(self._falling, since, key=lambda seen: seen[0])
        return math.ceil(self._falling[first][1]) <= fewer

    def removed(self, now: float, fewer: int) -> None:
        """Note a reduction to `fewer` for want of work."""
        self._removed_at[fewer] = now

    def regretted(self, more: int) -> None:
        """Note that `more` are wanted again; lengthen the wait if the reduction was recent."""
        for fewer in [count for count in self._removed_at if count < more]:
            del self._removed_at[fewer]
            learned = self._waits.setdefault(fewer, Backoff(self._base))
            learned.lengthen()
            learned.lengthen()

    def restart(self) -> None:
        """Forget all times: the clock stepped back."""
        self._falling.clear()
        self._removed_at.clear()
