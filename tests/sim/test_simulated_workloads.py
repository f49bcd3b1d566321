"""Loads are what their form says, traces what their file says, and wrong ones say why."""

from __future__ import annotations

from pathlib import Path

import pytest

from supervisor.simulate.scenario import EngineModel
from supervisor.simulate.trace import read
from supervisor.simulate.workload import Arrival, SegmentSource, Workload, WorkloadError, parse

SEGMENTS = SegmentSource(EngineModel(seconds_per_character=0.0125))
"""One core-second each."""


def offered(workload: Workload, start: float, end: float) -> float:
    """Cores of work that arrive per second in between."""
    work = sum(
        arrival.characters * 0.0125
        for arrival in workload.arrivals()
        if start <= arrival.time_s < end
    )
    return work / (end - start)


@pytest.mark.parametrize("form", ["constant:load=3", "poisson:load=3"])
def test_a_steady_load_offers_its_cores(form: str) -> None:
    """Three cores are three core-seconds a second, evenly or at random."""
    assert offered(parse(form, SEGMENTS, 4000), 0, 4000) == pytest.approx(3.0, rel=0.05)


def test_a_step_begins_when_it_says() -> None:
    """Nothing before, everything after, and the report counts from there."""
    workload = parse("step:load=12,at=60", SEGMENTS, 600)
    assert offered(workload, 0, 60) == 0
    assert offered(workload, 61, 600) == pytest.approx(12.0, rel=0.01)
    assert workload.changes_at == 60


def test_a_burst_comes_at_once_and_again() -> None:
    """All segments of a burst have the same time; the next burst follows."""
    times = [a.time_s for a in parse("burst:segments=5,every=100", SEGMENTS, 250).arrivals()]
    assert times == [100.0] * 5 + [200.0] * 5


def test_a_day_swings_between_low_and_high() -> None:
    """The trough offers little, the peak in the middle of the period the highest load."""
    workload = parse("diurnal:low=1,high=11,period=4000", SEGMENTS, 4000)
    assert offered(workload, 0, 300) == pytest.approx(1.0, abs=0.6)
    assert offered(workload, 1850, 2150) == pytest.approx(11.0, rel=0.1)


def test_the_same_seed_is_the_same_load() -> None:
    """A run can be repeated; another seed is another load."""

    def times(seed: int) -> list[float]:
        segments = SegmentSource(SEGMENTS.engine, seed=seed)
        return [a.time_s for a in parse("poisson:load=3", segments, 100).arrivals()]

    assert times(1) == times(1) != times(2)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("waves:load=3", "there are constant, step"),
        ("constant", "give load=NUMBER"),
        ("constant:load=much", "constant takes load=NUMBER, not 'load=much'"),
        ("constant:load=nan", "constant takes"),
        ("constant:load=-1", "constant takes"),
        ("step:load=1,when=3", "step takes load=NUMBER, at=NUMBER, not 'when=3'"),
        ("burst:every=0", "every must be above 0"),
        ("diurnal:high=3,period=0", "period must be above 0"),
    ],
)
def test_a_wrong_form_says_what_is_right(form: str, said: str) -> None:
    """One line that names the parameter."""
    with pytest.raises(WorkloadError) as raised:
        parse(form, SEGMENTS, 10)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_trace_of_characters_is_played_as_it_is(tmp_path: Path) -> None:
    """One arrival a line, times counted from the first."""
    path = tmp_path / "trace.csv"
    path.write_text("time_s,characters\n100.0,72\n100.4,180\n")
    workload = read(path, SEGMENTS)
    assert [(arrival.time_s, arrival.characters) for arrival in workload.arrivals()] == [
        (0.0, 72.0),
        (pytest.approx(0.4), 180.0),
    ]


def test_a_trace_may_say_who_asks_how_urgently_and_until_when(tmp_path: Path) -> None:
    """Columns in any order; an empty field is what a request has without it."""
    path = tmp_path / "trace.csv"
    path.write_text("time_s,characters,deadline_s,client,priority\n5,72,2.5,a,0\n6,80,,,\n")
    assert list(read(path, SEGMENTS).arrivals()) == [
        Arrival(0.0, 72.0, "a", 0, 2.5),
        Arrival(1.0, 80.0),
    ]


def test_a_trace_of_demand_holds_each_level(tmp_path: Path) -> None:
    """A level lasts until the next line."""
    path = tmp_path / "trace.csv"
    path.write_text("time_s,demand\n0,1\n300,8\n600,0\n")
    workload = read(path, SEGMENTS)
    assert offered(workload, 0, 300) == pytest.approx(1.0, rel=0.02)
    assert offered(workload, 300, 600) == pytest.approx(8.0, rel=0.02)
    assert offered(workload, 601, 900) == 0
    assert workload.seconds == 900


def test_a_recorded_history_offers_the_work_done_and_what_queued_up(tmp_path: Path) -> None:
    """Two cores at 100 % while the queue grows by one segment a second: three cores of load."""
    path = tmp_path / "record.jsonl"
    lines = [
        f'{{"t": {1000 + s}, "utilization": 100.0, "cores": 2, "queue": {s}, "more": 1}}'
        for s in range(61)
    ]
    path.write_text("\n".join(lines))
    assert offered(read(path, SEGMENTS), 0, 60) == pytest.approx(3.0, rel=0.03)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty"),
        ("when,what\n1,2\n", "line 1: the header must be"),
        ("time_s,characters\n", "holds no line"),
        ("time_s,characters\n1\n", "line 2: must hold two numbers"),
        ("time_s,characters,colour\n1,2,3\n", "line 1: the header must be"),
        ("time_s,demand,client\n1,2,a\n", "line 1: the header must be"),
        ("time_s,characters,client\n1,2\n", "line 2: must hold 3 columns"),
        ("time_s,characters,priority\n1,2,10\n", "line 2: priority must be 0 to 9"),
        ("time_s,characters,priority\n1,2,high\n", "line 2: priority and deadline_s must be"),
        ("time_s,characters,deadline_s\n1,2,0\n", "line 2: deadline_s must be above 0"),
        ("time_s,demand\n5,1\n4,1\n", "line 3: time_s must not fall"),
        ("time_s,demand\n0,-1\n", "line 2: must not be negative"),
        ("time_s,demand\n0,nan\n", "line 2: must not be negative"),
        ('{"t": 1}\n', "line 1"),
        ('{"t": 1, "utilization": 5, "cores": 1, "queue": 0}\n', "two lines at least"),
    ],
)
def test_a_wrong_trace_names_its_line(tmp_path: Path, content: str, said: str) -> None:
    """File, line and what is wrong, in one line."""
    path = tmp_path / "trace.csv"
    path.write_text(content)
    with pytest.raises(WorkloadError) as raised:
        read(path, SEGMENTS)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_missing_trace_is_said() -> None:
    """No traceback for a wrong name."""
    with pytest.raises(WorkloadError, match="cannot be read"):
        read(Path("/nowhere/trace.csv"), SEGMENTS)
