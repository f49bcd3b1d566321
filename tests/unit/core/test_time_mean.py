"""A number that jumps is averaged over time, not over looks."""

from __future__ import annotations

import pytest

from supervisor.core.allocation.time_mean import TimeMean


def test_each_value_counts_for_as_long_as_it_held() -> None:
    """Three for one second and seven for three: six, whenever one looks."""
    mean = TimeMean(100.0, 3.0)
    mean.observe(101.0, 7.0)
    assert mean.take(104.0) == pytest.approx(6.0)
    assert mean.take(106.0) == pytest.approx(7.0)


def test_a_load_in_step_with_the_looks_reads_the_same_at_any_offset() -> None:
    """Busy for the first half of each second: a half, and never all or nothing."""
    for offset in (0.0, 0.25, 0.5, 0.75):
        mean = TimeMean(0.0)
        readings = []
        for second in range(4):
            events = [(float(second), 1.0), (second + 0.5, 0.0)]
            for at, value in events:
                if at > second + offset:
                    break
                mean.observe(at, value)
            readings.append(mean.take(second + offset))
            for at, value in events:
                if at > second + offset:
                    mean.observe(at, value)
        assert readings[1:] == pytest.approx([0.5] * 3)


def test_no_time_and_time_that_steps_back_do_no_harm() -> None:
    """Without time the value itself; a clock that steps back adds nothing."""
    mean = TimeMean(10.0, 2.0)
    assert mean.take(10.0) == 2.0
    mean.observe(5.0, 4.0)
    assert mean.take(9.0) == 4.0
    assert mean.take(10.0) == pytest.approx(4.0)
