"""The day's course that the page draws, and how large the page may be."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import pytest

from supervisor.gateway.page.files import ASSETS
from supervisor.gateway.page.history import KEPT_S, SPACING_S, History, Tick, course
from supervisor.gateway.page.recorder import Sample
from supervisor.gateway.page.series import POINTS
from supervisor.telling.distributions import quantile
from supervisor.wire.status import Status, read
from tests.fixtures.statuses import example

BUDGET = 120_000
"""Bytes of JavaScript and CSS in all, as they are served."""


def told(spoken: int, began: dict[str, int], total_s: float, epoch: str = "a") -> Status:
    """A status with so many segments spoken, and these times to the first audio."""
    document: dict[str, Any] = example()
    document["supervisor"]["epoch"] = epoch
    document["jobs"]["spoken"] = spoken
    count = max(began.values(), default=0)
    document["timings"]["first_audio_s"] = {"buckets": began, "sum": total_s, "count": count}
    document["timings"]["real_time_factor"] = {"buckets": {}, "sum": spoken * 0.1, "count": spoken}
    return read(document)


def test_a_tick_is_the_difference_of_two_statuses() -> None:
    """Segments, the mean and the slow end of the time to the first audio, and the pace."""
    history = History()
    history.take(told(100, {"0.1": 5, "0.5": 5}, 0.3), 1000.0)
    history.take(told(101, {"0.1": 5, "0.5": 6}, 0.5), 1001.0)  # Too soon: not kept.
    history.take(told(130, {"0.1": 9, "0.5": 15}, 2.3), 1010.0)
    (tick,) = history.ticks
    assert (tick.at_s, tick.length_s, tick.segments) == (1010.0, 10.0, 30)
    assert tick.first_s == pytest.approx(0.2)
    assert 0.1 < (tick.slow_s or 0) < 0.5
    assert tick.pace == pytest.approx(10.0)


def test_where_nothing_was_spoken_nothing_is_told() -> None:
    """No time to a first audio, and no pace, but a tick all the same."""
    history = History()
    history.take(told(7, {"0.1": 5}, 0.3), 0.0)
    history.take(told(7, {"0.1": 5}, 0.3), SPACING_S)
    (tick,) = history.ticks
    assert (tick.segments, tick.first_s, tick.slow_s, tick.pace) == (0, None, None, None)


def test_another_supervisor_counts_from_its_own_beginning() -> None:
    """Its sums are lower than those of the one before, and are no difference to these."""
    history = History()
    history.take(told(100, {"0.1": 50}, 5.0), 0.0)
    history.take(told(3, {"0.1": 1}, 0.1, epoch="b"), SPACING_S)
    assert history.ticks == []
    history.take(told(5, {"0.1": 2}, 0.2, epoch="b"), 2 * SPACING_S)
    assert [tick.segments for tick in history.ticks] == [2]


def test_a_day_is_kept_and_no_more() -> None:
    """However long the gateway runs."""
    history = History()
    status = told(0, {}, 0.0)
    for number in range(int(KEPT_S / SPACING_S) + 200):
        history.take(status, number * SPACING_S)
    assert len(history.ticks) == int(KEPT_S / SPACING_S) + 1


def test_when_profiles_were_in_force() -> None:
    """From the first to the last status that told of one; a gap begins another time of it."""
    history = History()
    for at_s, *active in (
        (0.0, "day"),
        (10.0, "day", "noon"),
        (20.0, "day"),
        (100.0, "day"),
        (110.0,),
    ):
        document = example()
        document["allocation"]["profiles"] = {"names": ["day", "noon"], "active": active}
        history.take(read(document), at_s)
    shown = course([], [], history.profiles, now_s=110.0, sampled_at_s=None, seconds=300.0)
    assert shown["profiles"] == [
        {"name": "noon", "from_s": 100.0, "to_s": 100.0},
        {"name": "day", "from_s": 110.0, "to_s": 90.0},
        {"name": "day", "from_s": 10.0, "to_s": 10.0},
    ]
    late = course([], [], history.profiles, now_s=395.0, sampled_at_s=None, seconds=300.0)
    assert [each["to_s"] for each in late["profiles"]] == [295.0]


def test_what_was_foretold_stands_beside_what_happened() -> None:
    """The cores of each tick, the most of neighbours; nothing of it where nothing was foretold."""
    history = History()
    for number, cores in enumerate((None, None, 3, 14)):
        document = example()
        document["allocation"]["forecast"] = {"mode": "advise", "cores": cores}
        history.take(read(document), number * SPACING_S)
    shown = course(history.ticks, [], now_s=30.0, sampled_at_s=None, seconds=300.0)
    assert shown["foreseen"] == {"ago_s": [20.0, 10.0, 0.0], "cores": [None, 3, 14]}
    ticks = [tick(number * SPACING_S) for number in range(3)]
    without = course(ticks, [], now_s=30.0, sampled_at_s=None, seconds=300.0)
    assert without["foreseen"] == {"ago_s": [], "cores": []}


def test_quantiles_of_buckets() -> None:
    """Evenly spread within a bucket; beyond the last bound it is that bound; none without any."""
    counts = [(0.1, 10), (0.5, 10), (float("inf"), 0)]
    assert quantile(counts, 0.25) == pytest.approx(0.05)
    assert quantile(counts, 0.75) == pytest.approx(0.3)
    assert quantile([(0.1, 0), (float("inf"), 4)], 0.5) == 0.1
    assert quantile([(0.1, 0)], 0.5) is None


def tick(at_s: float, first_s: float | None = 0.1) -> Tick:
    """A tick with three segments waiting."""
    return Tick(at_s, SPACING_S, 50.0, 2, 3, 5, first_s, first_s, 20.0)


def test_the_course_is_of_samples_where_these_reach_and_of_ticks_beyond() -> None:
    """At most POINTS of each, from old to new, and never older than was asked for."""
    ticks = [tick(number * SPACING_S) for number in range(8640)]
    now_s = 8639 * SPACING_S
    samples = [Sample(5.0 + s, 60.0, 2, 2, 4, 0.0) for s in range(3601)]
    hour = course(ticks, samples, now_s=now_s, sampled_at_s=now_s, seconds=3600.0)
    assert hour["load"]["utilization"][-1] == 60.0
    assert hour["load"]["ago_s"][-1] == 0.0
    assert 3590 < hour["load"]["ago_s"][0] <= 3600
    assert len(hour["load"]["ago_s"]) <= POINTS
    assert hour["speech"]["segments_per_minute"][0] == pytest.approx(30.0)
    day = course(ticks, samples, now_s=now_s, sampled_at_s=now_s, seconds=KEPT_S)
    assert day["load"]["utilization"][-1] == 50.0
    assert len(day["load"]["ago_s"]) <= POINTS
    assert len(day["speech"]["ago_s"]) <= POINTS
    near = samples[-100:]  # As after a restart of the supervisor, which the ticks outlive.
    hour = course(ticks, near, now_s=now_s, sampled_at_s=now_s, seconds=3600.0)
    assert (hour["load"]["utilization"][0], hour["load"]["utilization"][-1]) == (50.0, 60.0)
    assert hour["load"]["ago_s"] == sorted(hour["load"]["ago_s"], reverse=True)
    empty = course([], [], now_s=now_s, sampled_at_s=None, seconds=300.0)
    assert empty["load"]["ago_s"] == empty["speech"]["ago_s"] == []


def test_a_minute_in_which_nothing_began_is_a_gap() -> None:
    """And what was slowest is what is shown of neighbours."""
    found = course([tick(0.0, None), tick(10.0)], [], now_s=10.0, sampled_at_s=None, seconds=300.0)
    assert found["speech"]["first_s"] == [None, 0.1]
    assert found["load"]["ago_s"] == [10.0, 0.0]


def test_the_page_is_small() -> None:
    """Its programs and its style, and all of them are named."""
    static = files("supervisor.gateway.page").joinpath("static")
    sizes = {
        entry.name: len(entry.read_bytes())
        for entry in static.iterdir()
        if entry.name.endswith((".js", ".css"))
    }
    assert sum(sizes.values()) <= BUDGET
    assert set(sizes) == {name for name in ASSETS if name.endswith((".js", ".css"))}
