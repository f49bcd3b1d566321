"""What differs between two settings."""

from __future__ import annotations

from supervisor.config import Change, Settings, diff
from tests.unit.config.places import Place, cpu


def test_equal_settings_do_not_differ() -> None:
    """Nothing is applied where nothing changed."""
    assert diff(Settings(), Settings()) == []


def test_each_change_carries_its_effect(place: Place) -> None:
    """One change of each kind, with old and new value, in the order of declaration."""
    new = place.load(
        cpu(cpu_target=60),
        {
            "http": {"port": 9},
            "pool": {"threads_per_worker": 2},
            "engines": {"options": {"piper": {"voice": "joe"}}},
        },
    ).settings
    assert diff(Settings(), new) == [
        Change("performance.dynamic_cpu_allocation.cpu_target", 75.0, 60.0, "live"),
        Change("pool.threads_per_worker", "auto", 2, "session_rebuild"),
        Change("engines.options", {}, {"piper": {"voice": "joe"}}, "worker_restart"),
        Change("http.port", 8354, 9, "supervisor_restart"),
    ]


def test_engines_are_given_their_own_settings(place: Place) -> None:
    """Built-in engines have a section, others their options, the rest nothing."""
    engines = place.load(
        {"engines": {"kokoro": {"model_path": "/m"}, "options": {"piper": {"voice": "joe"}}}}
    ).settings.engines
    assert engines.settings_of("kokoro") == {
        "model_path": "/m",
        "voices_path": None,
        "optimization": "auto",
    }
    assert engines.settings_of("piper") == {"voice": "joe"}
    assert engines.settings_of("toy") == {}
