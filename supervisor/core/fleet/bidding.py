"""Bidding: which live requests of others this host offers to speak.

Whoever bids holds room for a moment, so that two askers are not promised the same. Which bid is
taken is the asker's affair (`client.live.bids`).
"""

from __future__ import annotations

from typing import Final

HELD_S: Final = 0.2
"""A bid holds its room for so long."""

_MOST_HELD: Final = 1000
"""Bids that are remembered at once; who asks for more is not answered."""


class Reservations:
    """Room that this host has promised to live requests, for a moment each."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def held(self, now: float) -> int:
        """Promises that hold."""
        if not self._until:
            return 0
        for ref in [ref for ref, until in self._until.items() if until <= now]:
            del self._until[ref]
        return len(self._until)

    def offer(self, now: float, ref: str, *, start_s: float, below_s: float, idle: int) -> bool:
        """Whether to bid: it would begin here sooner, and what is promised leaves room for it.

        idle: jobs that could begin here at once. A start at once is promised to as many.
        """
        held = self.held(now)
        if start_s >= below_s or held >= (max(1, idle) if start_s > 0 else idle):
            return False
        if held >= _MOST_HELD:
            return False
        self._until[ref] = now + HELD_S
        return True

    def opened(self, ref: str) -> None:
        """The request is here, and counts as one of the supervisor's."""
        self._until.pop(ref, None)

    def next_wakeup(self) -> float | None:
        """When the first promise ends."""
        return min(self._until.values(), default=None)
