"""`supervisor events`: what happens in the pool, a line for each event, until Ctrl-C."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Annotated

import typer

from supervisor.cli.common import fail
from supervisor.cli.connecting import client_errors
from supervisor.cli.endings import exit_codes
from supervisor.telling.reasons import explain
from supervisor.wording import counted

if TYPE_CHECKING:
    from supervisor.client import Event, JobChanged, WorkerChanged


def events(
    kinds: Annotated[
        list[str] | None,
        typer.Argument(help="Some of allocation, workers, jobs; all where none is named."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print each event as a line of JSON.")
    ] = False,
) -> None:
    """Tell what happens as it happens: changes of the cores, workers that come and go, your jobs.

    A program that reads the lines too slowly is told how many events it lost. Ends with 3 when the
    supervisor stops.
    """
    from supervisor.client import Client, SupervisorGone
    from supervisor.wire.events import document

    named = [name for kind in kinds or () for name in kind.split(",")]
    with (
        exit_codes(None),
        client_errors(),
        Client(name="supervisor events") as client,
        client.events(*named) as watched,
    ):
        try:
            for event in watched:
                told = document(event.number, event.at, event.about)
                typer.echo(json.dumps(told) if as_json else line(event))
        except SupervisorGone:
            fail(3, "the supervisor has stopped")


def line(event: Event) -> str:
    """One event for people."""
    from supervisor.client import AllocationChanged, JobChanged, WorkerChanged

    match event.about:
        case AllocationChanged() as change:
            why = explain(change.kind, change.figures, change.reason)
            cores = f"{change.before} → {change.after}"
            said = f"cores {cores}: {why} (bound: {change.bound.replace('_', ' ')})"
        case WorkerChanged() as worker:
            said = _worker(worker)
        case JobChanged() as job:
            said = _job(job)
        case lost:
            count = "some events" if lost.lost is None else counted(lost.lost, "event")
            said = f"lost {count}: they came faster than they were read"
    return f"{time.strftime('%H:%M:%S', time.localtime(event.at))} {said}"


def _worker(worker: WorkerChanged) -> str:
    pid = "" if worker.pid is None else f" (pid {worker.pid})"
    cores = ", ".join(map(str, worker.cpus))
    named = "core" if len(worker.cpus) == 1 else "cores"
    where = f"{named} {cores}, {counted(worker.intra_op_threads, 'thread')}"
    why = f": {worker.reason}" if worker.reason else ""
    return f"worker {worker.slot}{pid} {worker.what}, {where}{why}"


def _job(job: JobChanged) -> str:
    said = f"job {job.job} {job.what}"
    if job.first_audio_s is not None:
        return f"{said}: first audio after {job.first_audio_s:.3f} s"
    if job.outcome is not None:
        why = f" ({job.message})" if job.message else ""
        return f"{said}: {job.outcome} after {job.total_s or 0.0:.3f} s{why}"
    return f"{said}: {counted(job.segments, 'segment')}, {job.engine}/{job.voice}"
