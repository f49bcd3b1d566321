"""What `supervisor top` makes of status documents, and that it can be drawn."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from supervisor.cli.top_snapshot import Picture
from supervisor.cli.top_view import chart, draw


def decision(now: float, utilization: float | None, reason: str, cores: int = 2) -> dict[str, Any]:
    """One decision as the status document has it."""
    return {
        "now": now,
        "before": cores,
        "after": cores + reason.startswith("high"),
        "utilization": utilization,
        "average": utilization,
        "reason": reason,
        "inputs": None,
    }


def document(*decisions: dict[str, Any], error: str | None = None) -> dict[str, Any]:
    """The parts of a status document that are read."""
    return {
        "supervisor": {
            "pid": 7,
            "version": "1",
            "state": "running",
            "configuration_error": error,
        },
        "allocation": {
            "allocation_stats": {
                "decisions": list(decisions),
                "average_utilization": 80.0,
                "thresholds": {"cpu_target": 75.0, "scale_down_threshold": 45.0},
                "current_allocation": {"decided_cores": 2, "allocated_cores": 2},
            },
            "system_info": {
                "effective_cpus": {"usable_count": 3},
                "total_cpu_cores": 4,
                "monitor_errors": [],
            },
            "leases": {"error": None},
        },
        "workers": [
            {
                "slot": 0,
                "pid": None,
                "state": "fatal",
                "cpus": [1],
                "intra_op_threads": 1,
                "session_generation": 0,
                "segments_done": 0,
                "pss_mb": None,
            }
        ],
        "jobs": {
            "queued": 1,
            "running": 2,
            "segments_waiting": 5,
            "segments_running": 2,
            "done": 3,
        },
    }


def test_only_samples_that_are_new_count() -> None:
    """Two looks at overlapping histories measure each sample once, and average the new ones."""
    picture = Picture()
    first, second = decision(1.0, 40.0, "a"), decision(2.0, 60.0, "b")
    assert picture.take(100.0, document(first)).utilization == 40.0
    later = picture.take(102.0, document(first, second, decision(3.0, 80.0, "c")))
    assert later.utilization == 70.0
    assert [seen.now for seen in picture.seen] == [1.0, 2.0, 3.0]


def test_a_supervisor_that_started_anew_starts_a_new_history() -> None:
    """After a restart of the machine the clock of decisions is smaller: old samples go."""
    picture = Picture()
    picture.take(100.0, document(decision(50.0, 40.0, "a")))
    picture.take(101.0, document(decision(1.0, 90.0, "b")))
    assert [seen.utilization for seen in picture.seen] == [90.0]


def test_a_record_has_what_a_simulation_reads() -> None:
    """Time, utilization of the cores held then, cores and queue."""
    record = Picture().take(100.0, document(decision(1.0, 40.0, "high_utilization"))).record
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
    picture = Picture()
    steps = [decision(1.0, 50.0, "optimal_range_50.0%"), decision(2.0, 90.0, "high_utilization")]
    snapshot = picture.take(100.0, document(*steps, error="override.json: no"))
    console = Console(width=80)
    with console.capture() as capture:
        console.print(draw(snapshot, picture.seen, 80))
    screen = capture.get()
    for words in (
        "target 75 %",
        "2 leased of 3 usable",
        "fatal",
        "5 segments wait",
        "2 → 3 cores",
        "high_utilization",
        "override.json: no",
    ):
        assert words in screen


def test_columns_of_the_chart_are_as_high_as_the_utilization() -> None:
    """Full, empty and unknown: eight rows, no row, a gap in which the lines go on."""
    rows = [
        line.partition("┤")[2] for line in chart([100.0, 0.0, None], 75.0, 45.0).plain.split("\n")
    ]
    assert [row[0] for row in rows] == ["█"] * 8
    assert {row[1] for row in rows} == {" ", "╌"}
    assert [row[1] for row in rows] == [row[2] for row in rows]
    assert [row[1] for row in rows].count("╌") == 2
