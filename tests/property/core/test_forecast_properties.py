"""Whatever is measured, whatever time it is: a forecast stays within what it may say."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from supervisor.core.allocation.forecast import Forecaster, ForecastPolicy
from supervisor.core.allocation.judgement import MOST_SPENT, Judgement
from supervisor.core.allocation.learned import MAX_BYTES, encode, restore
from supervisor.core.allocation.policy import Sampled
from supervisor.core.allocation.seasons import MOST_LOAD, WEEK, Seasons
from tests.fixtures.days import MONDAY
from tests.fixtures.defaults import policy_with

POLICY = policy_with(max_cores=16)
SOON = ForecastPolicy(acts=True, learn_days=5 / 1440)

looks = st.tuples(
    st.sampled_from([10.0, 10.0, 10.0, 1.0, 60.0, 3000.0, 90_000.0, -30.0, -9000.0, 0.0]),
    st.none() | st.floats(0, 100) | st.floats(allow_nan=True, allow_infinity=True),
    st.none() | st.integers(0, 4096),
    st.sampled_from([0.0, 1.0, 100.0, 1e6]),
    st.sampled_from([0.0, 1.0, 50.0]),
    st.booleans(),
)


@settings(max_examples=20)  # Each writes and reads the tables of a week, twice.
@given(st.lists(looks, min_size=30, max_size=120), st.integers(0, 16))
def test_it_never_fails_nor_says_what_cannot_be(
    seen: list[tuple[float, float | None, int | None, float, float, bool]], raised: int
) -> None:
    """Loads from none to MOST_LOAD, cores that are none or some, and a file that is its own."""
    forecaster = Forecaster(SOON, lambda minute: minute % WEEK)
    now = at = MONDAY
    for step, used, leased, waiting, finished, building in seen:
        now, at = now + max(0.0, step), at + step
        sample = Sampled(
            now, used, 16, leased=leased, waiting=waiting, finished=finished, building=building
        )
        forecaster.observe(sample, at, POLICY, 1 + raised)
        forecaster.acted(1, 1 + raised)
        assert forecaster.floor(at, POLICY) >= 0
        assert all(load is None or 0 <= load <= MOST_LOAD for load in forecaster.ahead(at))
        assert forecaster.spent_s >= 0
    data = encode(forecaster)
    assert len(data) <= MAX_BYTES
    other = Forecaster(SOON, lambda minute: minute % WEEK)
    restore(other, data)
    assert encode(other) == data


@given(st.lists(st.tuples(st.floats(0, 64), st.floats(0, 64), st.floats(0, 64)), max_size=200))
def test_it_is_never_trusted_where_it_lost_as_much_as_expecting_no_change(
    minutes: list[tuple[float, float, float]],
) -> None:
    """Over the day that is judged, however it went."""
    judgement = Judgement()
    for _ in range(7):
        for foretold, naive, load in minutes:
            judgement.judge(foretold, naive, load)
    ratio = judgement.ratio
    if judgement.standing == "trusted":
        assert ratio is not None
        assert ratio < 0.95
        assert sum(hour.minutes for hour in judgement.hours) >= 1296


@given(st.lists(st.tuples(st.floats(1, 64), st.floats(0, 64)), min_size=1, max_size=50))
def test_what_was_spent_is_a_hundredth_or_no_more_is(seconds: list[tuple[float, float]]) -> None:
    """Of what was held of late."""
    judgement = Judgement()
    for _ in range(1440):
        judgement.judge(1.0, 2.0, 1.0)
    for held, spent in seconds:
        judgement.account(held * 60.0, spent * 60.0, 60.0)
        assert (judgement.spent_s > MOST_SPENT * judgement.held_s) == (
            judgement.standing == "costly"
        )


@given(st.lists(st.tuples(st.integers(0, WEEK - 1), st.floats(0, 1e9)), max_size=100))
def test_what_a_minute_brings_is_between_what_it_brought(seen: list[tuple[int, float]]) -> None:
    """The least and the most of all minutes."""
    seasons = Seasons()
    for minute, load in seen:
        seasons.learn(minute, load)
    loads = [min(load, MOST_LOAD) for _, load in seen]
    for minute, _ in seen:
        expected = seasons.expected(minute)
        assert expected is not None
        assert min(loads) - 1e-3 <= expected * (1 + 1e-6) + 1e-3
        assert expected <= max(loads) * (1 + 1e-6) + 1e-3
