"""A fleet of hosts that decide as real ones do, under a virtual clock and much that goes wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace
from typer.testing import CliRunner

from supervisor.cli import app
from supervisor.core.fleet.lease import Leases
from supervisor.simulate.fleet.queue import PromiseBroken
from supervisor.simulate.fleet.run import simulate_fleet
from supervisor.simulate.fleet.scenario import NO_FAULTS, Faults, FleetScenario

STORM = FleetScenario(
    hosts=40,
    seconds=900,
    faults=Faults(
        lost=2, agents=4, supervisors=6, cuts=4, hot=2, elections=20, answers=0.02, skew_s=60
    ),
)
"""Each host meets a fault every three minutes, and so does the queue."""


def test_no_fault_loses_a_job_or_gives_it_two_outcomes() -> None:
    """Whatever else would break a promise ends the run."""
    report = simulate_fleet(STORM)
    assert report.done + report.expired == report.jobs > 900
    assert min(report.faults.values()) > 1
    assert report.lost_leases > 0
    assert report.most_beyond <= 1
    assert max(found.wait_max_s for found in report.classes.values()) < 900


def test_urgent_jobs_go_first_and_none_waits_for_ever() -> None:
    """More is handed in than can be done: the least urgent class waits, and has its part."""
    scenario = FleetScenario(hosts=20, seconds=1200, load=1.3, peak=1, faults=NO_FAULTS)
    report = simulate_fleet(scenario)
    waits = [found.wait_p50_s for found in report.classes.values()]
    assert waits == sorted(waits)
    assert waits[0] < 10
    assert report.done == report.jobs
    assert report.use_percent > 95


@pytest.mark.parametrize("load", [0.3, 0.5])
def test_who_is_idle_is_served_first(load: float) -> None:
    """Below saturation hardly a job waits behind another while a core idles elsewhere."""
    scenario = FleetScenario(hosts=40, seconds=1200, load=load, peak=1, faults=NO_FAULTS)
    for found in simulate_fleet(scenario).classes.values():
        assert found.wait_p99_s < 1


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_constant_load_lets_no_host_go_that_is_wanted_again(seed: int) -> None:
    """Random arrivals of long jobs for an hour: too many hosts go, and then enough are there."""
    scenario = FleetScenario(hosts=16, seconds=3600, load=0.5, peak=1, faults=NO_FAULTS, seed=seed)
    report = simulate_fleet(scenario)
    assert report.flaps == 0
    assert 8 < report.desired_fewest <= report.desired_most < 20


def test_a_peak_wants_more_hosts() -> None:
    """And fewer again after it."""
    report = simulate_fleet(FleetScenario(hosts=12, seconds=3600, load=0.5, peak=3))
    assert report.desired_most > 1.3 * report.desired_fewest


def test_an_acknowledgement_before_the_fence_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The simulation can fail."""
    go = Leases._go

    def hasty(self: Leases, lease: object, stage: str) -> None:
        go(self, lease, "acking" if stage == "fencing" else stage)  # type: ignore[arg-type]

    monkeypatch.setattr(Leases, "_go", hasty)
    with pytest.raises(PromiseBroken, match="acknowledged before its outcome"):
        simulate_fleet(replace(STORM, seconds=120))


def test_the_command_prints_what_an_operator_compares(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In words, or as JSON; the settings of hosts count."""
    monkeypatch.chdir(tmp_path)
    few = ("fleet", "simulate", "--hosts", "5", "--hours", "0.1")
    result = CliRunner().invoke(app, few)
    assert result.exit_code == 0
    for line in ("hosts wanted", "all with one outcome", "wait p50", "batch"):
        assert line in result.output
    found = json.loads(
        CliRunner().invoke(app, [*few, "--json", "--set", "fleet.prefetch=0"]).output
    )
    assert found["most_beyond"] == 0
    result = CliRunner().invoke(app, ["fleet", "simulate", "--hosts", "10000", "--hours", "9"])
    assert (result.exit_code, "fewer --hosts" in result.stderr) == (2, True)
