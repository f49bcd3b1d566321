"""The sequence of the allocator's decisions, from status documents that overlap."""

from __future__ import annotations

from typing import NamedTuple

from supervisor.wire.status import AllocationDecision


class NewDecisions(NamedTuple):
    """Decisions of a document that earlier ones had not.

    `restarted`: the clock is another one, so earlier decisions are of another supervisor.
    """

    restarted: bool
    decisions: list[AllocationDecision]


def new_decisions(decisions: list[AllocationDecision], last: float | None) -> NewDecisions:
    """Select from a document's `decisions`, oldest first, those after `last` (seconds of its
    clock; None: all).
    """
    restarted = last is not None and bool(decisions) and decisions[-1].now < last
    if last is None or restarted:
        return NewDecisions(restarted, decisions)
    return NewDecisions(restarted, [decision for decision in decisions if decision.now > last])
