"""Lingering close: a refused connection stays open until the client has read its response.

Closing a connection with unread bytes resets it, and the client would lose the response. So a
duplicate of its socket is kept for a moment after the HTTP library has closed it, and what still
comes is read and dropped. Time, bytes and number of such connections are bounded; nothing is
parsed.
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
"""Seconds for a client to read the response and to stop sending."""

LINGER_BYTES: Final = 8 << 20
"""Bytes dropped per connection: programs that send a whole body before they read get their
response, too."""

AT_ONCE: Final = 64
"""Lingering connections of one listener; beyond it the oldest is closed."""

_BUFFER = bytearray(256 * 1024)


class LingeringCloses:
    """Lingering connections of one listener."""

    def __init__(self) -> None:
        self.waiting: dict[_LingeringClose, None] = {}
        """In the order in which they were closed."""

    def linger(self, transport: asyncio.BaseTransport, *, always: bool) -> None:
        """Let a connection linger whose transport is just being closed, its response sent.

        Unless `always`, only if received bytes lie unread.
        """
        held: socket.socket | None = transport.get_extra_info("socket")
        if held is None:
            return
        with suppress(OSError):  # It is no more, or no descriptor is left.
            if always or _unread_bytes(held):
                _LingeringClose(held, self).begin()

    def close(self) -> None:
        """Close all of them now."""
        for connection in list(self.waiting):
            connection.end()


class _LingeringClose:
    """A duplicate of a socket, made while the original is open. Raises OSError."""

    def __init__(self, held: socket.socket, others: LingeringCloses) -> None:
        self._socket = socket.socket(fileno=os.dup(held.fileno()))
        self._socket.settimeout(0)
        self._others = others.waiting
        self._left = LINGER_BYTES
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    def begin(self) -> None:
        """Shut down the sending side, and read until the client closes."""
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
        """Close the socket. Idempotent."""
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
    """Received bytes that the kernel holds for a socket. Raises OSError."""
    return int.from_bytes(fcntl.ioctl(connection, termios.FIONREAD, bytes(4)), sys.byteorder)
