"""When it is safe to hold fewer: what a reduction must fit, and what past ones taught.

A removal that is regretted costs a worker start and a queue, one that comes late
costs an idle core. So a reduction has to fit the highest need of a whole wait, and
the wait doubles when more was needed again soon after. Under noise it grows until
it has seen the noise's own peaks. `allocation` counts cores this way, `shape` workers.
"""

from __future__ import annotations

import math
from collections import deque

from supervisor.core.backoff import Backoff
from supervisor.core.policy import Policy

_SOON_WAITS = 4
_SOON_BASES = 6
"""A removal is premature when it is undone within so many waits, or base waits if longer."""


def shrink_limit(policy: Policy) -> float:
    """Highest utilization in percent that a shrink may lead to: amid the hysteresis band.

    At least 3 % below the target, so that rounding never turns a shrink into a growth.
    """
    return min((policy.cpu_target + policy.scale_down_threshold) / 2, 0.97 * policy.cpu_target)


class ScaleDown:
    """The needs seen lately and how long they count. `base_wait`: the shortest wait, seconds."""

    def __init__(self, base_wait: float) -> None:
        self._wait = Backoff(base_wait)
        self._falling: deque[tuple[float, float]] = deque()
        """(time, need), needs falling: what is not here was exceeded later."""
        self._removed_at: float | None = None

    @property
    def wait(self) -> float:
        """Seconds over which the need must have been low."""
        return self._wait.wait

    def rebase(self, base_wait: float) -> None:
        """The settings changed the shortest wait; what was learnt stays."""
        self._wait.base = base_wait

    def observe(self, now: float, need: float) -> None:
        """Take in the need of this moment; learn from a removal that has held."""
        if self._removed_at is not None and now - self._removed_at > self._soon:
            self._wait.shorten()
            self._removed_at = None
        while self._falling and self._falling[-1][1] <= need:
            self._falling.pop()
        self._falling.append((now, need))
        while self._falling[0][0] < now - self.wait:
            self._falling.popleft()

    @property
    def _soon(self) -> float:
        return max(_SOON_WAITS * self._wait.wait, _SOON_BASES * self._wait.base)

    def need(self) -> int:
        """The wait's highest need, in whole ones."""
        return math.ceil(self._falling[0][1]) if self._falling else 0

    def removed(self, now: float) -> None:
        """Something was given back for want of work."""
        self._removed_at = now

    def regretted(self) -> None:
        """More was taken again; if that was soon after a removal, wait longer next time."""
        if self._removed_at is not None:
            self._wait.lengthen()
            self._removed_at = None

    def restart(self) -> None:
        """The clock stepped back: times seen so far mean nothing."""
        self._falling.clear()
        self._removed_at = None
