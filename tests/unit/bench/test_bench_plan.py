"""Which arms a measurement has, and how its rounds become figures."""

from __future__ import annotations

import pytest

from supervisor.bench import plan


def test_thread_counts_are_powers_of_two_and_all_cores() -> None:
    """Few arms on a large machine; one on a machine with one core."""
    assert plan.thread_counts(1) == (1,)
    assert plan.thread_counts(2) == (1, 2)
    assert plan.thread_counts(20) == (1, 2, 4, 8, 16, 20)


def test_arms_are_compared_within_their_round() -> None:
    """A machine that is half as fast in one round changes no ratio."""
    rounds = [
        plan.Round({1: 1.0 * slow, 2: 0.5 * slow}, (1.25 * slow, 1.25 * slow))
        for slow in (1.0, 2.0, 1.0)
    ]
    assert plan.speedups(rounds) == {1: 1.0, 2: 2.0}
    assert plan.crowd(rounds).workers == 2
    assert plan.crowd(rounds).throughput == pytest.approx(1.6)
    assert plan.seconds_per_character(rounds) == pytest.approx(1.0 / plan.CHARACTERS)


def test_the_crowd_fits_into_memory() -> None:
    """One worker for each core, fewer where they would not fit, never none."""
    assert plan.crowd_size(8, None, 100) == 8
    assert plan.crowd_size(8, 10_000, 100) == 8
    assert plan.crowd_size(8, 300, 100) == 4
    assert plan.crowd_size(8, 0, 100) == 1
    assert plan.crowd_size(8, 300, 0) == 8
