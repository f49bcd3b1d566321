"""Deadlines do not depend on what a host thinks that the time is."""

from __future__ import annotations

import pytest

from supervisor.core.fleet.clock import QueueClock, left_s


@pytest.mark.parametrize("skew", [-60.0, 0.0, 60.0, 3600.0])
def test_a_deadline_holds_by_the_queues_clock(skew: float) -> None:
    """Whoever hands in and whoever speaks may both be a minute off, one each way."""
    clock = QueueClock()
    assert clock.offset_s is None
    true = 1_000_000.0
    for delay in (0.3, 0.002, 0.1):
        own = true + skew
        clock.heard(own, own + delay, true + delay / 2)
    assert clock.offset_s == pytest.approx(-skew, abs=1e-6)
    assert clock.uncertain_s == pytest.approx(0.001, abs=1e-6)
    left = left_s(
        deadline_ms=int((true - skew + 30) * 1000),
        submitted_ms=int((true - skew) * 1000),
        stored_at=true + 0.001,
        queue_now=clock.now(true + 10 + skew),
    )
    assert left == pytest.approx(20, abs=0.01)


def test_an_old_answer_is_forgotten() -> None:
    """A clock that was set is seen within as many answers as are remembered."""
    clock = QueueClock()
    clock.heard(0.0, 0.001, 50.0)
    for at in range(16):
        clock.heard(at, at + 0.1, at + 0.05)
    assert clock.offset_s == pytest.approx(0.0, abs=1e-6)


def test_a_clock_that_was_set_back_while_we_waited_says_nothing() -> None:
    """The answer seems to have come before it was asked for."""
    clock = QueueClock()
    clock.heard(100.0, 40.0, 100.0)
    assert clock.offset_s is None
    assert clock.now(5.0) == 5.0


def test_a_job_without_a_deadline_has_none() -> None:
    """And one from a queue whose clock went back is as old as new."""
    none = left_s(deadline_ms=None, submitted_ms=0, stored_at=0.0, queue_now=1e9)
    assert none is None
    assert left_s(deadline_ms=5000, submitted_ms=0, stored_at=9.0, queue_now=0.0) == 5.0
