"""Windows of time on the days that are not like the others."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from supervisor.config.sections.profiles import parse
from supervisor.config.windows import DAY_S, Window, meet

BERLIN = ZoneInfo("Europe/Berlin")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")


def window(**written: object) -> Window:
    """The window of a profile that is written so."""
    return parse([{"name": "it", "set": {"http": {}}, **written}])[0].window


def instant(text: str) -> float:
    """Unix seconds of a time in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def spans(window: Window, start: str, days: float = 1) -> list[tuple[str, str]]:
    """Begin and end of each span within these days, in UTC."""
    begin = instant(start)
    found = window.spans(begin, begin + days * DAY_S)
    return [(_utc(since), _utc(until)) for since, until in found]


def _day_before(day: str) -> date:
    return date.fromisoformat(day) - timedelta(days=1)


def _utc(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%m-%d %H:%M")


@pytest.mark.parametrize(
    ("zone", "day", "hours", "expected"),
    [
        # Berlin goes from 02:00 to 03:00 at 01:00 UTC.
        ("Europe/Berlin", "2026-03-29", ("02:30", "04:00"), [("03-29 01:00", "03-29 02:00")]),
        ("Europe/Berlin", "2026-03-29", ("02:10", "02:50"), []),
        ("Europe/Berlin", "2026-03-29", ("00:30", "02:30"), [("03-28 23:30", "03-29 01:00")]),
        # It goes back from 03:00 to 02:00 at 01:00 UTC: from 02:00 to 03:00 comes twice.
        (
            "Europe/Berlin",
            "2026-10-25",
            ("02:15", "02:45"),
            [("10-25 00:15", "10-25 00:45"), ("10-25 01:15", "10-25 01:45")],
        ),
        ("Europe/Berlin", "2026-10-25", ("01:30", "03:30"), [("10-24 23:30", "10-25 02:30")]),
        # Lord Howe goes back by half an hour from 02:00 at 15:00 UTC, and forth at 15:30 UTC.
        (
            "Australia/Lord_Howe",
            "2026-04-04",
            ("01:40", "01:50"),
            [("04-04 14:40", "04-04 14:50"), ("04-04 15:10", "04-04 15:20")],
        ),
        ("Australia/Lord_Howe", "2026-10-03", ("02:15", "03:00"), [("10-03 15:30", "10-03 16:00")]),
    ],
)
def test_days_on_which_the_clock_changes(
    zone: str, day: str, hours: tuple[str, str], expected: list[tuple[str, str]]
) -> None:
    """A skipped hour begins with the first instant that exists, a repeated one counts twice."""
    begin, end = hours
    start = f"{day}T00:00" if zone == "Australia/Lord_Howe" else f"{_day_before(day)}T12:00"
    it = window(timezone=zone, **{"from": begin, "to": end})
    assert spans(it, start) == expected


def test_over_midnight_it_is_of_the_day_that_it_begins_on() -> None:
    """From 22:00 to 06:00 on Fridays is Saturday morning, too, and not Friday's."""
    night = window(days="fri", timezone="UTC", **{"from": "22:00", "to": "06:00"})
    assert spans(night, "2026-12-03T00:00", days=5) == [("12-04 22:00", "12-05 06:00")]
    until_midnight = window(days="fri", timezone="UTC", **{"from": "22:00", "to": "00:00"})
    assert spans(until_midnight, "2026-12-04T00:00") == [("12-04 22:00", "12-05 00:00")]
    whole = window(days="fri-sun", timezone="UTC", **{"from": "06:00", "to": "06:00"})
    assert spans(whole, "2026-12-03T00:00", days=6) == [("12-04 06:00", "12-07 06:00")]


def test_days_wrap_around_the_week() -> None:
    """From Saturday to Monday, by any of a day's names."""
    assert window(days="sat-mon").days == {5, 6, 0}
    assert window(days=" Sunday , TUE-wed").days == {6, 1, 2}


def test_leap_day() -> None:
    """A date that exists in one year of four; its window is found from years before."""
    leap = window(dates=["2028-02-29"], timezone="Europe/Berlin")
    assert spans(leap, "2026-12-01T00:00", days=800) == [("02-28 23:00", "02-29 23:00")]


def test_dates_are_a_bound_on_days() -> None:
    """A weekday of the holidays; the last date counts, also over midnight."""
    holidays = window(
        dates=["2026-12-24/2026-12-28"],
        days="mon-fri",
        timezone="UTC",
        **{"from": "23:00", "to": "01:00"},
    )
    assert spans(holidays, "2026-12-01T00:00", days=60) == [
        ("12-24 23:00", "12-25 01:00"),
        ("12-25 23:00", "12-26 01:00"),
        ("12-28 23:00", "12-29 01:00"),
    ]


def test_minutes_of_each_hour() -> None:
    """Both ends included, around the full hour, and within the times of the day."""
    around = window(every={"minute": "58-1"}, timezone="UTC", **{"from": "05:00", "to": "06:30"})
    assert spans(around, "2026-12-01T00:00") == [
        ("12-01 05:00", "12-01 05:02"),
        ("12-01 05:58", "12-01 06:02"),
    ]


def test_a_lead_begins_earlier_and_ends_at_the_same_time() -> None:
    """In whole minutes, rounded up; across the night, and where the hour is skipped."""
    assert window(lead_s=0).lead == 0
    assert window(lead_s=61).lead == 2
    early = window(timezone="Europe/Berlin", lead_s=600, **{"from": "00:05", "to": "00:06"})
    assert spans(early, "2026-12-01T00:00") == [("12-01 22:55", "12-01 23:06")]
    skipped = window(timezone="Europe/Berlin", lead_s=600, **{"from": "02:30", "to": "03:01"})
    assert spans(skipped, "2026-03-29T00:00") == [("03-29 00:50", "03-29 01:01")]


def test_a_clock_that_steps_back_is_inside_again() -> None:
    """Membership has no memory: what was asked before does not matter."""
    morning = window(timezone="UTC", **{"from": "06:30", "to": "09:00"})
    asked = ["06:29", "06:30", "08:59", "09:00", "08:59", "06:29", "07:00"]
    answers = [morning.active(instant(f"2026-12-01T{at}")) for at in asked]
    assert answers == [False, True, True, False, True, False, True]


def test_no_zone_is_that_of_the_machine() -> None:
    """The local wall clock, whatever it is here."""
    now = datetime.now().astimezone()
    here = window(**{"from": f"{now:%H:%M}", "to": f"{now + timedelta(minutes=1):%H:%M}"})
    assert here.active(now.timestamp())
    assert not here.active(now.timestamp() - 60)


def test_windows_that_meet() -> None:
    """Only such two need be valid together; one that begins as the other ends need not be."""
    at = instant("2026-12-01T00:00")
    day = window(timezone="UTC", **{"from": "06:00", "to": "18:00"})
    night = window(timezone="UTC", **{"from": "18:00", "to": "06:00"})
    assert not meet(day, night, at)
    assert meet(day, night._replace(lead=1), at)
    assert meet(night, window(timezone="UTC", **{"from": "05:59", "to": "06:00"}), at)
    assert not meet(day._replace(days=frozenset({0})), day._replace(days=frozenset({1})), at)
    christmas = window(timezone="UTC", dates=["2026-12-24"])
    assert meet(day, christmas, at)
    assert not meet(day, christmas, instant("2026-12-26T00:00"))
    # Only while one of the two has its summer do they meet.
    elsewhere = window(timezone="America/New_York", **{"from": "06:30", "to": "07:00"})
    assert meet(elsewhere, window(timezone="UTC", **{"from": "10:30", "to": "11:00"}), at)
    assert not meet(elsewhere, window(timezone="UTC", **{"from": "10:00", "to": "10:30"}), at)


def test_dates_at_the_ends_of_the_calendar() -> None:
    """A range that leaves no instant out is looked through as any other."""
    wide = Window(dates=((date(1971, 1, 1), date(9000, 12, 31)),), zone=UTC)
    assert wide.active(instant("2026-12-01T00:00"))
    assert wide.edge_after(instant("2026-12-01T00:00"), 400 * DAY_S) is None
    past = Window(dates=((date(1971, 1, 1), date(1971, 1, 1)),), zone=LORD_HOWE)
    assert past.edge_after(instant("2026-12-01T00:00"), 400 * DAY_S) is None
    assert Window(zone=BERLIN).edge_after(instant("2026-12-01T00:00"), 400 * DAY_S) is None
