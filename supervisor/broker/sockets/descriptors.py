"""Clients' connections by the numbers of libzmq's descriptors.

A number may have been reused since libzmq reported it. Each function checks what it stands for
now, and leaves alone what is no client's connection.
"""

from __future__ import annotations

import fcntl
import os
import socket
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

_BYTES_RECEIVED: Final = 128
"""Where `struct tcp_info` has tcpi_bytes_received."""


@contextmanager
def _connection(fd: int) -> Iterator[socket.socket | None]:
    """A duplicate of a client's descriptor; None if the number stands for something else by now.

    libzmq closes descriptors in a thread of its own, and what this process opens next may get
    the number: a pidfd, or the channel to a worker, which must not be shut down.
    """
    try:
        copy = os.dup(fd)
    except OSError:
        yield None
        return
    try:
        connection = socket.socket(fileno=copy)
    except OSError:  # No socket at all, so that nobody has taken the copy over.
        os.close(copy)
        yield None
        return
    with connection:
        local = connection.family == socket.AF_UNIX
        yield None if local and not connection.getsockname() else connection


def hang_up(fd: int) -> None:
    """Shut a client's connection down: to libzmq it is a peer that left."""
    with _connection(fd) as connection, suppress(OSError):
        if connection is not None:
            connection.shutdown(socket.SHUT_RDWR)


def input_bytes(fd: int) -> int:
    """Bytes in the kernel's receive buffer of this connection."""
    try:
        return int.from_bytes(fcntl.ioctl(fd, termios.FIONREAD, bytes(4)), "little")
    except OSError:
        return 0


def tcp_bytes_received(fd: int) -> int | None:
    """Bytes that came over this connection, None if it is not on tcp."""
    with _connection(fd) as connection:
        if connection is None or connection.family == socket.AF_UNIX:
            return None
        try:
            info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
        except OSError:
            return None
    end = _BYTES_RECEIVED + 8
    return int.from_bytes(info[_BYTES_RECEIVED:end], "little") if len(info) >= end else None
