"""Connections that were refused: the answer is sent, and what still comes is thrown away.

Closing a connection on which something lies unread resets it, and the answer would be lost with
it. So the connection is kept a moment longer beside the one that the HTTP library closes; what
comes is read into one buffer that nobody looks at. How long, how much and for how many
at once is bounded, and nothing of it is parsed.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import socket
import sys
import termios
from contextlib import suppress
from typing import Final

LINGER_S: Final = 2.0
"""How long somebody has to notice the answer, and to stop sending."""

LINGER_BYTES: Final = 8 << 20
"""How much is thrown away for one: programs that send the whole of a body before they read are
to have their answer, too."""

AT_ONCE: Final = 64
"""Beyond it, who has been here longest is cut."""

_BUFFER = bytearray(256 * 1024)


class LingeringCloses:
    """Those of one door who have their answer and may still be sending."""

    def __init__(self) -> None:
        self.waiting: dict[_LingeringClose, None] = {}
        """In the order in which they were answered."""

    def say(self, transport: asyncio.BaseTransport, *, whatever_comes: bool) -> None:
        """Keep the connection of a transport that is just being closed, its answer sent.

        Unless `whatever_comes`, only where something lies unread already.
        """
        held: socket.socket | None = transport.get_extra_info("socket")
        if held is None:
            return
        with suppress(OSError):  # It is no more, or no descriptor is left.
            if whatever_comes or _unread_bytes(held):
                _LingeringClose(held, self).begin()

    def close(self) -> None:
        """Wait for nobody any longer."""
        for farewell in list(self.waiting):
            farewell.end()


class _LingeringClose:
    """A second hold on a connection, taken while the first is open. Raises OSError."""

    def __init__(self, held: socket.socket, others: LingeringCloses) -> None:
        self._socket = socket.socket(fileno=os.dup(held.fileno()))
        self._socket.settimeout(0)
        self._others = others.waiting
        self._left = LINGER_BYTES
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    def begin(self) -> None:
        """Say that nothing more comes, and wait until the other leaves."""
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError:  # It has left.
            self._socket.close()
            return
        if len(self._others) >= AT_ONCE:
            next(iter(self._others)).end()
        self._others[self] = None
        self._loop.add_reader(self._socket, self._read)
        self._timer = self._loop.call_later(LINGER_S, self.end)

    def end(self) -> None:
        """Let go of the connection. Idempotent."""
        self._others.pop(self, None)
        if self._timer is not None:
            self._timer.cancel()
            self._loop.remove_reader(self._socket)
            self._timer = None
        self._socket.close()

    def _read(self) -> None:
        count = 0
        with suppress(OSError):
            count = self._socket.recv_into(_BUFFER)
        self._left -= count
        if count == 0 or self._left <= 0:
            self.end()


def _unread_bytes(connection: socket.socket) -> int:
    """What the kernel keeps of it until it is read. Raises OSError."""
    return int.from_bytes(fcntl.ioctl(connection, termios.FIONREAD, bytes(4)), sys.byteorder)
