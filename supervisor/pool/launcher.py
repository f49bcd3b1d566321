"""How worker processes are started: one interface, with two ways behind it.

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

from supervisor.pool.interpreters import Ahead
from supervisor.wire.worker import Catalogue, Fork, Setup

OnForked = Callable[[int, int, str | None], None]
OnCatalogue = Callable[[Catalogue], None]
OnFailed = Callable[[str], None]


class Ends(msgspec.Struct, frozen=True):
    """What a worker inherits: two sockets, the lifeline's reader, a log file."""

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

    def start(self, ahead: Ahead | None = None) -> None:
        """Get ready to launch; `ahead` has a template, if one was started already."""
        ...

    def greeting(self, order: Fork, /) -> list[bytes]:
        """What a new worker must find on its control socket before it is launched."""
        ...

    def launch(self, order: Fork, ends: Ends) -> None:
        """Start one worker; `ends` may be closed afterwards."""
        ...

    def set_up(self, setup: Setup) -> None:
        """Workers launched from now on have these engines and settings."""
        ...

    def take_answers(self) -> None:
        """Call `on_forked` for every process that is known to have been started by now."""
        ...

    def close(self) -> None:
        """Launch nothing more. Running workers are not touched."""
        ...

    @property
    def pid(self) -> int | None:
        """The template's process id, where there is a template."""
        ...
