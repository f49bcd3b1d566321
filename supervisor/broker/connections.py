"""Connections of a ROUTER socket, watched from outside libzmq: how many, and what they stuff in.

libzmq has no limit on connections, and aborts the process when it runs out of file
descriptors; nor has it one on the frames of a message that never ends. Both are kept
here, by shutting the connection's descriptor down, which to libzmq is a peer that left:

- The monitor tells of every connection. libzmq waits when its monitor is not read, so
  at most `UNSEEN` connections can be ahead of us, however busy we are. Where all places
  are taken, one who has said nothing since it came makes room for the next (on tcp, where
  anybody may knock); so those who cannot shake hands keep nobody out.
- Memory that grows while a connection sends without end and without completing a
  message: in look after look some of its input has been taken in, and it delivers nothing.
  Input that only waits proves nothing: libzmq's thread may have had no time to read it.
  On tcp the kernel counts the bytes, so there a slow one is found out as well.
"""

from __future__ import annotations

import asyncio
import ctypes
import fcntl
import os
import resource
import socket
import struct
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

import zmq

from supervisor.logs import get_logger

UNSEEN: Final = 1010
"""Connections that libzmq may accept before we read of the first (the monitor's queue)."""

RESERVED_FILES: Final = 256
"""Descriptors for everything that is no client's connection."""

FEW: Final = 64
"""Connections that somebody is told to make room for who has left none."""

_WATCH_S: Final = 0.25
_WATCH_NOBODY_S: Final = 2.0
_WATCHES_PER_READ: Final = 4
"""The monitor's descriptor tells of new events; this is in case that it once does not."""
_LOOK_S: Final = 0.005
_LOOKS: Final = 300
"""Looks after which the rest are left alone until memory grows again."""
_TAKEN_IN: Final = 20
"""Looks at which a connection's input must have become less, without a message meanwhile; and
looks after which those of whom nothing was taken in are no suspects."""
_EVIDENCE_S: Final = 1.0
"""How long nothing may have been delivered, unless memory grows by `_FAST_BYTES` meanwhile."""
_FAST_BYTES: Final = 64 << 20
_SETTLE: Final = 8
"""Watches after a look until memory is tidied once more: those who were cut off are gone then."""
_GROWTH_BYTES: Final = 6 << 20
_PAGE: Final = resource.getpagesize()
_BYTES_RECEIVED: Final = 128
"""Where `struct tcp_info` has tcpi_bytes_received."""

_EVENT: Final = struct.Struct("=HI")
_MONITOR: Final = "inproc://connections"

log = get_logger()
_libc = ctypes.CDLL(None)


class TooFewFiles(Exception):
    """The limit on open files leaves no room for clients; the message says what to do."""


def files_for(connections: int, sockets: int = 1) -> int:
    """Files that have to be allowed for so many connections on each of so many sockets."""
    return sockets * (connections + UNSEEN) + RESERVED_FILES


def make_room(connections: int, sockets: int = 1) -> int:
    """Raise the limit on open files; how many connections it leaves for each of `sockets`, at
    most `connections`.

    Each socket has a monitor of its own, and so as many connections that we have not seen.
    Raises TooFewFiles.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = files_for(connections, sockets)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY:
        return connections
    room = (soft - files_for(0, sockets)) // sockets
    if room < 1:
        least = files_for(FEW, sockets)
        raise TooFewFiles(f"at most {soft} files may be open; allow {least} (ulimit -Hn {least})")
    return min(connections, room)


class Connections:
    """Keeps `socket` at `limit` connections, none of which holds more than `message_bytes`
    of a message that is not complete. `tcp`: its endpoint is one of tcp.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        socket: zmq.Socket[bytes],
        limit: int,
        *,
        tcp: bool,
    ) -> None:
        self.limit = limit
        self.message_bytes = 0
        self.attentive = tcp
        """Whether `delivered` wants to be called for every message."""
        self.open: dict[int, int] = {}
        """Descriptor → bytes that it had received when its last message was complete (tcp)."""
        self._loop = loop
        self._socket = socket
        self._refused = 0
        self._silent: dict[int, None] = {}
        """Those on tcp from whom no message has come yet, in the order in which they came."""
        self._delivered: set[int] = set()
        self._suspects: dict[int, _Suspect] = {}
        self._looks = 0
        self._looking_since = 0.0
        self._looking_from = 0
        """Resident bytes at the first look."""
        self._settling = 0
        self._tcp = tcp
        self._statm = os.open("/proc/self/statm", os.O_RDONLY)
        self._memory = self._resident_bytes()
        socket.monitor(_MONITOR, zmq.EVENT_ACCEPTED | zmq.EVENT_DISCONNECTED)
        self._monitor = socket.context.socket(zmq.PAIR)
        self._monitor.setsockopt(zmq.RCVHWM, 1)
        self._monitor.connect(_MONITOR)
        self._fd = int(self._monitor.getsockopt(zmq.FD))
        loop.add_reader(self._fd, self.read)
        self._timer = loop.call_later(_WATCH_NOBODY_S, self._watch)
        self._watches = 0

    def delivered(self, frame: zmq.Frame) -> None:
        """A whole message came: its connection holds nothing back."""
        with suppress(zmq.ZMQError):
            self._delivered.add(int(frame.get("__fd")))

    def read(self) -> None:
        """Take note of who came and who left."""
        while True:
            try:
                event, fd = _EVENT.unpack(self._monitor.recv_multipart(zmq.NOBLOCK)[0])
            except zmq.Again:
                return
            if event == zmq.EVENT_DISCONNECTED:
                self._forget(fd)
                self._suspects.pop(fd, None)
            elif len(self.open) < self.limit or self._displace():
                if not self.open:
                    self._schedule(_WATCH_S)
                self.open[fd] = 0
                if self._tcp:
                    self._silent[fd] = None
            else:
                self._refuse(fd)

    def close(self) -> None:
        """Stop watching; the socket may be closed then."""
        self._timer.cancel()
        self._loop.remove_reader(self._fd)
        # libzmq may stand at the full monitor, with the lock that we need for taking it away.
        stopped = threading.Event()
        reader = threading.Thread(target=self._discard, args=(stopped,))
        reader.start()
        self._socket.disable_monitor()
        stopped.set()
        reader.join()
        self._monitor.close(0)
        os.close(self._statm)

    def _discard(self, stopped: threading.Event) -> None:
        while not stopped.is_set():
            if self._monitor.poll(10):
                self._monitor.recv_multipart()

    def _forget(self, fd: int) -> None:
        self.open.pop(fd, None)
        self._silent.pop(fd, None)
        self._delivered.discard(fd)

    def _heard(self) -> None:
        """Those from whom messages came are silent no more."""
        for fd in self._delivered:
            self._silent.pop(fd, None)

    def _displace(self) -> bool:
        """Hang up on the one who has been silent longest; False if everybody has spoken."""
        self._heard()
        fd = next(iter(self._silent), None)
        if fd is None:
            return False
        self._forget(fd)
        self._refuse(fd)
        return True

    def _refuse(self, fd: int) -> None:
        if not self._refused:
            log.warning("broker: %d connections are open, more are refused", self.limit)
        self._refused += 1
        _hang_up(fd)

    # -- messages that never end ----------------------------------------------------------

    def _watch(self) -> None:
        """Look closer when memory has grown, and at what each tcp connection holds back."""
        self._schedule(_WATCH_S if self.open or self._settling else _WATCH_NOBODY_S)
        self._watches += 1
        if self._tcp or self._watches % _WATCHES_PER_READ == 0:
            self.read()  # On tcp, also because who came is to be known before it is heard.
        if self._refused and len(self.open) < self.limit:
            log.warning("broker: refused %d connections; there is room again", self._refused)
            self._refused = 0
        if self._tcp:
            self._weigh_tcp()
        if self._settling:
            self._settling -= 1
            if not self._settling:
                self._tidy()
        memory = self._resident_bytes()
        if memory < self._memory:
            self._memory = memory
        elif memory - self._memory > _GROWTH_BYTES and not self._looks:
            self._suspects = {fd: _Suspect(_input_bytes(fd)) for fd in self.open}
            self._looks, self._looking_from = _LOOKS, memory
            self._looking_since = self._loop.time()
            self._loop.call_later(_LOOK_S, self._look)
        self.attentive = self._tcp or bool(self._looks)
        self._heard()
        self._acquit()
        self._delivered.clear()

    def _schedule(self, seconds: float) -> None:
        self._timer.cancel()
        self._timer = self._loop.call_later(seconds, self._watch)

    def _resident_bytes(self) -> int:
        return int(os.pread(self._statm, 128, 0).split()[1]) * _PAGE

    def _weigh_tcp(self) -> None:
        """Whoever holds too much of one message back is hung up on."""
        for fd, base in list(self.open.items()):
            received = _tcp_bytes_received(fd)
            if received is None:
                continue
            if fd in self._delivered:
                self.open[fd] = received
            elif received - base > self.message_bytes:
                self._stop(fd)

    def _look(self) -> None:
        """Who has delivered something, or of whom nothing is taken in, is no suspect any more."""
        self._looks -= 1
        early = self._looks > _LOOKS - _TAKEN_IN
        self._acquit()
        for fd, suspect in list(self._suspects.items()):
            suspect.look(_input_bytes(fd))
            if not early and not suspect.taken_in:
                del self._suspects[fd]
        if self._is_enough():
            for fd in [fd for fd, one in self._suspects.items() if one.taken_in >= _TAKEN_IN]:
                self._stop(fd)
                del self._suspects[fd]
        if self._looks and self._suspects:
            self._loop.call_later(_LOOK_S, self._look)
            return
        self._looks = 0
        self._suspects.clear()
        self._tidy()
        self._settling = _SETTLE

    def _acquit(self) -> None:
        """Whoever delivered a message does not hold one back."""
        for fd in self._delivered:
            self._suspects.pop(fd, None)

    def _is_enough(self) -> bool:
        """Whether the looks so far tell an attack from a machine that is short of time."""
        grown = self._resident_bytes() - self._looking_from
        return grown > _FAST_BYTES or self._loop.time() - self._looking_since >= _EVIDENCE_S

    def _tidy(self) -> None:
        """What connections that are gone have used lies free in pieces: give it back."""
        _libc.malloc_trim(0)
        self._memory = self._resident_bytes()

    def _stop(self, fd: int) -> None:
        log.warning("broker: hung up on a client that sends a message without an end")
        _hang_up(fd)


class _Suspect:
    """One connection while it is looked at: its waiting input, and how often that became less."""

    def __init__(self, waiting: int) -> None:
        self.taken_in = 0
        self._waiting = waiting

    def look(self, waiting: int) -> None:
        """Take note of how much waits now."""
        self.taken_in += waiting < self._waiting
        self._waiting = waiting


@contextmanager
def _connection(fd: int) -> Iterator[socket.socket | None]:
    """A copy of a client's descriptor; None if the number stands for something else by now.

    libzmq closes descriptors in a thread of its own, and what this process opens next may get
    the number: a process descriptor, or a channel to a worker, which no client may cost us.
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


def _hang_up(fd: int) -> None:
    with _connection(fd) as connection, suppress(OSError):
        if connection is not None:
            connection.shutdown(socket.SHUT_RDWR)


def _input_bytes(fd: int) -> int:
    """What the kernel keeps of this connection until libzmq reads it."""
    try:
        return int.from_bytes(fcntl.ioctl(fd, termios.FIONREAD, bytes(4)), "little")
    except OSError:
        return 0


def _tcp_bytes_received(fd: int) -> int | None:
    """Bytes that came over this connection, None if it is none of tcp."""
    with _connection(fd) as connection:
        if connection is None or connection.family == socket.AF_UNIX:
            return None
        try:
            info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
        except OSError:
            return None
    end = _BYTES_RECEIVED + 8
    return int.from_bytes(info[_BYTES_RECEIVED:end], "little") if len(info) >= end else None
