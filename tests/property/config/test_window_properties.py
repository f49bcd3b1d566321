"""Windows of time against the plainest way to know them: the wall clock, minute by minute."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from unittest.mock import patch
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings
from hypothesis import strategies as st

from supervisor.config.windows import DAY_S, EVERY_MINUTE, MINUTE_S, Window, meet

HOURS = 6

CHANGES = {
    "Europe/Berlin": ("2026-03-29T01:00", "2026-10-25T01:00"),
    "Australia/Lord_Howe": ("2026-04-04T15:00", "2026-10-03T15:30"),
    "America/St_Johns": ("2026-03-08T05:30", "2026-11-01T04:30"),
    "Asia/Kathmandu": ("2028-02-29T00:00", "2026-12-31T18:15"),
}
"""Zones, and instants around which their clocks change, or their year does."""

MINUTES = st.integers(0, 24 * 60 - 1)


@st.composite
def windows(draw: st.DrawFn) -> tuple[Window, float]:
    """A window, and a time near which its zone's clock changes."""
    zone = draw(st.sampled_from(sorted(CHANGES)))
    middle = datetime.fromisoformat(draw(st.sampled_from(CHANGES[zone]))).replace(tzinfo=UTC)
    around = middle.astimezone(ZoneInfo(zone)).date()
    dates = st.tuples(st.integers(-2, 12), st.sampled_from([0, 1, 2, 9, 30])).map(
        lambda pair: (around + timedelta(pair[0]), around + timedelta(pair[0] + pair[1]))
    )
    runs = st.tuples(st.integers(0, 59), st.integers(1, 40)).map(
        lambda pair: frozenset((pair[0] + n) % 60 for n in range(pair[1]))
    )
    window = Window(
        days=draw(st.frozensets(st.integers(0, 6), min_size=1) | st.just(frozenset(range(7)))),
        start=draw(MINUTES),
        end=draw(MINUTES | st.just(24 * 60)),
        zone=ZoneInfo(zone),
        dates=draw(st.just(()) | st.lists(dates, min_size=1, max_size=2).map(tuple)),
        minutes=draw(st.just(EVERY_MINUTE) | runs),
        lead=draw(st.sampled_from([0, 0, 1, 20])),
    )
    start = middle.timestamp() - draw(st.integers(0, HOURS * 60)) * MINUTE_S
    return window, start


def brute_force(window: Window, at: float) -> bool:
    """Whether the wall clock shows a time of the window within the lead: by its strings."""
    for ahead in range(window.lead + 1):
        shown = datetime.fromtimestamp(at, UTC) + timedelta(minutes=ahead)
        shown = shown.astimezone(window.zone)
        clock, begin, end = (shown.strftime("%H:%M"), _clock(window.start), _clock(window.end))
        same_day = end > begin or clock >= begin
        day = shown.date() if same_day else shown.date() - timedelta(1)
        fits = (begin <= clock < end) if end > begin else (clock >= begin or clock < end)
        on = day.isoweekday() - 1 in window.days
        dated = not window.dates or any(str(a) <= str(day) <= str(b) for a, b in window.dates)
        if fits and on and dated and int(clock[3:]) in window.minutes:
            return True
    return False


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


@settings(max_examples=60)
@given(windows())
@example(
    (
        Window(start=160, end=165, zone=ZoneInfo("Australia/Lord_Howe"), lead=20),
        datetime(2026, 10, 3, 0, 7, tzinfo=UTC).timestamp(),
    )
)
def test_membership_and_edges_are_those_of_every_minute(asked: tuple[Window, float]) -> None:
    """Each minute of the hours around a change of the clock: inside or not, and the edges that
    are found by leaps are those between the minutes.
    """
    window, start = asked
    minutes = [start // MINUTE_S * MINUTE_S + n * MINUTE_S for n in range(HOURS * 60)]
    expected = [brute_force(window, at) for at in minutes]
    assert [window.active(at) for at in minutes] == expected
    spans = [*window.spans(minutes[0], minutes[-1] + MINUTE_S)]
    assert [any(a <= at < b for a, b in spans) for at in minutes] == expected
    assert all(a < b for a, b in spans)


@settings(max_examples=10)
@given(windows(), windows())
def test_two_that_meet_are_those_with_a_minute_in_common(
    one: tuple[Window, float], other: tuple[Window, float]
) -> None:
    """Looked for by all their spans of the time, whatever is known of weeks."""
    (first, at), (second, _) = one, other
    year = 60 * DAY_S
    spans = [list(each.spans(at, at + year)) for each in (first, second)]
    times = sorted(time for each in spans for time in each)
    common = any(b[0] < a[1] for a, b in itertools.pairwise(times))
    with patch("supervisor.config.windows._YEAR_S", year):
        assert meet(first, second, at) == common
