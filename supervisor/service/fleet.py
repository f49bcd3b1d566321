"""The agent of the fleet as the supervisor's child, where `fleet.servers` names servers.

The agent is a client like any other. It tells how it gets along with the servers, which the status
shows, and learns of changed settings by a socket, whose end tells it that its supervisor has ended.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import msgspec

from supervisor.config import Settings
from supervisor.config.handover import handover
from supervisor.logs import get_logger
from supervisor.service.child import Child
from supervisor.wire.status import FleetStatus

COMMAND = (sys.executable, "-m", "supervisor.fleet")

_NOT_STARTED = "the agent cannot run; the log says why"

log = get_logger(__name__)


class FleetChild(Child):
    """The agent process, at most one. `state` and `reason` are as it told them last."""

    name = "fleet"

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        settings: Settings,
        command: Sequence[str] = COMMAND,
    ) -> None:
        super().__init__(loop, command)
        self.status = FleetStatus(state="joining" if settings.fleet.servers else "alone")
        self._settings = settings
        self._link: socket.socket | None = None

    def start(self) -> None:
        """Start the agent if there is a fleet to join."""
        if self._settings.fleet.servers:
            super().start()

    def configure(self, settings: Settings) -> None:
        """Pass changed settings on."""
        changed = settings != self._settings
        self._settings = settings
        if changed and self._link is not None:
            try:
                self._link.send(handover(settings))
            except OSError as error:
                log.warning("fleet: the agent does not take settings: %s", error.strerror)

    @contextmanager
    def _given(self) -> Iterator[int]:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)  # noqa: FBT003 (positional only)
        with theirs:
            try:
                ours.send(handover(self._settings))
                yield theirs.fileno()
            except BaseException:
                ours.close()
                raise
        self._link = ours

    def _heard(self, line: bytes) -> None:
        try:
            status = msgspec.json.decode(line, type=FleetStatus)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return
        self.status = status
        say = log.warning if status.reason else log.info
        say("fleet: %s%s", status.state, f" ({status.reason})" if status.reason else "")

    def _gone(self, reason: str | None) -> None:
        if reason is None:
            if not self.status.reason:
                self.status = FleetStatus(state="refused", reason=_NOT_STARTED)
            log.error("fleet: not joined; the reason is above, this host works alone")
        else:
            self.status = FleetStatus(state="degraded", reason=f"the agent {reason}")

    def _ended(self) -> None:
        if self._output is not None:  # Its end may be known before its last words are read.
            os.set_blocking(self._output.fileno(), False)
            with suppress(BlockingIOError):
                self._read()
        super()._ended()

    def _forget(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None
        super()._forget()
