"""`supervisor simulate`, as an operator types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from supervisor.cli import app

STEP = ("--workload", "step:load=3,at=20", "--seconds", "120", "--cores", "8")


def run(*arguments: str) -> Result:
    """The command in this process."""
    return CliRunner().invoke(app, ["simulate", *arguments])


@pytest.fixture(autouse=True)
def empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Neither config.json nor override.json of the checkout is read."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def override(path: Path, **values: object) -> str:
    """An override.json with these settings of the allocation."""
    path.write_text(json.dumps({"performance": {"dynamic_cpu_allocation": values}}))
    return str(path)


def test_it_prints_numbers_and_draws_in_the_terminal() -> None:
    """Every measure has a line; utilization, cores and queue have a band."""
    result = run(*STEP)
    assert result.exit_code == 0
    for line in ("settling time, s", "p95 wait, s", "core-seconds used", "cores", "queue", "█"):
        assert line in result.output


def test_json_is_one_document() -> None:
    """Numbers for programs."""
    document = json.loads(run(*STEP, "--json").output)
    assert document["changes"] >= 3
    assert document["segments"] > 0


def test_profiles_are_played_from_the_start_on(tmp_path: Path) -> None:
    """An idle pool holds four cores in the two minutes of each hour, and only then."""
    tree = {"performance": {"dynamic_cpu_allocation": {"min_cores": 4}}}
    path = tmp_path / "alarms.json"
    path.write_text(
        json.dumps({"profiles": [{"name": "a", "every": {"minute": "0-1"}, "set": tree}]})
    )
    idle = (
        "--workload",
        "step:load=1,at=900",
        "--seconds",
        "600",
        "--override",
        str(path),
        "--json",
    )
    for start, most in (("2026-12-01T05:55", 4), ("2026-12-01T06:02", 1), ("2026-12-01T06:01Z", 4)):
        document = json.loads(run(*idle, "--start", start).stdout)
        assert document["peak_cores"] == most
    for start in ("tomorrow", "9999-12-31", "0001-01-01T00:00Z"):
        refused = run(*idle, "--start", start)
        assert refused.exit_code == 2
        assert f"--start {start}: give a time like 2026-12-01T05:00" in refused.output


def test_prediction_is_tried_on_a_load_that_returns(tmp_path: Path) -> None:
    """Nine segments at each full hour: half a day to learn them, and a day to be trusted."""
    path, trace = tmp_path / "returning.json", tmp_path / "hours.csv"
    allocation = {"monitoring_interval": 20.0}
    section = {"forecast": {"learn_days": 0.5}, "dynamic_cpu_allocation": allocation}
    path.write_text(json.dumps({"performance": section}))
    hours = (f"{3600 * hour + second},1600" for hour in range(51) for second in range(9))
    trace.write_text("\n".join(("time_s,characters", *hours)))
    load = ["--trace", str(trace), "--override", str(path), "--cores", "16", "--json"]
    load += ["--start", "2026-12-01T00:00"]
    without, acting = (
        json.loads(run(*load, "--prediction", mode).stdout) for mode in ("off", "act")
    )
    assert without["rises"] is None
    assert acting["loss_ratio"] < 0.1
    assert acting["rises"] >= acting["rises_came"] > 20
    assert acting["mean_wait_s"] < 0.95 * without["mean_wait_s"]


def test_an_override_changes_the_outcome(tmp_path: Path) -> None:
    """max_cores 2 is obeyed in the simulation as it would be in the pool."""
    path = override(tmp_path / "o.json", max_cores=2)
    assert json.loads(run(*STEP, "--json", "--override", path).output)["peak_cores"] == 2


def test_two_overrides_are_set_side_by_side(tmp_path: Path) -> None:
    """Two bounds on the same load."""
    few = override(tmp_path / "few.json", max_cores=2)
    many = override(tmp_path / "many.json", max_cores=6)
    found = json.loads(run(*STEP, "--compare", few, many, "--json").output)
    assert found[many]["mean_wait_s"] < found[few]["mean_wait_s"]
    assert "many.json" in run(*STEP, "--compare", few, many).output


def test_a_picture_is_drawn(tmp_path: Path) -> None:
    """--plot writes a PNG."""
    path = tmp_path / "plot.png"
    assert run(*STEP, "--plot", str(path)).exit_code == 0
    assert path.read_bytes().startswith(b"\x89PNG")


def test_a_trace_is_played(tmp_path: Path) -> None:
    """A CSV trace instead of a form."""
    trace = tmp_path / "trace.csv"
    trace.write_text("time_s,demand\n0,0.5\n60,3\n120,0\n")
    result = run("--trace", str(trace), "--cores", "4", "--json")
    assert json.loads(result.output)["workload"] == "trace.csv"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "--trace FILE or --workload"),
        (("--workload", "x:load=1"), "there are constant"),
        (("--trace", "/nowhere.csv"), "cannot be read"),
        ((*STEP, "--engine", "x"), "there are hibari, kokoro"),
        ((*STEP, "--prediction", "maybe"), "--prediction maybe: there are off, advise, act"),
        ((*STEP, "--override", "/nowhere.json"), "no such file"),
        ((*STEP, "--plot", "/nowhere/plot.png"), "--plot /nowhere/plot.png"),
        ((*STEP, "--plot", "plot.unknown"), "--plot plot.unknown"),
    ],
)
def test_mistakes_cost_one_line(arguments: tuple[str, ...], said: str) -> None:
    """Exit code 2, one line on stderr, no traceback."""
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
