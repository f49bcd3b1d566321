"""The table of workers that `supervisor status` and `supervisor top` show."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rich.text import Text

from supervisor.cli.tables import FittingTable
from supervisor.wire.status import WorkerStatus

_COLUMNS: Final = ("slot", "pid", "state", "cores", "threads", "session", "segments", "PSS MB")
_LEAST: Final = ("session", "pid", "threads", "PSS MB", "segments", "cores")
"""Columns that go first where the terminal is narrow."""

_STYLES: Final = {"busy": "green", "idle": "", "fatal": "bold red", "backoff": "yellow"}


def workers_table(workers: Iterable[WorkerStatus]) -> FittingTable:
    """A line for each worker; where it runs on other cores than it was given, these are told."""
    table = FittingTable(_COLUMNS, _LEAST)
    for worker in workers:
        cores = _numbers(worker.cpus)
        if worker.observed_cpus and worker.observed_cpus != worker.cpus:
            cores += f" (runs on {_numbers(worker.observed_cpus)})"
        table.add(
            worker.slot,
            worker.pid,
            Text(worker.state, _STYLES.get(worker.state, "yellow")),
            cores,
            worker.intra_op_threads,
            worker.session_generation,
            worker.segments_done,
            worker.pss_mb,
        )
    return table


def _numbers(cpus: Iterable[int]) -> str:
    return ",".join(map(str, cpus)) or "–"
