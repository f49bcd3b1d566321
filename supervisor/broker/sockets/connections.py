"""Connections of a ROUTER socket, watched from outside libzmq: how many there may be.

libzmq has no limit on connections, and aborts the process when it runs out of file
descriptors. The limit is kept here, by shutting the connection's descriptor down, which
to libzmq is a peer that left.

The monitor tells of every connection. libzmq waits when its monitor is not read, so at
most `UNSEEN` connections can be ahead of us, however busy we are. Where all places are
taken, one who has said nothing since it came makes room for the next (on tcp, where
anybody may knock); so those who cannot shake hands keep nobody out. What they send, and
whether it ever ends, is `flood`'s subject.
"""

from __future__ import annotations

import asyncio
import resource
import struct
import threading
from contextlib import suppress
from typing import Final

import zmq

from supervisor.broker.sockets.descriptors import hang_up
from supervisor.broker.sockets.flood import EndlessMessages
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

_EVENT: Final = struct.Struct("=HI")
_MONITOR: Final = "inproc://connections"

log = get_logger(__name__)


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
    """Keeps `socket` at `limit` connections. `tcp`: its endpoint is one of tcp."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        socket: zmq.Socket[bytes],
        limit: int,
        *,
        tcp: bool,
    ) -> None:
        self.limit = limit
        self.endless = EndlessMessages(loop, tcp=tcp)
        self.open: set[int] = set()
        """Descriptors of those who are in."""
        self._loop = loop
        self._socket = socket
        self._refused = 0
        self._silent: dict[int, None] = {}
        """Those on tcp from whom no message has come yet, in the order in which they came."""
        self._tcp = tcp
        socket.monitor(_MONITOR, zmq.EVENT_ACCEPTED | zmq.EVENT_DISCONNECTED)
        self._monitor = socket.context.socket(zmq.PAIR)
        self._monitor.setsockopt(zmq.RCVHWM, 1)
        self._monitor.connect(_MONITOR)
        self._fd = int(self._monitor.getsockopt(zmq.FD))
        loop.add_reader(self._fd, self.read)
        self._timer = loop.call_later(_WATCH_NOBODY_S, self._watch)
        self._watches = 0

    @property
    def attentive(self) -> bool:
        """Whether `delivered` wants to be called for every message."""
        return self._tcp or self.endless.looking

    def delivered(self, frame: zmq.Frame) -> None:
        """A whole message came over this frame's connection."""
        with suppress(zmq.ZMQError):
            fd = int(frame.get("__fd"))
            self._silent.pop(fd, None)
            self.endless.delivered(fd)

    def read(self) -> None:
        """Take note of who came and who left."""
        while True:
            try:
                event, fd = _EVENT.unpack(self._monitor.recv_multipart(zmq.NOBLOCK)[0])
            except zmq.Again:
                return
            if event == zmq.EVENT_DISCONNECTED:
                self._forget(fd)
            elif len(self.open) < self.limit or self._displace():
                if not self.open:
                    self._schedule(_WATCH_S)
                self.open.add(fd)
                self.endless.opened(fd)
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
        self.endless.close()

    def _discard(self, stopped: threading.Event) -> None:
        while not stopped.is_set():
            if self._monitor.poll(10):
                self._monitor.recv_multipart()

    def _forget(self, fd: int) -> None:
        self.open.discard(fd)
        self._silent.pop(fd, None)
        self.endless.closed(fd)

    def _displace(self) -> bool:
        """Hang up on the one who has been silent longest; False if everybody has spoken."""
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
        hang_up(fd)

    def _watch(self) -> None:
        """Look for who came and for what they send, now and then."""
        self._schedule(_WATCH_S if self.open or self.endless.settling else _WATCH_NOBODY_S)
        self._watches += 1
        if self._tcp or self._watches % _WATCHES_PER_READ == 0:
            self.read()  # On tcp, also because who came is to be known before it is heard.
        if self._refused and len(self.open) < self.limit:
            log.warning("broker: refused %d connections; there is room again", self._refused)
            self._refused = 0
        self.endless.watch()

    def _schedule(self, seconds: float) -> None:
        self._timer.cancel()
        self._timer = self._loop.call_later(seconds, self._watch)
