"""`supervisor fleet simulate`: a fleet of any size under a virtual clock, with what goes wrong."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from supervisor.cli.common import Assignments, ConfigFile, OverrideFile, fail
from supervisor.cli.fleet.common import AsJson, print_json

if TYPE_CHECKING:
    from supervisor.core.fleet.events import Rules
    from supervisor.simulate.fleet.run import FleetReport

_MOST_WORK = 40_000_000
"""Hosts × seconds that are played at most: some minutes of a real machine."""


def simulate(  # noqa: PLR0913, PLR0917  # an option each
    hosts: Annotated[int, typer.Option(min=1, max=10_000, help="Hosts of 1 to 3 cores.")] = 100,
    hours: Annotated[float, typer.Option(min=0.01, max=1000, help="Virtual time.")] = 1.0,
    load: Annotated[
        float, typer.Option(min=0, max=2, help="Work handed in, as a part of what all cores do.")
    ] = 0.8,
    peak: Annotated[
        float,
        typer.Option(min=0, max=10, help="Times that load for a sixth of the time, in the middle."),
    ] = 1.5,
    faults: Annotated[
        float,
        typer.Option(min=0, max=100, help="Times the usual faults, which are many; 0: none."),
    ] = 1.0,
    seed: Annotated[int, typer.Option(help="Of arrivals and faults.")] = 1,
    config: ConfigFile = None,
    override: OverrideFile = None,
    set_: Assignments = None,
    as_json: AsJson = False,
) -> None:
    """Play a fleet under these settings (fleet.weights, prefetch, lease_s, storing): how long jobs
    wait in each class, how many hosts it wants, and that no fault loses a job.

    Every host decides as a real one does. Hosts die, their links are cut, supervisors restart, the
    servers elect a leader, answers are lost, and clocks are a minute off. Exit code 5 if what the
    fleet promises was broken, with the promise.
    """
    from msgspec.structs import replace

    from supervisor.simulate.fleet.queue import PromiseBroken
    from supervisor.simulate.fleet.run import simulate_fleet
    from supervisor.simulate.fleet.scenario import FleetScenario

    seconds = 3600 * hours
    if hosts * seconds > _MOST_WORK:
        most = _MOST_WORK // 3600
        fail(2, f"too much to play: give fewer --hosts or --hours, together {most} host-hours")
    scenario = FleetScenario(hosts=hosts, seconds=seconds, load=load, peak=peak, seed=seed)
    scenario = replace(
        scenario, faults=scenario.faults.times(faults), rules=_rules(config, override, set_)
    )
    try:
        report = simulate_fleet(scenario, _tell if sys.stderr.isatty() else None)
    except PromiseBroken as broken:
        fail(5, f"a promise of the fleet was broken: {broken} (seed {seed})")
    if as_json:
        import msgspec

        print_json(msgspec.to_builtins(report))
    else:
        _print(report)


def _rules(config: Path | None, override: Path | None, set_: list[str] | None) -> Rules:
    """What the settings say of a host."""
    from supervisor import config as configuration
    from supervisor.core.fleet.events import Rules

    try:
        assignments = configuration.assignments(set_ or [])
        fleet = configuration.load(config, override, os.environ, assignments).settings.fleet
    except configuration.ConfigError as error:
        fail(2, str(error))
    return Rules(
        host="",
        epoch="",
        sources=(),
        weights=(fleet.weights.high, fleet.weights.normal, fleet.weights.batch),
        prefetch=fleet.prefetch,
        lease_s=fleet.lease_s,
        storing=fleet.storing,
    )


def _tell(done: float) -> None:
    typer.echo(f"\rsupervisor: {done:4.0%} played", err=True, nl=done >= 1)


def _print(report: FleetReport) -> None:
    from supervisor.wording import counted

    wrong = ", ".join(f"{number} {name}" for name, number in report.faults.items() if number)
    lines = {
        "fleet": f"{counted(report.hosts, 'host')}, {counted(report.cores, 'core')}, "
        f"{report.seconds / 3600:g} h, played in {report.took_s:.0f} s",
        "faults": wrong or "none",
        "jobs": f"{report.jobs}, all with one outcome: {report.done} done, {report.expired} past "
        "their deadline",
        "deliveries": f"{report.redelivered} more than jobs, {report.overflow} of them because "
        f"the host had no core free; {report.lost_leases} leases lost, {report.spoken_twice} jobs "
        "spoken twice",
        "cores at work": f"{report.use_percent:.0f} %",
        "hosts wanted": f"{report.desired_fewest} to {report.desired_most} in the second half, "
        f"{counted(report.desired_changes, 'change')}",
        "the last outcome": f"{report.drained_s:.0f} s after the last job was handed in",
    }
    for title, text in lines.items():
        typer.echo(f"{title:17} {text}")
    typer.echo("")
    typer.echo(f"{'class':17} {'jobs':>8} {'wait p50':>9} {'p99':>9} {'longest':>9}")
    for name, found in report.classes.items():
        waits = (found.wait_p50_s, found.wait_p99_s, found.wait_max_s)
        shown = " ".join(f"{wait:7.1f} s" for wait in waits)
        typer.echo(f"{name:17} {found.jobs:8} {shown}")
