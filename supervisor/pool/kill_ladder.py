"""The kill ladder: ends a worker that does not end by itself.

From the mildest rung to the surest: the terminate flag of the running segment, a traceback of
every thread into the worker's log, SIGTERM, SIGKILL. Each rung gets a little time. Signals go
through the pidfd, so none can reach another process.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable

from supervisor.pool.worker import Worker
from supervisor.wire.worker import Run

FLAG_S = 0.5
"""Time for an interrupted segment to stop: a run of a model stops within a node, a quarter of a
second at worst; a segment that takes longer is stuck."""

_RUNGS: tuple[tuple[signal.Signals, float], ...] = (
    (signal.SIGUSR1, 0.1),  # The traceback: before SIGTERM, which ends a worker at once.
    (signal.SIGTERM, 0.4),
)
"""Signals, and the seconds after each of them."""


class KillLadder:
    """Stops segments and ends workers. `interrupt` raises the flag of a worker's segment."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, interrupt: Callable[[Worker, Run], None]
    ) -> None:
        self._loop = loop
        self._interrupt = interrupt

    def cancel(self, worker: Worker) -> None:
        """Stop the worker's segment; end the worker only if that does not help."""
        run = worker.running
        if run is None:
            return
        self._interrupt(worker, run)
        self._loop.call_later(FLAG_S, self._escalate, worker, run)

    def end(self, worker: Worker, reason: str) -> None:
        """End the worker, from the first rung on."""
        if worker.kill_reason is not None:
            return
        worker.kill_reason = reason
        if worker.running is None:
            self._climb(worker, 0)
        else:
            self._interrupt(worker, worker.running)
            self._loop.call_later(FLAG_S, self._climb, worker, 0)

    def _escalate(self, worker: Worker, run: Run) -> None:
        if worker.running is run and worker.kill_reason is None:
            worker.kill_reason = f"it went on for {FLAG_S:g} s after it was interrupted"
            self._climb(worker, 0)

    def _climb(self, worker: Worker, rung: int) -> None:
        if worker.gone:
            return
        if rung == len(_RUNGS):
            worker.kill(None)
            return
        number, seconds = _RUNGS[rung]
        worker.send_signal(number)
        self._loop.call_later(seconds, self._climb, worker, rung + 1)
