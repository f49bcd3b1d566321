"""How many workers the leased cores make, and when that is worth a change."""

from __future__ import annotations

import pytest

from supervisor.core.allocation.policy import Policy, ThreadsPerWorker
from supervisor.core.allocation.shape import (
    WorkerShaper,
    even_split,
    fixed_split,
    frozen_split,
)
from tests.fixtures.defaults import policy_with

BUILD_S = 0.5


def after(
    shaper: WorkerShaper,
    demand: float,
    *,
    cores: int = 8,
    start: float = 0.0,
    seconds: int = 120,
    build_s: float = BUILD_S,
) -> tuple[int, ...]:
    """The split after `seconds` of a constant demand, decided once a second."""
    split: tuple[int, ...] = ()
    for step in range(seconds):
        split = shaper.decide(start + step, cores, demand, build_s)
    return split


def shaper(threads: ThreadsPerWorker = "auto", policy: Policy | None = None) -> WorkerShaper:
    """A fresh one with the default policy."""
    return WorkerShaper(policy or policy_with(), threads)


@pytest.mark.parametrize(
    ("demand", "expected"),
    [
        (0.0, (8,)),
        (1.0, (8,)),
        (2.0, (4, 4)),
        (3.0, (3, 3, 2)),
        (5.0, (2, 2, 2, 1, 1)),
        (8.0, (1,) * 8),
        (500.0, (1,) * 8),
    ],
)
def test_auto_follows_the_demand(demand: float, expected: tuple[int, ...]) -> None:
    """From one wide worker for one segment to a single-threaded worker per core for many."""
    assert after(shaper(), demand) == expected


@pytest.mark.parametrize(
    ("demand", "expected"),
    [(1.0, (12,)), (3.0, (2,) + (1,) * 10), (40.0, (2,) + (1,) * 10)],
)
def test_cores_that_come_while_segments_wait_come_in_workers_of_their_own(
    demand: float, expected: tuple[int, ...]
) -> None:
    """Two cores in one worker become twelve: it stays one for a segment at a time, and where more
    segments than workers are there each new core speaks for itself, before a smoothed demand asks.
    """
    made = shaper()
    assert after(made, 1.0, cores=2) == (2,)
    assert made.decide(120.0, 12, demand, BUILD_S) == expected


@pytest.mark.parametrize(
    ("cores", "threads", "expected"),
    [(8, 2, (2, 2, 2, 2)), (7, 2, (2, 2, 2, 1)), (3, 4, (3,)), (5, 1, (1,) * 5)],
)
def test_fixed_is_kept_and_no_core_idles(
    cores: int, threads: int, expected: tuple[int, ...]
) -> None:
    """threads_per_worker as a number: that many each, the rest in one smaller worker."""
    assert after(shaper(threads), 50.0, cores=cores, seconds=1) == expected
    assert fixed_split(cores, threads) == expected


def test_without_onnx_integration_thread_counts_stay() -> None:
    """Switched off, workers come and go whole; switched on, the same demand rebuilds sessions."""
    off = policy_with(onnx_integration=False)
    for policy, expected in ((off, (4, 4, 1, 1)), (policy_with(), (5, 5))):
        one = shaper()
        assert after(one, 2.0) == (4, 4)
        one.configure(policy, "auto")
        assert after(one, 2.0, cores=10, start=200) == expected
    assert after(shaper(policy=off), 1.0) == (1,) * 8
    assert after(shaper(2, off), 1.0) == (2, 2, 2, 2)
    assert frozen_split(7, (4, 4)) == (4, 1, 1, 1)
    assert frozen_split(3, (4, 4)) == (1, 1, 1)


def test_a_change_waits_for_the_cooldown() -> None:
    """However great the demand, a new split does not follow a change within the cooldown."""
    one = shaper(policy=policy_with(allocation_cooldown=30.0))
    assert after(one, 0.0, seconds=1) == (8,)
    assert after(one, 8.0, start=1, seconds=29) == (8,)
    assert after(one, 8.0, start=30, seconds=2) == (1,) * 8


def test_a_change_pays_for_itself() -> None:
    """Two segments instead of one leave half of the cores in poor use: a rebuild of 20 s of work
    is worth it after 40 s, one of half a second as soon as the demand is clear.
    """

    def wait_until_changed(build_s: float) -> int:
        one = shaper()
        after(one, 1.0, seconds=100)
        return next(
            step for step in range(1000) if one.decide(100.0 + step, 8, 2.0, build_s) == (4, 4)
        )

    assert wait_until_changed(0.5) < 20
    assert 40 <= wait_until_changed(20.0) < 60


def test_demand_between_two_splits_changes_nothing() -> None:
    """A demand that wavers about a whole number of segments does not rebuild sessions."""
    one = shaper()
    after(one, 2.0)
    splits = {
        one.decide(200.0 + step, 8, 2.1 if step % 30 < 15 else 1.4, BUILD_S) for step in range(600)
    }
    assert splits == {(4, 4)}


def test_a_demand_that_swings_rebuilds_ever_more_rarely() -> None:
    """Swinging between one and eight segments for two hours: the wait grows with each regret."""
    one = shaper()
    changes = []
    before = one.decide(0.0, 8, 1.0, BUILD_S)
    for step in range(1, 7200):
        split = one.decide(float(step), 8, 1.0 if step % 80 < 40 else 8.0, BUILD_S)
        if split != before:
            changes.append(step)
        before = split
    early = [step for step in changes if step < 1200]
    late = [step for step in changes if step >= 6000]
    assert len(early) > 2 * len(late)


def test_more_cores_join_as_workers_where_the_demand_is_for_them() -> None:
    """A core more under high demand is a worker more, not a session rebuilt."""
    one = shaper()
    after(one, 50.0, cores=4)
    assert one.decide(200.0, 5, 50.0, BUILD_S) == (1,) * 5


def test_fewer_cores_leave_as_workers() -> None:
    """A core less takes a single-threaded worker away and leaves the others alone."""
    one = shaper()
    after(one, 50.0, cores=4)
    assert one.decide(200.0, 3, 3.0, BUILD_S) == (1,) * 3


def test_a_core_more_for_one_segment_widens_the_worker() -> None:
    """With one segment in flight the worker grows with the lease."""
    one = shaper()
    after(one, 1.0, cores=4)
    assert one.decide(200.0, 5, 1.0, BUILD_S) == (5,)


def test_even_split_is_even() -> None:
    """Sizes differ by at most one, the larger ones first."""
    assert even_split(10, 4) == (3, 3, 2, 2)
