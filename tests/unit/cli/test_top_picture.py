"""What `supervisor top` makes of status documents, and that it can be drawn."""

from __future__ import annotations

import re
from typing import Any

import pytest
from rich.console import Console

from supervisor.cli.terminal import write_what_it_can
from supervisor.cli.top_snapshot import History
from supervisor.cli.top_view import chart, draw
from supervisor.wire.status import Status, read
from tests.fixtures.statuses import example, with_events


def decision(
    now: float, utilization: float | None, kind: str, figure: str = "", cores: int = 2
) -> dict[str, Any]:
    """One decision as the status document has it."""
    return {
        "now": now,
        "before": cores,
        "after": cores + (kind == "high_utilization"),
        "utilization": utilization,
        "average": utilization,
        "reason": kind + figure,
        "kind": kind,
        "figures": [] if utilization is None else [utilization],
        "inputs": None,
    }


def status(*decisions: dict[str, Any], error: str | None = None) -> Status:
    """A pool of two workers, of which one is parked, and these decisions."""
    found = example()
    found["supervisor"] |= {"pid": 7, "version": "1", "configuration_error": error}
    found["allocation"]["allocation_stats"]["decisions"] = list(decisions)
    found["allocation"]["system_info"]["effective_cpus"]["usable_count"] = 3
    found["workers"][0] |= {"state": "fatal", "pid": None, "pss_mb": None}
    return read(found)


def test_only_samples_that_are_new_count() -> None:
    """Two looks at overlapping histories measure each sample once, and average the new ones."""
    history = History()
    first, second = decision(1.0, 40.0, "a"), decision(2.0, 60.0, "b")
    assert history.take(100.0, status(first)).utilization == 40.0
    later = history.take(102.0, status(first, second, decision(3.0, 80.0, "c")))
    assert later.utilization == 70.0
    assert [seen.now for seen in history.seen] == [1.0, 2.0, 3.0]


def test_a_supervisor_that_started_anew_starts_a_new_history() -> None:
    """After a restart of the machine the clock of decisions is smaller: old samples go."""
    history = History()
    history.take(100.0, status(decision(50.0, 40.0, "a")))
    history.take(101.0, status(decision(1.0, 90.0, "b")))
    assert [seen.utilization for seen in history.seen] == [90.0]


def test_a_record_has_what_a_simulation_reads() -> None:
    """Time, utilization of the cores held then, cores and queue."""
    record = History().take(100.0, status(decision(1.0, 40.0, "high_utilization"))).record
    assert (record["t"], record["utilization"], record["cores"], record["queue"]) == (
        100.0,
        40.0,
        2,
        5,
    )


def test_the_screen_shows_what_an_operator_looks_for() -> None:
    """Target, cores of usable, a parked slot, the queue, the last change and its reason, and
    what is wrong with the settings.
    """
    history = History()
    steps = [
        decision(1.0, 50.0, "optimal_range", "_50.0%"),
        decision(2.0, 90.0, "high_utilization"),
    ]
    snapshot = history.take(100.0, status(*steps, error="override.json: no"))
    console = Console(width=80)
    with console.capture() as capture:
        console.print(draw(snapshot, history.seen, 80))
    screen = capture.get()
    for words in (
        "target 75 %",
        "2 leased of 3 usable",
        "fatal",
        "5 segments wait",
        "2 → 3 cores",
        "90 % busy is much",
        "override.json: no",
    ):
        assert words in screen


@pytest.mark.parametrize("width", [80, 60, 40, 20])
def test_all_that_happens_fits_the_terminal(width: int) -> None:
    """No line is longer, no word is cut, and ASCII has a sign for each."""
    history = History()
    found = with_events(example())
    snapshot = history.take(100.0, read(found))
    console = Console(width=width)
    with console.capture() as capture:
        console.print(draw(snapshot, history.seen, width))
    screen = capture.get()
    assert max(map(len, screen.splitlines())) <= width
    assert "…" not in screen
    words = set(screen.split())
    for note in snapshot.notes:
        assert set(note.text.split()) <= words, note
    write_what_it_can()
    assert b"?" not in screen.encode("ascii", "supervisor.plain")


def test_decisions_of_one_kind_are_one_line() -> None:
    """With the latest figures; another kind, though it reads alike, has a line of its own."""
    history = History()
    steps = [
        decision(1.0, 50.0, "optimal_range", "_50.0%"),
        decision(2.0, 51.0, "optimal_range", "_51.0%"),
        decision(3.0, 51.0, "other", "_51.0%"),
    ]
    snapshot = history.take(100.0, status(*steps))
    console = Console(width=80)
    with console.capture() as capture:
        console.print(draw(snapshot, history.seen, 80))
    screen = capture.get()
    assert re.findall(r"2 cores +(\S.*?) {3,}(\d+ samples?)", screen) == [
        ("other 51.0%", "1 sample"),
        ("51 % busy is as it should be", "2 samples"),
    ]
    assert "50 %" not in screen.partition("why")[2]


def test_columns_of_the_chart_are_as_high_as_the_utilization() -> None:
    """Full, empty and unknown: eight rows, no row, a gap in which the lines go on."""
    rows = [
        line.partition("┤")[2] for line in chart([100.0, 0.0, None], 75.0, 45.0).plain.split("\n")
    ]
    assert [row[0] for row in rows] == ["█"] * 8
    assert {row[1] for row in rows} == {" ", "╌"}
    assert [row[1] for row in rows] == [row[2] for row in rows]
    assert [row[1] for row in rows].count("╌") == 2
