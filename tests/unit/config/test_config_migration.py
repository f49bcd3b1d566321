"""The dual thresholds of old files become today's settings."""

from __future__ import annotations

import pytest

from supervisor.config import ConfigError, load
from tests.unit.config.places import Place, cpu

PREFIX = "SUPERVISOR_PERFORMANCE__DYNAMIC_CPU_ALLOCATION__"


@pytest.mark.parametrize(
    ("old", "target", "hysteresis"),
    [
        ({"min_threshold": 25.0, "max_threshold": 70.0}, 70.0, 0.6),
        ({"max_threshold": 65}, 65.0, 0.6),
        ({"min_threshold": 25.0}, 80.0, 0.6),
        ({"min_threshold": 0, "max_threshold": 100}, 100.0, 0.6),
        ({"max_threshold": 70, "cpu_target": 50}, 50.0, 0.6),
        ({"max_threshold": 70, "hysteresis_factor": 0.5}, 70.0, 0.5),
        ({"min_threshold": 20, "cpu_target": 50, "hysteresis_factor": 0.5}, 50.0, 0.5),
    ],
)
def test_old_names_are_translated(
    place: Place, old: dict[str, object], target: float, hysteresis: float
) -> None:
    """max_threshold is the target, 80 where only min is given; new keys beside them win."""
    loaded = place.load(cpu(**old))
    allocation = loaded.settings.performance.dynamic_cpu_allocation
    assert (allocation.cpu_target, allocation.hysteresis_factor) == (target, hysteresis)
    assert len(loaded.warnings) == 1
    assert "config.json" in loaded.warnings[0]


def test_one_warning_however_many_sources(place: Place) -> None:
    """Old names in both files and the environment are told once, naming each source."""
    loaded = place.load(
        cpu(max_threshold=60), cpu(max_threshold=61), {f"{PREFIX}MIN_THRESHOLD": "5"}
    )
    assert loaded.settings.performance.dynamic_cpu_allocation.cpu_target == 80
    (warning,) = loaded.warnings
    for origin in ("config.json", "override.json", f"{PREFIX}MIN_THRESHOLD"):
        assert origin in warning


def test_no_warning_without_old_names(place: Place) -> None:
    """Today's files are silent."""
    assert place.load(cpu(cpu_target=60)).warnings == []


def test_between_sources_precedence_holds(place: Place) -> None:
    """An old name in override.json goes before the new one in config.json, which has them all."""
    loaded = place.load(cpu(cpu_target=75.0), cpu(max_threshold=60))
    assert loaded.settings.performance.dynamic_cpu_allocation.cpu_target == 60


def test_the_two_variables_belong_together() -> None:
    """Whatever their order, max_threshold alone gives the target, and a new variable wins."""
    environ = {f"{PREFIX}MAX_THRESHOLD": "66", f"{PREFIX}MIN_THRESHOLD": "11"}
    assert load(environ=environ).settings.performance.dynamic_cpu_allocation.cpu_target == 66
    environ |= {f"{PREFIX}CPU_TARGET": "50"}
    assert load(environ=environ).settings.performance.dynamic_cpu_allocation.cpu_target == 50


@pytest.mark.parametrize(
    "old",
    [
        {"max_threshold": 100.5},
        {"max_threshold": 0},
        {"max_threshold": -1, "cpu_target": 50},
        {"max_threshold": "80"},
        {"max_threshold": True},
        {"max_threshold": None},
        {"min_threshold": -1},
        {"min_threshold": 101, "max_threshold": 80},
        {"min_threshold": 80, "max_threshold": 80},
        {"min_threshold": 90},
    ],
)
def test_old_values_out_of_range_are_errors(place: Place, old: dict[str, object]) -> None:
    """A value that could not have worked is refused, even where a new key would win."""
    with pytest.raises(ConfigError, match=r"config\.json: .*threshold"):
        place.load(cpu(**old))
