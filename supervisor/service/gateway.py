"""The gateway process as the supervisor's child: started, watched, started again.

The gateway is a client like any other: its death costs no job of another client, and it is
started again. It waits by itself for a port that is taken; one that cannot run at all (its
address is not this machine's, say) is not started again before the supervisor is.

The service becomes ready once the gateway listens (`awaited`), or once it is known that it
cannot run, or after LISTEN_TIMEOUT_S if its port stays taken or it keeps ending.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import IO

import msgspec

from supervisor import tracebacks
from supervisor.config.loading import Loaded
from supervisor.gateway.handover import handover
from supervisor.host import children
from supervisor.logs import get_logger

_CANNOT_RUN = 2
"""Exit status of a gateway that cannot run and has logged why; it is not started again."""
_FIRST_DELAY_S = 0.5
_MAX_DELAY_S = 30.0
_STABLE_S = 30.0
_ADOPT_S = 0.5
_MAX_LINE = 4096
_SHOWN = 200

LISTEN_TIMEOUT_S = 15.0
"""Longest wait for HTTP before the service counts as ready: a gateway listens within a second, and
within a few where the machine is busy."""

log = get_logger(__name__)


COMMAND = (sys.executable, "-m", "supervisor.gateway")
"""The gateway; the supervisor's pid is added."""


class Announcement(msgspec.Struct, frozen=True):
    """The line that the gateway prints when it listens."""

    pid: int
    host: str
    port: int


class GatewayChild:
    """The gateway process, at most one. `address` is None while none listens; `on_stopped` is
    called when one that was asked to end has ended.

    `awaited`: it was started, and its first listening is waited for. `on_decided` is called
    when it listens, or is not waited for any longer; `on_listening` whenever one listens.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        loaded: Loaded,
        command: Sequence[str] = COMMAND,
    ) -> None:
        self.address: Announcement | None = None
        self.on_stopped: Callable[[], None] = lambda: None
        self.awaited = False
        self.on_decided: Callable[[], None] = lambda: None
        self.on_listening: Callable[[], None] = lambda: None
        self.on_started: Callable[[int], None] = lambda _pid: None
        self.restarts = 0
        self._loop = loop
        self._settings = handover(loaded.settings, loaded.place)
        self._command = command
        self._pid = 0
        self._pidfd = -1
        self._output: IO[bytes] | None = None
        self._rest = b""
        self._warned = False
        self._delay = _FIRST_DELAY_S
        self._started_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._patience: asyncio.TimerHandle | None = None
        self._stopping = False

    @property
    def pid(self) -> int:
        """The process id of the last one."""
        return self._pid

    @property
    def running(self) -> bool:
        """Whether there is a process, listening or not."""
        return self._pidfd >= 0

    def start(self) -> None:
        """Start the gateway, or retry later; its address is logged when it listens."""
        self.awaited = True
        self._patience = self._loop.call_later(LISTEN_TIMEOUT_S, self._lose_patience)
        self._start()

    def _start(self) -> None:
        self._started_at = self._loop.time()
        try:
            self._launch()
        except OSError as error:
            self._restart(f"cannot be started: {error.strerror}")

    def _launch(self) -> None:
        """Start the process. Raises OSError, and leaves no process then."""
        with _memory_file(self._settings) as given, tracebacks.sigusr1_blocked():
            child = subprocess.Popen(
                [*self._command, str(os.getpid())],
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
            raise RuntimeError("the gateway was started without a pipe")
        self._output = child.stdout
        self._rest, self._warned = b"", False
        self._loop.add_reader(child.stdout.fileno(), self._read)
        self._loop.add_reader(self._pidfd, self._ended)

    def stop(self) -> None:
        """Ask the gateway to end; it finishes the responses that are being sent."""
        self._stopping = True
        for timer in (self._timer, self._patience):
            if timer is not None:
                timer.cancel()
        if self._pidfd >= 0:
            signal.pidfd_send_signal(self._pidfd, signal.SIGTERM)

    def close(self) -> None:
        """Kill the gateway now."""
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
            self._read_announcement(line)

    def _read_announcement(self, line: bytes) -> None:
        """Read the announcement; any other output is ignored."""
        try:
            self.address = msgspec.json.decode(line, type=Announcement)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            if not self._warned:
                log.warning("gateway: said %r, which is not where it listens", line[:_SHOWN])
            self._warned = True
            return
        log.info("gateway: listening on http://%s:%d", self.address.host, self.address.port)
        self.on_listening()
        self._stop_waiting()

    def _lose_patience(self) -> None:
        log.warning(
            "gateway: HTTP does not answer after %g s; nobody waits for it any longer, "
            "and it comes when it can",
            LISTEN_TIMEOUT_S,
        )
        self._stop_waiting()

    def _stop_waiting(self) -> None:
        """Note that it listens, or is not waited for any longer."""
        if not self.awaited:
            return
        self.awaited = False
        if self._patience is not None:
            self._patience.cancel()
        self.on_decided()

    def _ended(self) -> None:
        ended = children.reap(self._pidfd)
        self._reap_orphans(self._pid)
        self._forget()
        if self._stopping:
            self.on_stopped()
            return
        if ended.status == _CANNOT_RUN:
            log.error("gateway: not started; the reason is above, the pool goes on without it")
            self._stop_waiting()
            return
        self._restart(f"ended ({ended})")

    def _reap_orphans(self, group: int) -> None:
        """Reap what a gateway had started and did not live to see the end of; it ends with it."""
        with suppress(ChildProcessError):
            children.reap_orphans(group, ())
            self._loop.call_later(_ADOPT_S, self._reap_orphans, group)

    def _restart(self, reason: str) -> None:
        """Start another one, after a pause that doubles with each short-lived one."""
        if self._loop.time() - self._started_at > _STABLE_S:
            self._delay = _FIRST_DELAY_S
        log.warning("gateway: %s, starts again in %g s", reason, self._delay)
        self.restarts += 1
        self._timer = self._loop.call_later(self._delay, self._start)
        self._delay = min(_MAX_DELAY_S, self._delay * 2)

    def _forget(self) -> None:
        self.address = None
        self._loop.remove_reader(self._pidfd)
        if self._output is not None:
            self._loop.remove_reader(self._output.fileno())
            self._output.close()
            self._output = None
        os.close(self._pidfd)
        self._pidfd = -1


def url_of(address: Announcement) -> str:
    """Where HTTP is found from this machine, also where it listens on every address."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address.host, address.host)  # noqa: S104
    return f"http://{f'[{host}]' if ':' in host else host}:{address.port}"


def _memory_file(content: bytes) -> IO[bytes]:
    """A file to read `content` from. A pipe would block us when it is full, and break when
    the child ends before it has read. Raises OSError.
    """
    file = os.fdopen(os.memfd_create("settings"), "w+b")
    file.write(content)
    file.seek(0)
    return file
