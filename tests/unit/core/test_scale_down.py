"""How long fewer must have been enough, and for which counts what was learned holds."""

from __future__ import annotations

import pytest

from supervisor.core.allocation.backoff import LONGEST
from supervisor.core.allocation.scale_down import ScaleDown

BASE = 10.0


def seen(down: ScaleDown, needs: list[float], start: float = 0.0) -> float:
    """A need a second; the time after the last."""
    for step, need in enumerate(needs):
        down.observe(start + step, need)
    return start + len(needs)


def test_the_highest_need_of_the_wait_counts() -> None:
    """A peak is remembered for as long as the wait, and the fewest that it allows are told."""
    down = ScaleDown(BASE)
    assert down.fewest(1, 8) == 1, "nothing was seen that speaks against it"
    now = seen(down, [3.5, 1.2])
    assert down.fewest(1, 8) == 4
    assert down.fewest(6, 8) == 6
    assert down.fewest(1, 3) == 3
    seen(down, [1.2] * 10, now)
    assert down.fewest(1, 8) == 2


def test_a_regretted_removal_lengthens_the_wait_for_that_count_and_below() -> None:
    """Down to two was wrong: for two and one it takes four times as long, for three it does not."""
    down = ScaleDown(BASE)
    now = seen(down, [1.0] * 20)
    down.removed(now, 2)
    down.regretted(3)
    assert [down.wait(count) for count in (1, 2, 3, 9)] == [4 * BASE, 4 * BASE, BASE, BASE]


def test_only_removals_below_what_is_wanted_again_are_regretted() -> None:
    """From five down to one in steps, then three again: two and one were too few, not four."""
    down = ScaleDown(BASE)
    now = seen(down, [1.0] * 20)
    for count in (4, 3, 2, 1):
        down.removed(now, count)
    down.regretted(3)
    assert down.wait(2) == 4 * BASE
    assert down.wait(3) == BASE


def test_a_removal_undone_late_teaches_nothing() -> None:
    """After six base waits it has held."""
    down = ScaleDown(BASE)
    now = seen(down, [1.0] * 20)
    down.removed(now, 1)
    seen(down, [1.0] * 70, now)
    down.regretted(2)
    assert down.wait(1) == BASE


def test_removals_that_hold_shorten_what_was_learned() -> None:
    """Down to one has held: the wait for one and all above it is halved, until it is the base."""
    down = ScaleDown(BASE)
    now = seen(down, [1.0] * 20)
    down.removed(now, 2)
    down.regretted(3)
    for expected in (2 * BASE, BASE, BASE):
        down.removed(now, 1)
        now = seen(down, [1.0] * 200, now)
        assert down.wait(1) == down.wait(2) == expected


def test_the_wait_is_bounded_and_so_is_what_is_remembered() -> None:
    """However often it was wrong."""
    down = ScaleDown(BASE)
    now = 0.0
    for _ in range(20):
        now = seen(down, [1.0], now)
        down.removed(now, 1)
        down.regretted(2)
    assert down.wait(1) == LONGEST * BASE


def test_a_new_base_keeps_what_was_learned() -> None:
    """Settings change while it runs."""
    down = ScaleDown(BASE)
    now = seen(down, [1.0])
    down.removed(now, 1)
    down.regretted(2)
    down.rebase(3.0)
    assert (down.wait(1), down.wait(2)) == (12.0, 3.0)


@pytest.mark.parametrize("present", [1, 2, 5000])
def test_without_a_sample_everything_goes_and_never_more_than_is_there(present: int) -> None:
    """Nothing is known, or only that much is needed."""
    down = ScaleDown(BASE)
    assert down.fewest(1, present) == 1
    seen(down, [1e9])
    assert down.fewest(1, present) == present
