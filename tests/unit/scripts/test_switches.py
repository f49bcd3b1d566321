"""The way of a job through the core stays short enough to be followed."""

from __future__ import annotations

from scripts.switches import events, modules_of, switches

MOST = {"WorkerReady": 5, "Submitted": 20, "SegmentSpoken": 26}


def test_an_event_changes_rooms_no_more_often_than_a_reader_can_follow() -> None:
    """More of them says that one conversation has been cut in pieces."""
    found = {name: switches(modules_of(act)) for name, act in events()}
    assert found.keys() == MOST.keys()
    assert all(0 < found[name] <= most for name, most in MOST.items()), found
