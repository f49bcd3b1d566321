"""Times that go over a restart, whatever was done to the clock meanwhile."""

from __future__ import annotations

import pytest

from supervisor.journal.clock import Clock
from supervisor.journal.rows import Row

BEFORE = Clock(monotonic=100.0, wall=1_000_000.0)
AFTER_S = 30.0
"""What has passed in truth, on either side of a restart."""


def row(deadline: float | None) -> Row:
    """A job that was accepted at 90, and ended at 95, as it was written down at 100."""
    due = None if deadline is None else BEFORE.to_wall(deadline)
    return Row("j", "me", b"", 1, BEFORE.to_wall(90.0), due, "done", "", BEFORE.to_wall(95.0))


def test_times_go_over_a_restart_unchanged() -> None:
    """Also over a reboot, when the monotonic clock begins anew."""
    after = Clock(5.0, BEFORE.wall + AFTER_S)
    times = after.recall(row(160.0))
    assert times.accepted_at == pytest.approx(5.0 - AFTER_S - 10.0)
    assert times.ended_at == pytest.approx(5.0 - AFTER_S - 5.0)
    assert times.deadline == pytest.approx(5.0 + 60.0 - AFTER_S)
    assert after.recall(row(None)).deadline is None


@pytest.mark.parametrize("jump", [-40.0, -3_600.0, -1e9])
def test_a_clock_that_was_set_back_gives_no_more_time_than_there_was(jump: float) -> None:
    """Nothing happened in the future: a result is kept once more for its time, and no longer."""
    after = Clock(200.0, BEFORE.wall + AFTER_S + jump)
    times = after.recall(row(160.0))
    assert times.accepted_at <= 200.0
    assert times.ended_at is not None
    assert times.ended_at <= 200.0
    assert times.deadline is not None
    assert times.deadline <= 200.0 + 70.0, "70 s were given"


def test_a_clock_that_was_set_forward_looks_like_a_long_absence() -> None:
    """What is late by the clock is late: nothing waits for longer than was asked for."""
    times = Clock(200.0, BEFORE.wall + 3_600.0).recall(row(160.0))
    assert times.deadline is not None
    assert times.deadline < 200.0
    assert times.ended_at == pytest.approx(200.0 - 3_605.0)
