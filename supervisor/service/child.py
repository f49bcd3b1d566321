"""A process as the supervisor's child: started, watched, started again after a pause that doubles.

It is asked to end by SIGTERM, and says things in lines on its stdout. What it is given on its
stdin, and what its lines mean, is left to `gateway` and `fleet`.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from typing import IO

from supervisor import tracebacks
from supervisor.host import children
from supervisor.logs import get_logger

_CANNOT_RUN = 2
"""Exit status of one that cannot run and has logged why; it is not started again."""
_FIRST_DELAY_S = 0.5
_MAX_DELAY_S = 30.0
_STABLE_S = 30.0
_ADOPT_S = 0.5
_MAX_LINE = 4096

log = get_logger(__name__)


class Child(ABC):
    """One process, at most. `name` is for the log. `on_stopped` is called when one that was asked
    to end has ended, `on_started` with the pid of each.
    """

    name = "child"

    def __init__(self, loop: asyncio.AbstractEventLoop, command: Sequence[str]) -> None:
        self.on_stopped: Callable[[], None] = lambda: None
        self.on_started: Callable[[int], None] = lambda _pid: None
        self.restarts = 0
        self._loop = loop
        self._command = command
        self._pid = 0
        self._pidfd = -1
        self._output: IO[bytes] | None = None
        self._rest = b""
        self._delay = _FIRST_DELAY_S
        self._started_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._stopping = False

    @property
    def pid(self) -> int:
        """The process id of the last one."""
        return self._pid

    @property
    def running(self) -> bool:
        """Whether there is a process, whatever it does."""
        return self._pidfd >= 0

    def start(self) -> None:
        """Start it, or retry later."""
        self._started_at = self._loop.time()
        try:
            self._launch()
        except OSError as error:
            self._restart(f"cannot be started: {error.strerror}")

    @abstractmethod
    def _given(self) -> AbstractContextManager[int | IO[bytes]]:
        """What it gets as stdin, within the block. Raises OSError."""

    @abstractmethod
    def _heard(self, line: bytes) -> None:
        """Take a line of its stdout."""

    @abstractmethod
    def _gone(self, reason: str | None) -> None:
        """It has ended, or could not be started; None: for good, and it has logged why."""

    def _launch(self) -> None:
        """Start the process. Raises OSError, and leaves no process then."""
        with self._given() as given, tracebacks.sigusr1_blocked():
            child = subprocess.Popen(
                [*self._command],
                stdin=given,
                stdout=subprocess.PIPE,
                process_group=0,
            )
        try:
            self._pidfd = os.pidfd_open(child.pid)
        except OSError:
            child.kill()
            child.communicate()
            raise
        self._pid = child.pid
        self.on_started(child.pid)
        child.returncode = 0  # Reaped through its pidfd, never through this object.
        if child.stdout is None:
            raise RuntimeError(f"the {self.name} was started without a pipe")
        self._output = child.stdout
        self._rest = b""
        self._loop.add_reader(child.stdout.fileno(), self._read)
        self._loop.add_reader(self._pidfd, self._ended)

    def stop(self) -> None:
        """Ask it to end in order."""
        self._stopping = True
        if self._timer is not None:
            self._timer.cancel()
        if self._pidfd >= 0:
            signal.pidfd_send_signal(self._pidfd, signal.SIGTERM)

    def close(self) -> None:
        """Kill it now."""
        self.stop()
        if self._pidfd >= 0:
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
            self._forget()

    def _read(self) -> None:
        if self._output is None:
            return
        said = os.read(self._output.fileno(), _MAX_LINE)
        if not said:
            self._loop.remove_reader(self._output.fileno())
            return
        *lines, rest = (self._rest + said).split(b"\n")
        self._rest = rest[-_MAX_LINE:]
        for line in lines:
            self._heard(line)

    def _ended(self) -> None:
        ended = children.reap(self._pidfd)
        self._reap_orphans(self._pid)
        self._forget()
        if self._stopping:
            self.on_stopped()
        elif ended.status == _CANNOT_RUN:
            self._gone(None)
        else:
            self._restart(f"ended ({ended})")

    def _reap_orphans(self, group: int) -> None:
        """Reap what it had started and did not live to see the end of; it ends with it."""
        with suppress(ChildProcessError):
            children.reap_orphans(group, ())
            self._loop.call_later(_ADOPT_S, self._reap_orphans, group)

    def _restart(self, reason: str) -> None:
        """Start another one, after a pause that doubles with each short-lived one."""
        if self._loop.time() - self._started_at > _STABLE_S:
            self._delay = _FIRST_DELAY_S
        log.warning("%s: %s, starts again in %g s", self.name, reason, self._delay)
        self.restarts += 1
        self._gone(reason)
        self._timer = self._loop.call_later(self._delay, Child.start, self)
        self._delay = min(_MAX_DELAY_S, self._delay * 2)

    def _forget(self) -> None:
        self._loop.remove_reader(self._pidfd)
        if self._output is not None:
            self._loop.remove_reader(self._output.fileno())
            self._output.close()
            self._output = None
        os.close(self._pidfd)
        self._pidfd = -1


def memory_file(content: bytes) -> IO[bytes]:
    """A file to read `content` from. A pipe would block us when it is full, and break when
    the child ends before it has read. Raises OSError.
    """
    file = os.fdopen(os.memfd_create("settings"), "w+b")
    file.write(content)
    file.seek(0)
    return file
