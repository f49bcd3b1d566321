"""Bidding: which host a live request is spoken by, when its own cannot begin at once.

The asker takes the first host that could begin at once, or else, after a moment, the one that
could soonest. Whoever bids holds room for a moment, so that two askers are not promised the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

HELD_S: Final = 0.2
"""A bid holds its room for so long."""

WAIT_S: Final = 0.02
"""After so long the best of the bids that came is taken."""

_MOST_HELD: Final = 1000
"""Bids that are remembered at once; who asks for more is not answered."""


class Bid(msgspec.Struct, frozen=True):
    """A host's answer: the live request would begin there in `start_s` seconds."""

    host: str
    start_s: float


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


def choose(bids: Sequence[Bid], own_s: float, waited_s: float) -> Bid | None:
    """The bid to take, of those that came so far, in their order; None: none, or not yet.

    own_s: when the own host would begin. waited_s: seconds since the hosts were asked.
    """
    for bid in bids:
        if bid.start_s <= 0 < own_s:
            return bid
    if waited_s < WAIT_S:
        return None
    best = min(bids, key=lambda bid: bid.start_s, default=None)
    return best if best is not None and best.start_s < own_s else None
