"""Tells the service manager (systemd, or whoever speaks its protocol) how the service is.

Datagrams of `NAME=value` lines to the socket that `$NOTIFY_SOCKET` names, as
sd_notify(3) describes. Nothing here fails: a service manager that does not listen must
not disturb the service.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, MutableMapping
from contextlib import suppress

VARIABLES = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")
"""What the manager tells the one process that it watches."""

_PINGS_PER_DEADLINE = 3
_EARLY = 0.9
"""Part of that interval after which a ping is due: who comes at whole seconds comes now and then
a little early, and must not be sent away for a whole second more."""


class ServiceManager:
    """Without `$NOTIFY_SOCKET` it says nothing. Times in seconds.

    `watchdog_s` is how long the manager waits for the next `alive`; None if it does not.
    What is meant for this process is taken out of `environ`, so that none that it starts
    speaks for it.
    """

    def __init__(self, environ: MutableMapping[str, str]) -> None:
        self.watchdog_s = _watchdog_s(environ)
        self._address = _address(environ.get("NOTIFY_SOCKET", ""))
        for name in VARIABLES:
            environ.pop(name, None)
        self._pinged_at: float | None = None
        self._socket: socket.socket | None = None
        if self._address is not None:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.settimeout(0)

    def ready(self, status: str) -> None:
        """The service has begun to serve."""
        self._tell(f"READY=1\nSTATUS={status}")

    def stopping(self, status: str, within_s: float) -> None:
        """The service ends, and may take so long for it."""
        self._tell(f"STOPPING=1\nSTATUS={status}\nEXTEND_TIMEOUT_USEC={int(within_s * 1e6)}")

    def alive(self, now: float) -> None:
        """The service is well: send the watchdog's ping when it is due."""
        if self.watchdog_s is None:
            return
        due = None
        if self._pinged_at is not None:
            due = self._pinged_at + _EARLY * self.watchdog_s / _PINGS_PER_DEADLINE
        if due is None or now >= due:
            self._pinged_at = now
            self._tell("WATCHDOG=1")

    def close(self) -> None:
        """Say nothing more."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _tell(self, text: str) -> None:
        if self._socket is not None and self._address is not None:
            with suppress(OSError):
                self._socket.sendto(text.encode(), self._address)


def _address(name: str) -> str | None:
    """The socket's address; `@` begins a name in the abstract namespace."""
    if name.startswith("@"):
        return f"\0{name[1:]}"
    return name if name.startswith("/") else None


def _watchdog_s(environ: Mapping[str, str]) -> float | None:
    """`$WATCHDOG_USEC`, if it is meant for this process."""
    pid = environ.get("WATCHDOG_PID", "")
    if pid and pid != str(os.getpid()):
        return None
    with suppress(ValueError):
        usec = int(environ.get("WATCHDOG_USEC", ""))
        return usec / 1e6 if usec > 0 else None
    return None
