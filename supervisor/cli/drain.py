"""`supervisor drain`: let the supervisor finish what it has, and end."""

from __future__ import annotations

import json
import select
import signal
import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from supervisor.cli.common import fail
from supervisor.cli.supervisor_process import Running, running_supervisor
from supervisor.wording import counted

if TYPE_CHECKING:
    from supervisor.client import Client
    from supervisor.client.discovery import StoppedFile
    from supervisor.wire.status import Status

_LOOK_S = 0.5
_ANSWER_S = 2.0


def drain(
    timeout: Annotated[
        float | None,
        typer.Option(
            min=0,
            metavar="SECONDS",
            help="Wait no longer than this; the drain goes on by itself (exit code 4).",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
) -> None:
    """Have the supervisor refuse new jobs, finish the accepted ones, and end; wait for that.

    It waits at most `pool.grace_period_s`, then it cancels what is left (exit code 5).
    """
    with running_supervisor() as running:
        began = time.monotonic()
        if not _wait(running, timeout):
            fail(4, f"the supervisor (pid {running.pid}) is still draining; it goes on by itself")
        seconds = round(time.monotonic() - began, 1)
        word = _last_word(running)
    if as_json:
        outcome = {"pid": running.pid, "seconds": seconds, "finished": word is not None}
        if word is not None:
            outcome |= {"cancelled": word.cancelled, "left": word.left}
        typer.echo(json.dumps(outcome))
    if word is None:
        fail(5, f"the supervisor (pid {running.pid}) was killed before it had finished")
    if word.cancelled:
        over = "the grace period (pool.grace_period_s) was over"
        fail(5, f"{counted(word.cancelled, 'job was', 'jobs were')} cancelled: {over}")
    if not as_json:
        left = f"; {word.left} durable jobs go on at the next start" if word.left else ""
        typer.echo(f"drained in {seconds:g} s, nothing was given up{left}")


def _wait(running: Running, timeout: float | None) -> bool:
    """Ask it to drain, unless it does already; True once it has ended."""
    from supervisor.client import Client

    deadline = None if timeout is None else time.monotonic() + timeout
    client, progress = Client(name="supervisor drain"), _Progress(running.pid)
    try:
        status = _status(client)
        # A second SIGTERM would stop it at once.
        if status is None or status.supervisor.state != "draining":
            signal.pidfd_send_signal(running.pidfd, signal.SIGTERM)
        while True:
            left = _LOOK_S if deadline is None else min(_LOOK_S, deadline - time.monotonic())
            if select.select([running.pidfd], [], [], max(0.0, left))[0]:
                return True
            if left <= 0:
                return False
            progress.show(_status(client))
    finally:
        progress.close()
        client.close()


def _status(client: Client) -> Status | None:
    """Its status; None if it does not answer, because it is about to end, or not readably."""
    from supervisor.client import SupervisorError
    from supervisor.wire.status import UnreadableStatusError, read

    try:
        return read(client.status(_ANSWER_S))
    except (SupervisorError, UnreadableStatusError):
        return None


def _last_word(running: Running) -> StoppedFile | None:
    """Its `stopped.json`; None where it left none."""
    from supervisor.client.discovery import read_stopped_file

    word = read_stopped_file(running.directory)
    return word if word is not None and word.epoch == running.epoch else None


class _Progress:
    """Progress on stderr: in one line of a terminal, else a line for each change."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._terminal = sys.stderr.isatty()
        self._shown: int | None = None

    def show(self, status: Status | None) -> None:
        """Print what is left by this status."""
        if status is None:
            return
        jobs = status.jobs
        left = jobs.queued + jobs.running
        segments = jobs.segments_running + jobs.segments_waiting
        what = f"{counted(left, 'job')} left, {counted(segments, 'segment')} to speak"
        line = f"draining (pid {self._pid}): {what}"
        if self._terminal:
            sys.stderr.write(f"\r\x1b[2K{line}")
            sys.stderr.flush()
        elif left != self._shown:
            typer.echo(line, err=True)
        self._shown = left

    def close(self) -> None:
        """End the line."""
        if self._terminal and self._shown is not None:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()
