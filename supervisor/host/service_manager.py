"""Status notifications to the service manager, systemd or another with its protocol.

Datagrams of `NAME=value` lines to the socket that `$NOTIFY_SOCKET` names, as
sd_notify(3) describes. Errors are ignored: a service manager that does not listen must
not disturb the service.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, MutableMapping
from contextlib import suppress

VARIABLES = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")
"""Environment variables by which the manager addresses the process that it watches."""

_PINGS_PER_DEADLINE = 3
_EARLY = 0.9
"""Part of that interval after which a ping is due: a caller that comes at whole seconds is now and
then a little early, and must not have to wait for another second."""


class ServiceManager:
    """Notifies the service manager; without `$NOTIFY_SOCKET` it does nothing. Times in seconds.

    `watchdog_s` is the time within which the manager wants the next `alive`; None without a
    watchdog. The variables for this process are taken out of `environ`, so that no child process
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
        """Report that the service has begun to serve."""
        self._tell(f"READY=1\nSTATUS={status}")

    def stopping(self, status: str, within_s: float) -> None:
        """Report that the service stops, and takes at most `within_s`."""
        self._tell(f"STOPPING=1\nSTATUS={status}\nEXTEND_TIMEOUT_USEC={int(within_s * 1e6)}")

    def alive(self, now: float) -> None:
        """Send the watchdog's ping if it is due."""
        if self.watchdog_s is None:
            return
        due = None
        if self._pinged_at is not None:
            due = self._pinged_at + _EARLY * self.watchdog_s / _PINGS_PER_DEADLINE
        if due is None or now >= due:
            self._pinged_at = now
            self._tell("WATCHDOG=1")

    def close(self) -> None:
        """Close the socket; no more notifications."""
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
