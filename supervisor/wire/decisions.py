"""The sequence of the allocator's decisions, from status documents that overlap."""

from __future__ import annotations

from typing import NamedTuple

from supervisor.wire.status import AllocationDecision


class Unseen(NamedTuple):
    """Decisions of a document that earlier ones had not.

    `restarted`: the clock is another one, so earlier decisions are of another supervisor.
    """

    restarted: bool
    decisions: list[AllocationDecision]


def unseen(decisions: list[AllocationDecision], last: float | None) -> Unseen:
    """Select from a document's `decisions`, oldest first, those after `last` (seconds of its
    clock; None: all).
    """
    restarted = last is not None and bool(decisions) and decisions[-1].now < last
    if last is None or restarted:
        return Unseen(restarted, decisions)
    return Unseen(restarted, [decision for decision in decisions if decision.now > last])
