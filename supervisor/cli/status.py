"""`supervisor status`: state of the supervisor, its workers and its jobs."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

import typer

from supervisor.cli.common import fail
from supervisor.cli.connecting import client_errors
from supervisor.telling.notes import notes
from supervisor.telling.reasons import explain
from supervisor.wording import counted

if TYPE_CHECKING:
    from supervisor.wire.status import (
        AllocationStats,
        JobCounts,
        Status,
        SupervisorStatus,
    )


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
    from supervisor.wire.status import read

    with client_errors(), Client(name="supervisor status") as client:
        document = client.status(events=events)
    if events:
        _show_events(document.get("events"), as_json=as_json)
    elif as_json:
        typer.echo(json.dumps(document, indent=2))
    else:
        _show(read(document))


def _show_events(document: dict[str, Any] | None, *, as_json: bool) -> None:
    if document is None:
        fail(4, "only the user that the supervisor runs as may see its events")
    text = json.dumps(document)
    if as_json:
        typer.echo(text)
        return
    from supervisor.cli.replay import line
    from supervisor.service import record as events

    record = events.read(text.encode())
    if record.lost:
        typer.echo(f"{counted(record.lost, 'older event is', 'older events are')} not kept")
    for entry in record.entries:
        ago = getattr(entry.event, "now", record.now) - record.now
        typer.echo(line(entry, ago))


def _show(status: Status) -> None:
    """Print the part of it that fits on a screen."""
    from rich.console import Console

    from supervisor.cli.workers_table import workers_table

    console = Console(highlight=False, markup=False)
    console.print(_headline(status.supervisor))
    if status.supervisor.configuration_error:
        error = status.supervisor.configuration_error
        console.print(f"configuration not applied: {error}", soft_wrap=True)
    console.print(_allocation_line(status.allocation.allocation_stats))
    for note in notes(status, time.time()):
        console.print(f"{note.about}: {note.text}", soft_wrap=True)
    console.print(workers_table(status.workers))
    console.print(f"jobs: {_counts(status.jobs)}", soft_wrap=True)


def _headline(supervisor: SupervisorStatus) -> str:
    from supervisor.client.discovery import find_gateway
    from supervisor.client.errors import SupervisorError

    said = f"supervisor {supervisor.version}, pid {supervisor.pid}, {supervisor.state}"
    with suppress(SupervisorError):
        said += f", page {find_gateway()}/"
    return said


def _allocation_line(stats: AllocationStats) -> str:
    current, average = stats.current_allocation, stats.average_utilization
    busy = "" if average is None else f", {average:.0f} % busy on average"
    why = current.allocation_reason
    if stats.decisions:
        last = stats.decisions[-1]
        why = explain(last.kind, last.figures, last.reason, last.profile)
    return f"cores: {current.allocated_cores} of {stats.total_cores}{busy}; {why}"


def _counts(jobs: JobCounts) -> str:
    """What is done now, and what else there was since the start."""
    now = (
        f"{jobs.running} running ({counted(jobs.segments_running, 'segment')}), "
        f"{jobs.queued} queued ({counted(jobs.segments_waiting, 'segment')})"
    )
    names = ("done", "cancelled", "expired", "failed", "quarantined", "refused", "retried")
    ended = ", ".join(f"{count} {name}" for name in names if (count := getattr(jobs, name)))
    return f"{now}; so far {ended or 'none ended'}, {counted(jobs.spoken, 'segment')} spoken"
