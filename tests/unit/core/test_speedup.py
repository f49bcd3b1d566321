"""A table of measured speed-ups for any number of threads, and what shapes make of it."""

from __future__ import annotations

import pytest

from supervisor.core.allocation.shape import WorkerShaper
from supervisor.core.allocation.speedup import Speedup, best_of
from tests.fixtures.defaults import policy_with


def test_between_the_points_lines_and_amdahl_beyond() -> None:
    """2 threads 1.8, 4 threads 3: three lie between; eight follow from the share that divides."""
    table = Speedup({1: 1.0, 2: 1.8, 4: 3.0})
    assert [table.of(threads) for threads in (1, 2, 4)] == [1.0, 1.8, 3.0]
    assert table.of(3) == pytest.approx(2.4)
    assert table.parallel == pytest.approx((1 - 1 / 3) / (1 - 1 / 4))
    assert table.of(8) == pytest.approx(1 / (1 - table.parallel + table.parallel / 8))
    assert table.of(10_000) < 9.01


def test_a_share_becomes_a_table() -> None:
    """Half of the work divided: 4/3 with two threads, twice at best; nonsense is held within."""
    half = Speedup.of_share(0.5)
    assert [half.of(threads) for threads in (1, 2)] == [1.0, pytest.approx(4 / 3)]
    assert half.of(10_000) == pytest.approx(2.0, rel=1e-3)
    assert Speedup.of_share(-1.0).of(8) == 1.0
    assert Speedup.of_share(7.0).of(8) == pytest.approx(8.0)


def test_a_loss_by_more_threads_counts_as_no_gain() -> None:
    """SMT siblings, or noise: a table that falls is taken as flat, one without gain as one."""
    assert Speedup({1: 1.0, 2: 1.5, 4: 1.2}).of(4) == 1.5
    assert [Speedup({2: 0.7}).of(threads) for threads in (1, 2, 64)] == [1.0, 1.0, 1.0]
    assert [Speedup({}).of(threads) for threads in (1, 8)] == [1.0, 1.0]


def test_useful_threads_are_the_fewest_that_are_nearly_as_fast() -> None:
    """Where eight threads gain 5 % over four, four are useful."""
    table = Speedup({1: 1.0, 2: 1.9, 4: 3.0, 8: 3.1})
    assert [table.useful(cores) for cores in (1, 2, 4)] == [1, 2, 4]
    assert table.useful(8) <= 4
    assert Speedup({8: 8.0}).useful(8) == 8


def test_engines_that_share_workers_are_served_by_the_one_that_gains_most() -> None:
    """Nobody is slowed down because a neighbour has no use for threads."""
    flat, steep = Speedup({2: 1.0}), Speedup({2: 1.5, 4: 3.0})
    both = best_of([flat, steep])
    assert both is not None
    assert [both.of(threads) for threads in (2, 4)] == [1.5, 3.0]
    assert best_of([]) is None


def test_workers_get_no_more_threads_than_are_worth_having() -> None:
    """One segment at a time on eight cores: eight threads where they help, else more workers."""
    for table, expected in (
        (None, (8,)),
        ({8: 7.0}, (8,)),
        ({2: 1.8, 4: 3.0, 8: 3.1}, (4, 4)),
        ({2: 0.8, 8: 0.5}, (1,) * 8),
    ):
        shaper = WorkerShaper(policy_with(), "auto")
        shaper.speedup = None if table is None else Speedup(table)
        assert shaper.decide(0.0, 8, 1.0, 0.5) == expected


def test_a_wider_worker_pays_for_itself_by_what_it_really_gains() -> None:
    """From eight workers to one: the less the threads gain, the later the sessions are rebuilt."""

    def rebuilt_at(gain: float) -> int:
        shaper = WorkerShaper(policy_with(), "auto")
        shaper.speedup = Speedup({8: gain})
        for step in range(60):
            shaper.decide(float(step), 8, 8.0, 20.0)
        return next(
            step for step in range(60, 600) if len(shaper.decide(float(step), 8, 0.5, 20.0)) < 8
        )

    assert rebuilt_at(1.3) > rebuilt_at(7.0)
