"""Python processes that the supervisor starts: the template, and workers without one.

Imports next to nothing: `supervisor start` starts the template before anything else,
so that both import their libraries at the same time.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from io import FileIO
from typing import NamedTuple

from supervisor import tracebacks
from supervisor.host.service_manager import VARIABLES
from supervisor.pool.channels import close_all, make_lifeline, make_pair
from supervisor.wire.environment import thread_variables

ENVIRONMENT = {
    "ORT_DISABLE_TELEMETRY": "1",
    **thread_variables(1),
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}
"""Set before the interpreter imports anything: a one-thread session then starts no thread, and
memory comes in huge pages. Activations are given back after each run of Kokoro, and to take them
again page by page costs 7 % of the time; models in huge pages have small page tables, and those are
what a fork copies (two forks with Kokoro loaded: 9.4 ms instead of 13.7). C libraries other than
glibc ignore it."""


class Template(NamedTuple):
    """A template process: its pid, its pidfd, the channel for orders, and its lifeline."""

    pid: int
    pidfd: int
    orders: socket.socket
    lifeline: FileIO

    def close(self) -> None:
        """Close its channels, so that it ends by itself. To be called once."""
        close_all(self.orders, self.lifeline)
        os.close(self.pidfd)


def start_template() -> Template:
    """Start a template; it waits for its `Setup`. Raises OSError."""
    pair, lifeline = make_pair(), make_lifeline()
    try:
        fds = (pair.theirs.fileno(), lifeline.reader.fileno())
        pid = start_interpreter("workers.template", fds, {}, None)
        return Template(pid, os.pidfd_open(pid), pair.ours, lifeline.writer)
    except OSError:
        close_all(pair.ours, lifeline.writer)
        raise
    finally:
        close_all(pair.theirs, lifeline.reader)


class PrestartedTemplate:
    """A template that is started before it is known whether one is needed."""

    def __init__(self) -> None:
        self._template: Template | None = None
        with suppress(OSError):  # The launcher tries again if it needs one, and reports the error.
            self._template = start_template()

    def take(self) -> Template | None:
        """Take ownership of the template; None if it did not start or was taken."""
        template, self._template = self._template, None
        return template

    def drop(self) -> None:
        """Kill the template, unless it was taken, and wait until it is gone."""
        template = self.take()
        if template is not None:
            signal.pidfd_send_signal(template.pidfd, signal.SIGKILL)
            os.waitid(os.P_PIDFD, template.pidfd, os.WEXITED)
            template.close()


@contextmanager
def prestarted_template() -> Iterator[PrestartedTemplate]:
    """A template that is dropped when the block ends, unless it was taken."""
    prestarted = PrestartedTemplate()
    try:
        yield prestarted
    finally:
        prestarted.drop()


def start_interpreter(
    module: str,
    fds: tuple[int, ...],
    environment: Mapping[str, str],
    log: int | None,
    group: int = 0,
) -> int:
    """Start a module of the workers with these descriptors as arguments; return its pid.

    Without a `group` it gets a process group of its own, so that a terminal's Ctrl-C reaches only
    the supervisor, which then decides; and none of the service manager's variables. Raises OSError.
    """
    inherited = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    with tracebacks.sigusr1_blocked():
        child = subprocess.Popen(
            [sys.executable, "-m", "workers.early", module, *map(str, fds)],
            pass_fds=fds,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**inherited, **ENVIRONMENT, **environment},
            process_group=group,
        )
    child.returncode = 0  # Reaped through its pidfd, never through this object.
    return child.pid
