"""How many hosts a fleet should have, in words and as metrics."""

from __future__ import annotations

from typing import get_args

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from supervisor.core.fleet.sizing import Because
from supervisor.gateway.observe.fleet_metrics import FleetCollector
from supervisor.telling import fleet
from supervisor.telling.fleet import fleet_size
from supervisor.wire.fleet.live import Backlog

NOW = 1_000_000.0
FOUND = Backlog(
    jobs={"high": 2, "normal": 0, "batch": 40},
    seconds={"high": 3.0, "normal": 0.0, "batch": 2400.0},
    oldest_s={"high": 1.5, "normal": 0.0, "batch": 600.0},
    speed=8.0,
    busy=7.5,
    hosts=4,
    desired=6,
    because="backlog",
    at_ms=round(1000 * NOW) - 4000,
)


def test_the_figures_are_told_in_a_sentence() -> None:
    """With what a scaler reads beside it."""
    size = fleet_size(FOUND, NOW)
    assert size is not None
    assert size.said == "4 hosts, 6 wanted: what waits would take too long otherwise."
    assert (size.hosts_desired, size.wait_seconds) == (6, 300.4)


@pytest.mark.parametrize("because", get_args(Because))
def test_every_reason_has_words(because: str) -> None:
    """And a newer keeper's reason stands for itself."""
    assert because in fleet._BECAUSE


def test_old_figures_are_none() -> None:
    """Nobody keeps them; a clock that is a minute off does not make it so."""
    assert fleet_size(None, NOW) is None
    assert fleet_size(FOUND, NOW + 60) is not None
    assert fleet_size(FOUND, NOW - 60) is not None
    assert fleet_size(FOUND, NOW + 600) is None


def test_metrics_tell_them_by_class() -> None:
    """Under the names that dashboards and alarms use; nothing where nobody keeps them."""
    registry = CollectorRegistry()
    registry.register(FleetCollector(list, lambda: fleet_size(FOUND, NOW)))
    text = generate_latest(registry).decode()
    for line in (
        "tts_fleet_hosts_desired 6.0",
        'tts_fleet_jobs_waiting{class="batch"} 40.0',
        'tts_fleet_backlog_seconds{class="batch"} 2400.0',
        'tts_fleet_oldest_seconds{class="high"} 1.5',
    ):
        assert line in text
    bare = CollectorRegistry()
    bare.register(FleetCollector(list))
    assert "tts_fleet_hosts_desired" not in generate_latest(bare).decode()
