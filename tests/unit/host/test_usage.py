"""The arithmetic between two readings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.host.cputimes import CpuTime, ProcessTime
from supervisor.host.usage import (
    busy_percent,
    foreign_percent,
    kernel_elapsed,
    mean_percent,
    pool_demand,
    stand_in_waits,
    worker_percent,
    worker_seconds,
)

LOAD = st.floats(0, 100)
LEASES = st.dictionaries(
    st.integers(1, 6), st.lists(st.integers(0, 7), min_size=1, max_size=4).map(tuple), max_size=4
)
TIMES = st.dictionaries(
    st.integers(0, 3), st.builds(CpuTime, st.integers(0, 1000), st.integers(0, 1000)), max_size=4
)


def test_busy_of_one_cpu() -> None:
    """A quarter of the ticks were busy."""
    assert busy_percent({0: CpuTime(10, 20)}, {0: CpuTime(35, 120)}) == {0: 25.0}


@given(before=TIMES, after=TIMES)
def test_busy_stays_within_bounds(before: dict[int, CpuTime], after: dict[int, CpuTime]) -> None:
    """Counters that step back, stand still, come or go never give a load outside 0–100."""
    busy = busy_percent(before, after)
    assert all(0 <= load <= 100 for load in busy.values())
    assert busy.keys() <= before.keys() & after.keys()


def test_kernel_elapsed_ignores_one_odd_cpu() -> None:
    """The median CPU tells the time, so that one stale counter does not."""
    before = {cpu: CpuTime(0, 0) for cpu in range(3)}
    after = {0: CpuTime(50, 100), 1: CpuTime(0, 100), 2: CpuTime(0, 9)}
    assert kernel_elapsed(before, after) == 1.0
    assert kernel_elapsed(before, before) is None
    assert kernel_elapsed({}, after) is None


def test_a_reused_pid_is_another_process() -> None:
    """A process with the same pid but another start has no time yet that could be told."""
    before = {1: ProcessTime(100, 5000), 2: ProcessTime(100, 10)}
    after = {1: ProcessTime(900, 40), 2: ProcessTime(100, 60), 3: ProcessTime(5, 5)}
    assert worker_seconds(before, after) == {2: 0.5}


def test_pool_is_over_the_cores_of_the_workers_measured() -> None:
    """Two busy cores of three leased; a worker without a reading adds to neither part."""
    leases = {1: (0, 1), 2: (2,), 3: (3, 4)}
    demand = pool_demand({1: 2.0, 2: 0.0}, {}, leases, 1.0, {})
    assert demand is not None
    assert demand.wanted == pytest.approx(200 / 3)
    assert demand.starved == 0
    assert pool_demand({}, {}, leases, 1.0, {}) is None
    assert worker_percent({1: 1.0, 2: 5.0}, leases, 1.0) == {1: 50.0, 2: 100.0}


@pytest.mark.parametrize(
    ("used", "waited", "foreign", "wanted", "starved"),
    [
        (0.25, 0.75, 75.0, 100.0, 75.0),
        (0.05, 0.05, 95.0, 10.0, 5.0),
        (0.0, 0.0, 100.0, 0.0, 0.0),
        (0.5, 0.0, 50.0, 50.0, 0.0),
        (0.5, 0.5, 0.0, 100.0, 0.0),
        (0.5, 3.0, 20.0, 100.0, 20.0),
    ],
    ids=["starved", "nearly idle", "idle", "no waiting", "a quota", "own threads wait too"],
)
def test_a_stranger_on_our_core_neither_hides_our_load_nor_adds_to_it(
    used: float, waited: float, foreign: float, wanted: float, starved: float
) -> None:
    """What was used and waited for is wanted, at most the core; strangers had what they used."""
    demand = pool_demand({1: used}, {1: waited}, {1: (0,)}, 1.0, {0: foreign, 7: 90.0})
    assert demand is not None
    assert (demand.wanted, demand.starved) == pytest.approx((wanted, starved))


def test_a_wide_worker_that_scales_badly_waits_for_nobody() -> None:
    """One segment on four cores uses half of them, and nobody had the rest: half is wanted."""
    leases = {1: (0, 1, 2, 3)}
    free = dict.fromkeys(range(4), 0.0)
    assert stand_in_waits({1: 2.0}, leases, 1.0, free, running=1.0, throttled=0.0) == {1: 0.0}
    busy = {**free, 3: 60.0}
    waits = stand_in_waits({1: 2.0}, leases, 1.0, busy, running=1.0, throttled=0.0)
    assert waits == {1: pytest.approx(0.6)}


def test_mean_over_what_is_known() -> None:
    """Cores without a reading are left out of the mean."""
    assert mean_percent({0: 10.0, 1: 30.0}, [0, 1, 2]) == 20.0
    assert mean_percent({}, [0]) is None


def test_foreign_is_what_the_pool_did_not_use() -> None:
    """A stranger on core 1 shows there; the worker's own core shows none."""
    foreign = foreign_percent({0: 100.0, 1: 90.0}, {7: 1.0}, {7: (0,)}, {7: (0,)}, 1.0)
    assert foreign == {0: 0.0, 1: 90.0}


def test_one_busy_thread_of_a_wide_worker_is_no_stranger() -> None:
    """A worker with two cores that runs one thread: its busy core is its own, all of it."""
    foreign = foreign_percent({0: 100.0, 1: 0.0}, {7: 1.0}, {7: (0, 1)}, {7: (0, 1)}, 1.0)
    assert foreign == {0: 0.0, 1: 0.0}


def test_a_moved_worker_is_no_stranger_on_its_old_core() -> None:
    """Time spent before a re-pin lies on the old core and is still the pool's own."""
    foreign = foreign_percent({0: 60.0, 1: 40.0}, {7: 1.0}, {7: (0,)}, {7: (1,)}, 1.0)
    assert foreign == pytest.approx({0: 0.0, 1: 0.0})


def test_cores_of_a_worker_without_a_reading_are_unknown() -> None:
    """A worker that has just come or gone must not pass for a stranger."""
    busy = {0: 100.0, 1: 100.0, 2: 50.0}
    assert foreign_percent(busy, {}, {7: (0,)}, {8: (1,)}, 1.0) == {2: 50.0}


@given(
    busy=st.dictionaries(st.integers(0, 7), LOAD),
    before=LEASES,
    after=LEASES,
    used=st.dictionaries(st.integers(1, 6), st.floats(0, 50)),
    waited=st.dictionaries(st.integers(1, 6), st.floats(0, 500)),
    running=st.floats(0, 10),
    throttled=st.floats(0, 10),
    elapsed=st.floats(0.05, 100),
)
def test_foreign_stays_within_the_load(
    busy: dict[int, float],
    before: dict[int, tuple[int, ...]],
    after: dict[int, tuple[int, ...]],
    used: dict[int, float],
    waited: dict[int, float],
    running: float,
    throttled: float,
    elapsed: float,
) -> None:
    """Whatever the leases and times, strangers use between nothing and the core's whole load, and
    workers want between nothing and their cores, of which strangers had a part.
    """
    seconds = {pid: value for pid, value in used.items() if pid in after}
    foreign = foreign_percent(busy, seconds, before, after, elapsed)
    assert all(0 <= load <= busy[cpu] for cpu, load in foreign.items())
    instead = stand_in_waits(seconds, after, elapsed, foreign, running, throttled)
    assert all(seconds >= 0 for seconds in instead.values())
    for waits in (waited, instead):
        demand = pool_demand(seconds, waits, after, elapsed, foreign)
        assert demand is None or 0 <= demand.starved <= demand.wanted + 1e-6 <= 100 + 2e-6
