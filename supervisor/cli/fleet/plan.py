"""`supervisor fleet plan`: how many hosts there should be, and why."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import typer

from supervisor.cli.common import Assignments, ConfigFile, OverrideFile, fail
from supervisor.cli.fleet.common import (
    AsJson,
    CaOption,
    CredentialsOption,
    ServersOption,
    fleet_settings,
    print_json,
    run,
    target_of,
)

if TYPE_CHECKING:
    from supervisor.telling.fleet import FleetSize


def plan(
    servers: ServersOption = None,
    credentials: CredentialsOption = None,
    ca: CaOption = None,
    config: ConfigFile = None,
    override: OverrideFile = None,
    set_: Assignments = None,
    as_json: AsJson = False,
) -> None:
    """Show how many hosts the fleet has and should have, and why: what waits in each class, and
    what its hosts do.

    One of its hosts keeps these figures, a few seconds old at most. Hosts are wanted so that 85 %
    of their cores are at work at most, and what waits is done in half a minute (high), two minutes
    (normal) or half an hour (batch). Some go when a tenth of them was too many for ten minutes.
    """
    import msgspec

    from supervisor.nats.figures import read_figures
    from supervisor.telling.fleet import NO_FIGURES, fleet_size

    settings = fleet_settings(servers, credentials, ca, config, override, set_)
    size = fleet_size(run(target_of(settings), read_figures), time.time())
    if size is None:
        fail(3, NO_FIGURES)
    if as_json:
        print_json(msgspec.to_builtins(size))
    else:
        _show(size)


def _show(size: FleetSize) -> None:
    typer.echo(size.said)
    typer.echo(f"speed    {size.speed:g} core-seconds a second, {size.busy:.1f} of them at work")
    if size.wait_seconds is None:
        typer.echo("backlog  no host speaks it")
    elif size.wait_seconds:
        typer.echo(f"backlog  done in {size.wait_seconds:.0f} s, if nothing else comes")
    typer.echo("")
    typer.echo(f"{'class':8} {'jobs wait':>9} {'core-seconds':>13} {'oldest':>9}")
    for name, jobs in size.jobs_waiting.items():
        seconds = size.backlog_seconds.get(name, 0.0)
        oldest = size.oldest_seconds.get(name, 0.0)
        typer.echo(f"{name:8} {jobs:9,} {seconds:13,.0f} {oldest:7,.0f} s")
