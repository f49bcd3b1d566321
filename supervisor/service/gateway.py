"""The gateway process as the supervisor's child.

The gateway is a client like any other: its death costs no job of another client, and it is
started again. It waits by itself for a port that is taken; one that cannot run at all (its
address is not this machine's, say) is not started again before the supervisor is.

The service becomes ready once the gateway listens (`awaited`), or once it is known that it
cannot run, or after LISTEN_TIMEOUT_S if its port stays taken or it keeps ending.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import IO

import msgspec

from supervisor.config.handover import handover
from supervisor.config.loading import Loaded
from supervisor.logs import get_logger
from supervisor.service.child import Child, memory_file

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


class GatewayChild(Child):
    """The gateway process, at most one. `address` is None while none listens.

    `awaited`: it was started, and its first listening is waited for. `on_decided` is called
    when it listens, or is not waited for any longer; `on_listening` whenever one listens.
    """

    name = "gateway"

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        loaded: Loaded,
        command: Sequence[str] = COMMAND,
    ) -> None:
        super().__init__(loop, [*command, str(os.getpid())])
        self.address: Announcement | None = None
        self.awaited = False
        self.on_decided: Callable[[], None] = lambda: None
        self.on_listening: Callable[[], None] = lambda: None
        self._settings = handover(loaded.settings, loaded.place)
        self._warned = False
        self._patience: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Start the gateway, or retry later; its address is logged when it listens."""
        self.awaited = True
        self._patience = self._loop.call_later(LISTEN_TIMEOUT_S, self._lose_patience)
        super().start()

    def stop(self) -> None:
        """Ask the gateway to end; it finishes the responses that are being sent."""
        if self._patience is not None:
            self._patience.cancel()
        super().stop()

    def _given(self) -> AbstractContextManager[IO[bytes]]:
        self._warned = False
        return memory_file(self._settings)

    def _heard(self, line: bytes) -> None:
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

    def _gone(self, reason: str | None) -> None:
        if reason is None:
            log.error("gateway: not started; the reason is above, the pool goes on without it")
            self._stop_waiting()

    def _forget(self) -> None:
        self.address = None
        super()._forget()


def url_of(address: Announcement) -> str:
    """Where HTTP is found from this machine, also where it listens on every address."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address.host, address.host)  # noqa: S104
    return f"http://{f'[{host}]' if ':' in host else host}:{address.port}"
