"""`supervisor status`: what the supervisor, its workers and its jobs are doing."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from supervisor.cli.common import fail
from supervisor.cli.reaching import client_errors

if TYPE_CHECKING:
    from rich.table import Table

_COLUMNS = ("slot", "pid", "state", "cores", "threads", "session", "segments", "PSS MB")


def status(
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the whole document as JSON.")
    ] = False,
    events: Annotated[
        bool,
        typer.Option(
            "--events",
            help="Print the last events of its state machines instead; with --json as "
            "`supervisor replay` reads them.",
        ),
    ] = False,
) -> None:
    """Report what the supervisor, its workers and its jobs are doing."""
    from supervisor.client import Client

    with client_errors(), Client(name="supervisor status") as client:
        document = client.status(events=events)
    if events:
        _show_events(document.get("events"), as_json=as_json)
    elif as_json:
        typer.echo(json.dumps(document, indent=2))
    else:
        _show(document)


def _show_events(document: dict[str, Any] | None, *, as_json: bool) -> None:
    if document is None:
        fail(4, "only the user that the supervisor runs as may see its events")
    text = json.dumps(document)
    if as_json:
        typer.echo(text)
        return
    from supervisor.cli.replay import line
    from supervisor.service.record import read

    record = read(text.encode())
    if record.lost:
        typer.echo(f"{record.lost} older events are not kept")
    for entry in record.entries:
        ago = getattr(entry.event, "now", record.now) - record.now
        typer.echo(line(entry, ago))


def _show(document: dict[str, Any]) -> None:
    """The part of the document that fits on a screen."""
    from rich.console import Console

    console = Console(highlight=False, markup=False)
    console.print(_headline(document.get("supervisor", {})))
    error = document.get("supervisor", {}).get("configuration_error")
    if error:
        console.print(f"configuration not applied: {error}", soft_wrap=True)
    allocation = document.get("allocation", {}).get("allocation_stats")
    if allocation:
        console.print(_allocation_line(allocation))
    console.print(_workers_table(document.get("workers", [])))
    jobs = document.get("jobs", {})
    counts = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in jobs.items())
    console.print(f"jobs: {counts}", soft_wrap=True)


def _headline(supervisor: dict[str, Any]) -> str:
    return (
        f"supervisor {supervisor.get('version', '?')}, pid {supervisor.get('pid', '?')}, "
        f"{supervisor.get('state', '?')}"
    )


def _allocation_line(stats: dict[str, Any]) -> str:
    current = stats.get("current_allocation") or {}
    average = stats.get("average_utilization")
    busy = "" if average is None else f", {average:.0f} % busy"
    return (
        f"cores: {current.get('allocated_cores', '?')} of {stats.get('total_cores', '?')}{busy} "
        f"({current.get('allocation_reason', 'no decision yet')})"
    )


def _workers_table(workers: Iterable[dict[str, Any]]) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(*_COLUMNS, box=box.SIMPLE, pad_edge=False)
    for worker in workers:
        requested, observed = worker.get("cpus", []), worker.get("observed_cpus", [])
        cores = _numbers(requested)
        if observed and observed != requested:
            cores += f" (runs on {_numbers(observed)})"
        cells = (
            worker.get("slot"),
            worker.get("pid"),
            worker.get("state"),
            cores,
            worker.get("intra_op_threads"),
            worker.get("session_generation"),
            worker.get("segments_done"),
            worker.get("pss_mb"),
        )
        table.add_row(*("–" if cell is None else str(cell) for cell in cells))
    return table


def _numbers(cpus: Iterable[int]) -> str:
    return ",".join(str(cpu) for cpu in cpus) or "–"
