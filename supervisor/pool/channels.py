"""The sockets and the pipe between the supervisor and one of its processes.

Made here, inherited there: no name in the file system, so nobody else can connect,
and the end of either process is seen by the other at once.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from io import FileIO
from typing import NamedTuple


class Lifeline(NamedTuple):
    """A pipe that is never written to; `reader` goes to the process that is to end with us.

    File objects, not descriptors: closing one twice does nothing, while the number may by then
    belong to another socket.
    """

    reader: FileIO
    writer: FileIO


class Pair(NamedTuple):
    """Two ends of a packet channel: ours never blocks, theirs does."""

    ours: socket.socket
    theirs: socket.socket


def make_lifeline() -> Lifeline:
    """Make a lifeline; both ends are closed on exec unless passed on."""
    reader, writer = os.pipe()
    return Lifeline(FileIO(reader, "rb"), FileIO(writer, "wb"))


def make_pair() -> Pair:
    """Make a SOCK_SEQPACKET pair: packets stay whole, and a process's end is an end of file."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.settimeout(0)
    return Pair(ours, theirs)


def close_all(*ends: socket.socket | FileIO) -> None:
    """Close sockets and pipes; one that is closed already is no error."""
    for end in ends:
        with suppress(OSError):
            end.close()
