"""The benchmark harness measures in turns, judges honestly, and never leaves half a file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from benchmarks.environment import environment
from benchmarks.harness import (
    Record,
    Result,
    alternate,
    at_least,
    at_most,
    load,
    measure,
    median,
    percentile,
    save,
)


def test_arms_take_turns_in_alternating_order() -> None:
    """A drift falls on all arms alike, and warm-up rounds leave no sample."""
    turns: list[str] = []

    def arm(name: str) -> dict[str, float]:
        turns.append(name)
        return {"turn": float(len(turns))}

    samples = alternate({"a": lambda: arm("a"), "b": lambda: arm("b")}, rounds=2, warmup=1)
    assert "".join(turns) == "ba" + "ab" + "ba"
    assert measure(samples["a"], "turn") == [3, 6]
    assert measure(samples["b"], "turn") == [4, 5]


@pytest.mark.parametrize(
    ("value", "low_is_good", "high_is_good"),
    [(24.9, True, False), (25, True, True), (26, False, True)],
)
def test_a_claim_is_met_up_to_its_target(
    value: float, low_is_good: bool, high_is_good: bool
) -> None:
    """The target itself counts as reached, from either side."""
    assert at_most("ready", value, 25, "ms").met is low_is_good
    assert at_least("rate", value, 25, "1/s").met is high_is_good


def test_a_value_that_is_not_a_number_meets_nothing() -> None:
    """A measurement that failed arithmetically is never shown as met."""
    assert not at_most("ready", float("nan"), 25, "ms").met
    assert not at_least("rate", float("nan"), 25, "1/s").met


def test_percentiles_are_linear_between_neighbours() -> None:
    """Four values: the median lies midway, the 95th near the top; nothing has no percentile."""
    values = [4.0, 1.0, 3.0, 2.0]
    assert median(values) == 2.5
    assert percentile(values, 95) == pytest.approx(3.85)
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)


def test_a_saved_record_is_read_back_equal(tmp_path: Path) -> None:
    """The result file holds every raw sample, and the write leaves nothing else behind."""
    result = Result(
        title="Ready in milliseconds",
        arms={"forked": [{"ready_ms": 7.25}, {"ready_ms": 8.5}]},
        claims=[at_most("ready, p95", 8.44, 25.0, "ms")],
    )
    record = Record("ready", environment(), result)
    path = save(record, tmp_path)
    assert msgspec.json.encode(load(path)) == msgspec.json.encode(record)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("value", [object(), float("nan")])
def test_an_unwritable_record_keeps_the_last_one(tmp_path: Path, value: float) -> None:
    """A value that JSON cannot hold is refused, and the file of the run before stays whole."""
    path = tmp_path / "ready.json"
    path.write_text("the run before")
    broken = Result(title="", arms={"a": [{"x": value}]}, claims=[])
    with pytest.raises((TypeError, msgspec.ValidationError)):
        save(Record("ready", environment(), broken), tmp_path)
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_text() == "the run before"


def test_the_environment_names_what_the_numbers_depend_on() -> None:
    """A result says which processor, cores and versions it was measured with."""
    now = environment()
    assert now.cpu
    assert 1 <= now.usable_cores <= now.logical_cores
    assert now.python == ".".join(map(str, sys.version_info[:3]))
    assert "onnxruntime" in now.packages


def test_an_unknown_benchmark_is_named_in_one_line() -> None:
    """A typo runs nothing and says what there is."""
    outcome = subprocess.run(
        [sys.executable, "-m", "benchmarks", "nosuch"],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert outcome.returncode == 2
    assert "no such benchmark: nosuch" in outcome.stderr
    assert len(outcome.stderr.splitlines()) == 1
