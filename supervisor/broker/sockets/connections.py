"""Connection limit of a ROUTER socket, enforced from outside libzmq.

libzmq has no limit on connections, and aborts the process when it runs out of file
descriptors. The limit is kept here, by shutting down the descriptor of a connection that is
too many, which to libzmq is a peer that left.

libzmq's monitor reports every connection. libzmq waits when its monitor is not read, so at
most `UNSEEN` connections are open that we have not seen, however busy we are. On tcp, where
any host may connect, a new connection at the limit takes the place of the oldest one that has sent
no message yet; so peers that cannot complete the handshake keep no client out. `flood` watches
what connections send.

On ipc the monitor also bounds the messages that wait. libzmq has no bound on them all: a peer
that connects, says one thing and leaves has filled a queue of its own, and the queues take turns.
So while messages wait, the monitor is not read, until libzmq waits and accepts nobody. Who is
connected waits behind a few hundred others at most, and those who come wait in the kernel.
"""

from __future__ import annotations

import asyncio
import struct
import sys
import threading
from contextlib import suppress
from typing import Final

import zmq

from supervisor.broker.sockets.descriptors import hang_up
from supervisor.broker.sockets.flood import FloodGuard
from supervisor.host.open_files import allow_open_files
from supervisor.logs import get_logger

UNSEEN: Final = 1010
"""Connections that libzmq may accept before we read of the first (the monitor's queue)."""

RESERVED_FILES: Final = 256
"""Descriptors for everything but clients' connections."""

FEW: Final = 64
"""Connections for which the error for a limit that leaves none asks for room."""

_WATCH_S: Final = 0.25
_WATCH_IDLE_S: Final = 2.0
_WATCHES_PER_READ: Final = 4
"""The monitor's descriptor announces events; this is in case that it once does not."""

_PART: Final = 500
"""Events that are read at once on ipc: after about so many libzmq goes on where it waited."""
_PART_S: Final = 0.01
"""Pause between two parts, in which those who were accepted say what they have to say."""
_HELD_PART_S: Final = 2.0
"""The same while messages wait. libzmq's thread serves no connection until then, and must not be
kept from it for as long as a handshake may take."""
_BACKLOG_S: Final = 0.5
"""Messages that have waited for so long have taken memory that is worth giving back."""

_EVENT: Final = struct.Struct("=HI")
_MONITOR: Final = "inproc://connections"

log = get_logger(__name__)


class TooFewFiles(Exception):
    """The limit on open files has no room for clients; the message says what to do."""


def files_for(connections: int, sockets: int = 1) -> int:
    """Open files that `connections` on each of `sockets` need."""
    return sockets * (connections + UNSEEN) + RESERVED_FILES


def raise_file_limit(connections: int, sockets: int = 1) -> int:
    """Raise the limit on open files; return how many connections, at most `connections`, it
    allows on each of `sockets`.

    Each socket has a monitor of its own, so each may have `UNSEEN` connections more.
    Raises TooFewFiles.
    """
    files = allow_open_files(files_for(connections, sockets))
    room = (files - files_for(0, sockets)) // sockets
    if room < 1:
        least = files_for(FEW, sockets)
        raise TooFewFiles(f"at most {files} files may be open; allow {least} (ulimit -Hn {least})")
    return min(connections, room)


class Connections:
    """Keeps `socket` at `limit` connections. `tcp`: its endpoint is on tcp."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        socket: zmq.Socket[bytes],
        limit: int,
        *,
        tcp: bool,
    ) -> None:
        self.limit = limit
        self.flood_guard = FloodGuard(loop, tcp=tcp)
        self.open: set[int] = set()
        """Descriptors of the open connections."""
        self._loop = loop
        self._socket = socket
        self._refused = 0
        self._silent: dict[int, None] = {}
        """Those on tcp that have sent no message yet, the oldest first."""
        self._tcp = tcp
        self._part = sys.maxsize if tcp else _PART
        self._held_since: float | None = None
        self._part_at = 0.0
        """Time of the next part, while we hold."""
        socket.monitor(_MONITOR, zmq.EVENT_ACCEPTED | zmq.EVENT_DISCONNECTED)
        self._monitor = socket.context.socket(zmq.PAIR)
        self._monitor.setsockopt(zmq.RCVHWM, 1)
        self._monitor.connect(_MONITOR)
        self._fd = int(self._monitor.getsockopt(zmq.FD))
        loop.add_reader(self._fd, self.read)
        self._timer = loop.call_later(_WATCH_IDLE_S, self._watch)
        self._watches = 0
        # libzmq tells a reader of what comes only once that has found nothing to read.
        self._more: asyncio.Handle = loop.call_soon(self.read)

    @property
    def wants_deliveries(self) -> bool:
        """Whether `delivered` is to be called for every message."""
        return self._tcp or self.flood_guard.looking

    def delivered(self, frame: zmq.Frame) -> None:
        """Note that a whole message came over this frame's connection."""
        with suppress(zmq.ZMQError):
            fd = int(frame.get("__fd"))
            self._silent.pop(fd, None)
            self.flood_guard.delivered(fd)

    def read(self) -> None:
        """Read the monitor: which connections were opened and closed."""
        if self._held_since is None and self._read_part():
            self._more.cancel()
            self._more = self._loop.call_later(_PART_S, self.read)

    def read_all(self) -> None:
        """Read it now and to its end, so that libzmq does not wait for us."""
        while self._read_part():
            pass

    def hold(self) -> None:
        """Note that messages wait, so that few may connect; to be called again while they do."""
        if self._tcp:
            return  # Who has sent a message has to be known before.
        now = self._loop.time()
        if self._held_since is None:
            self._held_since, self._part_at = now, now + _HELD_PART_S
        elif now >= self._part_at:
            self._part_at = now + _HELD_PART_S
            self._read_part()

    def release(self) -> None:
        """Note that no message waits any more."""
        since, self._held_since = self._held_since, None
        if since is not None:
            if self._loop.time() - since > _BACKLOG_S:
                self.flood_guard.settle()
            self.read()

    def _read_part(self) -> bool:
        """Read some of its events, on tcp all; True if there may be more."""
        return all(self._read_one() for _ in range(self._part))

    def _read_one(self) -> bool:
        """Read one event of the monitor; False if there is none."""
        try:
            event, fd = _EVENT.unpack(self._monitor.recv_multipart(zmq.NOBLOCK)[0])
        except zmq.Again:
            return False
        if event == zmq.EVENT_DISCONNECTED:
            self._forget(fd)
        elif len(self.open) < self.limit or self._evict():
            if not self.open:
                self._schedule(_WATCH_S)
            self.open.add(fd)
            self.flood_guard.opened(fd)
            if self._tcp:
                self._silent[fd] = None
        else:
            self._refuse(fd)
        return True

    def close(self) -> None:
        """Stop watching; then the socket may be closed."""
        self._timer.cancel()
        self._more.cancel()
        self._loop.remove_reader(self._fd)
        # libzmq may wait at a full monitor, and holds the lock that `disable_monitor` needs.
        stopped = threading.Event()
        reader = threading.Thread(target=self._discard, args=(stopped,))
        reader.start()
        self._socket.disable_monitor()
        stopped.set()
        reader.join()
        self._monitor.close(0)
        self.flood_guard.close()

    def _discard(self, stopped: threading.Event) -> None:
        while not stopped.is_set():
            if self._monitor.poll(10):
                self._monitor.recv_multipart()

    def _forget(self, fd: int) -> None:
        self.open.discard(fd)
        self._silent.pop(fd, None)
        self.flood_guard.closed(fd)

    def _evict(self) -> bool:
        """Hang up on the connection that has been silent longest; False if none is silent."""
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
        """Now and then, read the monitor and look at what connections send."""
        self._schedule(_WATCH_S if self.open or self.flood_guard.settling else _WATCH_IDLE_S)
        self._watches += 1
        if self._tcp or self._watches % _WATCHES_PER_READ == 0:
            self.read()  # On tcp, also to know a connection before its first message.
        if self._refused and len(self.open) < self.limit:
            log.warning("broker: refused %d connections; there is room again", self._refused)
            self._refused = 0
        self.flood_guard.watch()

    def _schedule(self, seconds: float) -> None:
        self._timer.cancel()
        self._timer = self._loop.call_later(seconds, self._watch)
