"""The allocator's decisions one after the other, out of status documents that overlap."""

from __future__ import annotations

from typing import NamedTuple

from supervisor.wire.status import AllocationDecision


class Unseen(NamedTuple):
    """What a document has that those before it had not.

    `restarted`: its clock is not the one before, so what was seen belongs to another supervisor.
    """

    restarted: bool
    decisions: list[AllocationDecision]


def unseen(decisions: list[AllocationDecision], last: float | None) -> Unseen:
    """Those of a document's `decisions`, oldest first, that are after `last` (seconds of its
    clock; None: all are).
    """
    restarted = last is not None and bool(decisions) and decisions[-1].now < last
    if last is None or restarted:
        return Unseen(restarted, decisions)
    return Unseen(restarted, [decision for decision in decisions if decision.now > last])
