"""The forecast: what it learns, when it is trusted, and when it has cores be there."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from supervisor.core.allocation.forecast import Forecaster, ForecastPolicy
from supervisor.core.allocation.judgement import Standing
from supervisor.core.allocation.learned import encode, restore
from supervisor.core.allocation.policy import Sampled
from tests.fixtures.days import DAY_S, MONDAY, Days, Load, alarms, nightly, rest
from tests.fixtures.defaults import policy_with

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture(scope="module")
def learned() -> bytes:
    """Three days of alarms, as a file has them."""
    days = Days()
    days.watch(alarms, 3)
    return encode(days.forecaster)


def after_alarms(learned: bytes, forecast: ForecastPolicy | None = None) -> Days:
    """Days that go on after those, with nothing lost."""
    days = Days(start=MONDAY + 3 * DAY_S, forecast=forecast)
    restore(days.forecaster, learned)
    return days


def standing(days: Days) -> Standing:
    """What it is worth now."""
    return days.forecaster.standing


def test_an_alarm_each_hour_is_learned_in_a_day_and_acted_on_after_another() -> None:
    """Nothing is asked for while it learns, nor while it is held against what happens."""
    days = Days()
    days.watch(alarms, 0.9)
    assert standing(days) == "learning"
    assert days.forecaster.ahead(days.now) == [None] * 15
    days.watch(alarms, 0.2)
    assert standing(days) == "judged"
    assert max(load for load in days.forecaster.ahead(days.now, 60) if load) == pytest.approx(10.5)
    days.watch(alarms, 0.8)
    assert days.floors == []
    days.watch(alarms, 0.2)
    assert standing(days) == "trusted"
    assert days.floors
    # Only in the first minute of an hour; no look of the ten seconds is within its lead.
    assert {at % 3600 for at, _ in days.floors} == set(range(0, 60, 10))
    assert {cores for _, cores in days.floors} == {14}  # 10.5 cores at 75 %


def test_the_lead_is_how_much_earlier_it_asks(learned: bytes) -> None:
    """`lead_s`: none before the minute with 0, a minute and a half with 90."""
    firsts = []
    for lead in (0.0, 90.0):
        days = after_alarms(learned, ForecastPolicy(lead_s=lead))
        days.watch(alarms, 0.9 / 24)
        days.floors.clear()
        days.watch(alarms, 0.2 / 24)
        firsts.append(min(at for at, _ in days.floors) % 3600)
    assert firsts == [0.0, 3510.0]


def test_the_margin_is_added_by_its_error(learned: bytes) -> None:
    """`margin`: with an error of a core, three times it is four cores more at 75 %."""
    asked = []
    for margin in (0.0, 3.0):
        days = after_alarms(learned, ForecastPolicy(margin=margin))
        days.forecaster.error = 1.0
        days.watch(alarms, 0.1 / 24)
        asked.append(days.forecaster.cores(10.5, days.policy))
    assert asked == [14, 18]


def test_nothing_is_foretold_before_learn_days() -> None:
    """`learn_days`: half a day is enough where it is set so, and not by default."""
    for learn, knows in ((0.5, True), (1.0, False)):
        days = Days(forecast=ForecastPolicy(learn_days=learn))
        days.watch(alarms, 0.6)
        assert days.forecaster.knows is knows


def test_one_that_only_advises_asks_for_nothing(learned: bytes) -> None:
    """It is trusted all the same, and says what comes."""
    days = after_alarms(learned)
    days.forecaster.policy = ForecastPolicy(acts=False)
    days.watch(alarms, 0.2)
    assert days.forecaster.standing == "trusted"
    assert days.forecaster.judgement.rises == 24 + 24 + 5
    assert days.floors == []


def test_what_is_no_better_than_expecting_no_change_is_not_trusted() -> None:
    """A load that stays is foretold as well by saying so."""
    days = Days()
    days.watch(rest, 3)
    assert days.forecaster.judgement.ratio is None
    assert days.forecaster.standing == "no_better"


def test_a_day_that_goes_otherwise_ends_the_trust(learned: bytes) -> None:
    """Alarms move by half an hour: what was learned loses as much as it ever won."""
    days = after_alarms(learned)
    days.watch(lambda at: alarms(at + 1800), 1)
    assert days.forecaster.standing == "no_better"
    assert (days.forecaster.judgement.ratio or 0) >= 0.95


def test_in_a_holiday_two_alarms_are_waited_for_and_no_more(learned: bytes) -> None:
    """The first that comes again has it act on the next."""
    days = after_alarms(learned)
    days.watch(rest, 0.5)
    assert {minute[3:] for minute in days.asked_on(MONDAY)} == {"00:00", "01:00"}
    assert days.forecaster.standing == "missed"
    days.floors.clear()
    days.watch(alarms, 0.1)
    assert {minute[3:] for minute in days.asked_on(MONDAY)} == {"13:00", "14:00"}


def test_a_gap_of_more_than_an_hour_has_it_judged_anew(learned: bytes) -> None:
    """Of less it has not; what was learned stays in both cases."""
    for gap_s, standing in ((3000.0, "trusted"), (4000.0, "judged")):
        days = after_alarms(learned)
        days.watch(alarms, 0.1)
        days.now += gap_s
        days.watch(alarms, 0.05)
        assert days.forecaster.standing == standing
        assert days.forecaster.ahead(days.now)[0] is not None


def test_a_nightly_batch_is_there_by_its_first_minute_alone() -> None:
    """Later the pool has it anyway, and one that ends earlier is no rise that did not come."""
    days = Days()
    days.watch(nightly, 4)
    short: Load = lambda at: nightly(at) if at % DAY_S < 8880 else 0.5  # noqa: E731
    days.watch(short, 1)
    assert {minute[3:] for minute in days.asked_on(MONDAY)} <= {"01:59", "02:00"}
    assert days.forecaster.judgement.misses == 0
    assert days.forecaster.standing == "trusted"


def test_a_rise_in_the_midst_of_a_minute_is_left_to_the_queue() -> None:
    """Alarms at half past the minute: when in it they come is not known, and none is acted on."""
    days = Days()
    days.watch(lambda at: alarms(at - 30), 3)
    assert days.forecaster.standing == "trusted"
    assert (days.floors, days.forecaster.judgement.rises) == ([], 0)


def test_weekends_are_known_after_two_of_them() -> None:
    """Alarms on weekdays only; on the third Saturday none is waited for."""

    def load(at: float) -> float:
        return alarms(at) if datetime.fromtimestamp(at, UTC).weekday() < 5 else 0.5

    days = Days(step_s=60.0)
    days.watch(load, 19)
    days.floors.clear()
    days.watch(load, 3)
    asked = days.asked_on(MONDAY)
    assert not {minute for minute in asked if minute[:2] in {"19", "20"}}
    assert "21 05:00" in asked  # The Monday after.


@pytest.mark.parametrize(
    "change", [datetime(2026, 10, 25, tzinfo=UTC), datetime(2027, 3, 28, tzinfo=UTC)]
)
def test_what_returns_by_the_wall_clock_returns_when_the_clocks_change(change: datetime) -> None:
    """A batch at seven in Berlin is an hour later or earlier in UTC, and is foretold there."""

    def load(at: float) -> float:
        return 0.5 + 8.0 * (datetime.fromtimestamp(at, BERLIN).hour == 7)

    days = Days(BERLIN, start=change.timestamp() - 4 * DAY_S)
    days.watch(load, 4)
    days.floors.clear()
    days.watch(load, 1)
    seven = datetime(change.year, change.month, change.day, 7, tzinfo=BERLIN).timestamp()
    assert {at // 60 for at, _ in days.floors} <= {seven // 60, seven // 60 - 1}
    assert seven in {at for at, _ in days.floors}


def test_cores_for_nothing_are_counted_and_end_it_where_they_are_many(learned: bytes) -> None:
    """Ten cores for a minute, and nobody came; more than a hundredth of all is too much."""
    days = after_alarms(learned)
    days.watch(rest, 0.01)
    before = days.forecaster.spent_s
    days.cores = 12
    days.forecaster.acted(2, 12)
    days.watch(rest, 60 / DAY_S)
    assert days.forecaster.spent_s - before == pytest.approx(600.0)
    days.cores = 2
    days.watch(rest, 600 / DAY_S)
    assert days.forecaster.spent_s - before == pytest.approx(600.0)
    days.cores = 16
    days.forecaster.acted(2, 16)
    days.watch(rest, 0.1)
    days.forecaster.judgement.misses = 0
    assert standing(days) == "costly"


def test_cores_that_the_load_took_cost_nothing(learned: bytes) -> None:
    """They would have come anyway."""
    days = after_alarms(learned)
    days.cores = 15
    days.forecaster.acted(2, 15)
    before = days.forecaster.spent_s
    days.watch(lambda _: 11.0, 60 / DAY_S)
    assert days.forecaster.spent_s == before


def test_the_load_is_what_came_not_what_a_full_pool_did() -> None:
    """Two cores that are full, and a queue that grows by a core's work: three cores of load."""
    forecaster = Forecaster(ForecastPolicy(), lambda minute: minute % 10_080)
    policy = policy_with(max_cores=2)
    for second in range(0, 181, 5):
        sample = Sampled(
            float(second), 100.0, 2, waiting=5 * second / 5 / 2.0, finished=5.0, demand=9.0
        )
        forecaster.observe(sample, 60_000.0 + second, policy, 2)
    # 10 core-seconds in 5 s end 5 segments: 2 s each; half a segment a second waits more.
    assert forecaster.load == pytest.approx(3.0, abs=0.05)


@pytest.mark.parametrize("used", [None, float("nan"), float("inf")])
def test_what_could_not_be_measured_teaches_nothing(used: float | None) -> None:
    """A minute of it is unknown, and no load of none."""
    forecaster = Forecaster(ForecastPolicy(), lambda minute: minute % 10_080)
    for second in range(0, 200, 5):
        forecaster.observe(Sampled(float(second), used, 2), 60_000.0 + second, policy_with(), 2)
    assert (forecaster.minutes, forecaster.load) == (0, None)


def test_a_clock_that_is_set_back_or_leaps_asks_for_nothing_wrong(learned: bytes) -> None:
    """Whatever time it is said to be, it only learns whole minutes that it saw."""
    days = after_alarms(learned)
    days.watch(alarms, 0.05)
    known = days.forecaster.minutes
    for leap in (-7200.0, 86_400.0 * 400, -86_400.0 * 800):
        days.now += leap
        days.watch(rest, 50 / DAY_S)
        assert days.forecaster.floor(days.now, days.policy) == 0
    assert days.forecaster.minutes <= known + 3
