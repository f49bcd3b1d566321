"""A pool that flaps cannot pass for one that rests."""

from __future__ import annotations

from benchmarks.restlessness import restlessness
from supervisor.simulate.fluid import CountChange


def flapping(since: int, until: int, every: int) -> list[CountChange]:
    """Up and down between two and three cores."""
    times = range(since, until, every)
    return [CountChange(float(at), 2 + turn % 2, 3 - turn % 2) for turn, at in enumerate(times)]


def test_a_pool_that_never_settles_is_charged_with_every_change() -> None:
    """A change each half minute for an hour: no rest, and so nothing after a rest, yet no zero."""
    found = restlessness(flapping(30, 3600, 30), 0.0, 3600.0)
    assert found == {
        "settled_after_s": 3600.0,
        "changes_after_settling": 119,
        "changes_in_last_half": 59,
    }


def test_a_pool_that_settles_and_flaps_again_is_charged_with_what_came_later() -> None:
    """At rest after half a minute, it moves in the second half hour again."""
    changes = [CountChange(30.0, 1, 2), *flapping(2000, 2100, 50)]
    found = restlessness(changes, 0.0, 3600.0)
    assert found["settled_after_s"] == 30.0
    assert found["changes_after_settling"] == found["changes_in_last_half"] == 2


def test_what_came_before_the_load_does_not_count() -> None:
    """A step at 60 s: changes until then are not of this load, those at its start are the way."""
    found = restlessness([CountChange(10.0, 2, 1), CountChange(70.0, 1, 2)], 60.0, 3660.0)
    assert found == {
        "settled_after_s": 10.0,
        "changes_after_settling": 0,
        "changes_in_last_half": 0,
    }
