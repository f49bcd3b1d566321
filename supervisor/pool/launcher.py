"""Launchers of worker processes: one interface, two ways to start a worker.

`fork_launcher` asks the template, which has the engines loaded, for a fork: ready in
milliseconds. `spawn_launcher` starts a fresh interpreter that loads its own. Either way
the worker is a child of the supervisor, with the same sockets and messages.

`supervisor` never imports `workers`: both are started by module name.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from io import FileIO
from typing import Protocol

import msgspec

from supervisor.pool.interpreters import PrestartedTemplate
from supervisor.wire.worker import Catalogue, Fork, Setup

OnForked = Callable[[int, int, str | None], None]
OnCatalogue = Callable[[Catalogue], None]
OnFailed = Callable[[str], None]


class WorkerEnds(msgspec.Struct, frozen=True):
    """Descriptors that a worker inherits: two sockets, the lifeline's reader, a log file."""

    work: socket.socket
    control: socket.socket
    lifeline: FileIO
    log: int


class Launcher(Protocol):
    """Starts workers. Answers come through the callbacks it was made with:
    `on_forked(epoch, pid, error)` once for each launch, `on_catalogue(catalogue)`.

    `groups` are the process groups in which our children may be.
    """

    groups: set[int]

    def start(self, prestarted: PrestartedTemplate | None = None) -> None:
        """Get ready to launch, with the `prestarted` template if there is one."""
        ...

    def greeting(self, order: Fork, /) -> list[bytes]:
        """Packets that must be in a new worker's control socket before it is launched."""
        ...

    def launch(self, order: Fork, ends: WorkerEnds) -> None:
        """Start one worker; `ends` may be closed afterwards."""
        ...

    def set_up(self, setup: Setup) -> None:
        """Launch workers with these engines and settings from now on."""
        ...

    def take_answers(self) -> None:
        """Call `on_forked` for every process that is reported as started by now."""
        ...

    def close(self) -> None:
        """Stop launching. Running workers are left alone."""
        ...

    @property
    def pid(self) -> int | None:
        """The template's process id, where there is a template."""
        ...
