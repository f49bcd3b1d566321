"""`supervisor jobs`: list jobs, show one, tell its story, cancel it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from supervisor.cli.common import fail
from supervisor.cli.connecting import client_errors
from supervisor.cli.which_client import (
    FleetCa,
    FleetCredentials,
    FleetServers,
    FleetTenant,
    Whom,
)

if TYPE_CHECKING:
    from supervisor.cli.tables import FittingTable

app = typer.Typer(
    name="jobs",
    help="List, look at and cancel jobs.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print the whole document as JSON.")]
JobId = Annotated[str, typer.Argument(help="The job's id, as `supervisor jobs list` shows it.")]

_COLUMNS = ("job", "state", "class", "durable", "prio", "voice", "segments", "age", "waited", "ran")
_LEAST = ("prio", "durable", "class", "waited", "voice", "ran", "age", "segments")
"""Columns that go first where the terminal is narrow."""


@app.command("list", short_help="List your jobs: those that go on, then the latest.")
def list_(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List your jobs: those that have not ended, then the latest that have."""
    from supervisor.client import Client

    with client_errors(), Client(name="supervisor jobs", resume=0.0) as client:
        document = client.jobs(limit=limit)
    if as_json:
        typer.echo(json.dumps(document, indent=2))
        return
    from rich.console import Console

    Console(highlight=False).print(_table(document["jobs"]))
    if document["more"]:
        typer.echo("there are more; see --limit")


@app.command("show")
def show(
    job: JobId,
    servers: FleetServers = None,
    credentials: FleetCredentials = None,
    ca: FleetCa = None,
    tenant: FleetTenant = None,
    as_json: AsJson = False,
) -> None:
    """Show what is known of one job, but for its text."""
    document = _fetch(job, Whom(servers, credentials, ca, tenant))
    if as_json:
        typer.echo(json.dumps(document, indent=2))
        return
    for name, value in document.items():
        if name != "story":
            typer.echo(f"{name}: {_cell(value)}")


@app.command("story", short_help="Tell what happened to one job, event by event.")
def story(job: JobId, as_json: AsJson = False) -> None:
    """Print what happened to one job, with the seconds since it was accepted.

    Of a long story the middle is counted instead ("not kept"). After a restart it begins with
    what the journal knows: when the job was accepted, how it ended, that it was recovered.
    """
    from supervisor.telling.stories import happened

    events = _fetch(job, Whom()).get("story")
    if events is None:
        fail(2, "a job of a fleet has no story; see `supervisor jobs show`")
    if as_json:
        typer.echo(json.dumps(events, indent=2))
        return
    for event in events:
        typer.echo(f"{event['at_s']:+12.6f}  {happened(event['event'], event['details'])}")


@app.command("cancel")
def cancel(
    job: JobId,
    servers: FleetServers = None,
    credentials: FleetCredentials = None,
    ca: FleetCa = None,
    tenant: FleetTenant = None,
) -> None:
    """Stop one job; segments that run are interrupted."""
    whom = Whom(servers, credentials, ca, tenant).of_job(job)
    with client_errors(), whom.client("supervisor jobs", 0.0) as client:
        client.cancel(job)
        state = client.jobs(job)["state"]
    if state != "cancelled":
        fail(4, f"job {job} had ended already: {state}")


def _fetch(job: str, whom: Whom) -> dict[str, Any]:
    with client_errors(), whom.of_job(job).client("supervisor jobs", 0.0) as client:
        return client.jobs(job)


def _table(jobs: list[dict[str, Any]]) -> FittingTable:
    from supervisor.cli.tables import FittingTable

    table = FittingTable(_COLUMNS, _LEAST)
    for job in jobs:
        table.add(
            job["job"],
            job["state"],
            job["class"],
            _cell(job["durable"]),
            job["priority"],
            f"{job['engine']}/{job['voice']}",
            f"{job['segments_spoken']}/{job['segments']}",
            f"{job['age_s']:.1f} s",
            f"{job['waited_s']:.1f} s",
            None if job["ran_s"] is None else f"{job['ran_s']:.1f} s",
        )
    return table


def _cell(value: object) -> str:
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.3f} s"
    return str(value)
