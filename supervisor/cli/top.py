"""`supervisor top`: watch the pool follow its load, and record what it does."""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from supervisor.cli.common import fail
from supervisor.cli.connecting import client_errors

if TYPE_CHECKING:
    from supervisor.cli.top_snapshot import History, Snapshot
    from supervisor.client import Client

_REFRESH_S = 1.0
_ANSWER_S = 5.0

Show = Callable[["Snapshot", "History"], None]


def top(
    record: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Append a JSON line for every sample; `supervisor simulate --trace` reads it. "
            "Without a terminal this goes on until it is interrupted.",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one snapshot as JSON, and end.")
    ] = False,
) -> None:
    """Show utilization, cores, workers, queue and decisions as they change; q or Ctrl-C ends it."""
    from supervisor.client import Client

    terminal = sys.stdout.isatty()
    with (
        suppress(KeyboardInterrupt),
        _ended_by_sigterm(),
        _recorder(record) as write,
        client_errors(),
        Client(name="supervisor top") as client,
    ):
        if as_json:
            _once(client, write, _print_json)
        elif terminal:
            _live(client, write)
        elif record is not None:
            _watch(client, write, lambda _snapshot, _picture: None, _sleep)
        else:
            _once(client, write, _print)


Write = Callable[["Snapshot"], None]
Pause = Callable[[float], bool]
"""Waits at most so many seconds; True to go on."""


def _watch(client: Client, write: Write, show: Show, pause: Pause) -> None:
    """Take a status once a refresh, until `pause` returns False."""
    from supervisor.cli.top_snapshot import History
    from supervisor.wire.status import read

    history = History()
    due = time.monotonic()
    while True:
        snapshot = history.take(time.time(), read(client.status(_ANSWER_S)))
        write(snapshot)
        show(snapshot, history)
        due = max(due + _REFRESH_S, time.monotonic())
        if not pause(due - time.monotonic()):
            return


def _once(client: Client, write: Write, show: Show) -> None:
    _watch(client, write, show, lambda _seconds: False)


def _sleep(seconds: float) -> bool:
    time.sleep(max(0.0, seconds))
    return True


def _live(client: Client, write: Write) -> None:
    """The whole screen, drawn anew once a second."""
    from rich.console import Console
    from rich.live import Live

    from supervisor.cli.top_view import draw

    console = Console(highlight=False)
    with _keys() as pause, Live(console=console, screen=True, auto_refresh=False) as live:
        _watch(
            client,
            write,
            lambda snapshot, history: live.update(
                draw(snapshot, history.seen, console.width), refresh=True
            ),
            pause,
        )


def _print(snapshot: Snapshot, history: History) -> None:
    from rich.console import Console

    from supervisor.cli.top_view import draw

    console = Console(highlight=False)
    console.print(draw(snapshot, history.seen, console.width))


def _print_json(snapshot: Snapshot, _picture: History) -> None:
    import msgspec

    typer.echo(json.dumps(msgspec.to_builtins(snapshot), indent=2))


@contextmanager
def _recorder(path: Path | None) -> Iterator[Write]:
    """Appends samples to a file; a line is written whole or not at all."""
    if path is None:
        yield lambda _snapshot: None
        return
    try:
        file = path.open("a", encoding="utf-8")
    except OSError as error:
        fail(2, f"--record {path}: {error.strerror}")
    with file:
        yield lambda snapshot: _append(file, path, snapshot)


def _append(file: TextIO, path: Path, snapshot: Snapshot) -> None:
    if snapshot.utilization is None:
        return
    try:
        file.write(json.dumps(snapshot.record) + "\n")
        file.flush()
    except OSError as error:
        fail(2, f"--record {path}: {error.strerror}")


@contextmanager
def _keys() -> Iterator[Pause]:
    """Read single keys without echo within the block; the terminal is restored after it."""
    import termios
    import tty

    if not sys.stdin.isatty():
        yield _sleep
        return
    before = termios.tcgetattr(sys.stdin)
    try:
        tty.setcbreak(sys.stdin)
        yield _no_q_within
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def _no_q_within(seconds: float) -> bool:
    """Wait; False as soon as q is pressed, or the terminal is closed."""
    end = time.monotonic() + seconds
    while True:
        left = max(0.0, end - time.monotonic())
        ready, _, _ = select.select([sys.stdin], [], [], left)
        if not ready:
            return True
        pressed = os.read(sys.stdin.fileno(), 64)
        if not pressed or pressed.lower().startswith(b"q"):
            return False


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Make SIGTERM end the block like Ctrl-C: the terminal is restored, the recording whole."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
