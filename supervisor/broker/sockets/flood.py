"""Flood guard: hangs up on connections that send a message without an end.

libzmq has no limit on the frames of a message, and keeps them all. Two signs give such a sender
away:

- Memory grows while the connection delivers no message, and look after look libzmq has read some of
  its input. Input that only waits proves nothing: libzmq's thread may have had no time to read it.
- On tcp the kernel counts the bytes received, which finds a slow sender as well.

`connections` reports which connections are open.
"""

from __future__ import annotations

import asyncio
import os
import resource
from typing import Final

from supervisor import libc
from supervisor.broker.sockets.descriptors import hang_up, input_bytes, tcp_bytes_received
from supervisor.logs import get_logger

_LOOKS: Final = 300
"""Looks after which the remaining suspects are left alone until memory grows again."""
TAKEN_IN: Final = 20
"""Looks at which libzmq must have read some of a connection's input, without a message meanwhile;
and looks after which a connection that it read nothing of is no suspect any more."""
EVIDENCE_S: Final = 1.0
"""Time without a message after which a suspect is hung up on; at once if memory has grown by
`FAST_BYTES`."""
FAST_BYTES: Final = 64 << 20

_LOOK_S: Final = 0.005
_SETTLE: Final = 8
"""Watches after a look until the heap is trimmed again: libzmq has freed what it held by then."""
_SETTLE_TIMES: Final = 8
"""How often it is trimmed after a backlog: its peers are found out within 13 s."""
_GROWTH_BYTES: Final = 6 << 20
_PAGE: Final = resource.getpagesize()

log = get_logger(__name__)


class FloodGuard:
    """Hangs up on connections that fill memory with an incomplete message, and on `tcp` on those
    with more than `message_bytes` of one. `watch` is to be called a few times a second.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, *, tcp: bool) -> None:
        self.message_bytes = 0
        self._received: dict[int, int] = {}
        """By descriptor, bytes received when its last message was complete (tcp)."""
        self._loop = loop
        self._tcp = tcp
        self._delivered: set[int] = set()
        self._suspects: dict[int, _Suspect] = {}
        self._looks = 0
        self._looking_since = 0.0
        self._looking_from = 0
        """Resident bytes at the first look."""
        self._settling = 0
        self._statm = os.open("/proc/self/statm", os.O_RDONLY)
        self._memory = self._resident_bytes()

    @property
    def looking(self) -> bool:
        """Whether `delivered` is to be called, on any kind of socket."""
        return bool(self._looks)

    @property
    def settling(self) -> bool:
        """Whether `watch` still has work to do when no connection is open."""
        return bool(self._settling)

    def opened(self, fd: int) -> None:
        """Note a new connection."""
        self._received[fd] = 0

    def closed(self, fd: int) -> None:
        """Forget a connection: it was closed or refused."""
        self._received.pop(fd, None)
        self._delivered.discard(fd)
        self._suspects.pop(fd, None)

    def delivered(self, fd: int) -> None:
        """Note that a whole message came over this connection."""
        self._delivered.add(fd)

    def settle(self) -> None:
        """Note that many messages have waited and are read: libzmq frees what held them, and we
        what we know of their peers, as they are found to have left.
        """
        self._settling = _SETTLE * _SETTLE_TIMES

    def watch(self) -> None:
        """Look closer when memory has grown; on tcp, check the size of incomplete messages."""
        if self._tcp:
            self._check_sizes()
        if self._settling:
            self._settling -= 1
            if self._settling % _SETTLE == 0:
                self._trim()
        memory = self._resident_bytes()
        if memory < self._memory:
            self._memory = memory
        elif memory - self._memory > _GROWTH_BYTES and not self._looks:
            self._suspects = {fd: _Suspect(input_bytes(fd)) for fd in self._received}
            self._looks, self._looking_from = _LOOKS, memory
            self._looking_since = self._loop.time()
            self._loop.call_later(_LOOK_S, self._look)
        self._acquit()
        self._delivered.clear()

    def close(self) -> None:
        """Stop watching."""
        self._looks = 0
        os.close(self._statm)

    def _resident_bytes(self) -> int:
        return int(os.pread(self._statm, 128, 0).split()[1]) * _PAGE

    def _check_sizes(self) -> None:
        """Hang up on connections with too much of one incomplete message."""
        for fd, base in list(self._received.items()):
            received = tcp_bytes_received(fd)
            if received is None:
                continue
            if fd in self._delivered:
                self._received[fd] = received
            elif received - base > self.message_bytes:
                _stop(fd)

    def _look(self) -> None:
        """Clear connections that deliver messages or whose input is not read; stop the guilty."""
        if not self._looks:
            return
        self._looks -= 1
        early = self._looks > _LOOKS - TAKEN_IN
        self._acquit()
        for fd, suspect in list(self._suspects.items()):
            suspect.look(input_bytes(fd))
            if not early and not suspect.taken_in:
                del self._suspects[fd]
        if self._is_enough():
            for fd in [fd for fd, one in self._suspects.items() if one.taken_in >= TAKEN_IN]:
                _stop(fd)
                del self._suspects[fd]
        if self._looks and self._suspects:
            self._loop.call_later(_LOOK_S, self._look)
            return
        self._looks = 0
        self._suspects.clear()
        self._trim()
        self._settling = max(self._settling, _SETTLE)

    def _acquit(self) -> None:
        """Drop suspects that have delivered a message."""
        for fd in self._delivered:
            self._suspects.pop(fd, None)

    def _is_enough(self) -> bool:
        """Whether the looks so far prove an attack, and not just a busy machine."""
        grown = self._resident_bytes() - self._looking_from
        return grown > FAST_BYTES or self._loop.time() - self._looking_since >= EVIDENCE_S

    def _trim(self) -> None:
        """Give the free pieces of the heap that closed connections left back to the system."""
        libc.trim_heap()
        self._memory = self._resident_bytes()


class _Suspect:
    """A connection under observation: its unread input, and how often libzmq read some of it."""

    def __init__(self, waiting: int) -> None:
        self.taken_in = 0
        self._waiting = waiting

    def look(self, waiting: int) -> None:
        """Note the bytes that are unread now."""
        self.taken_in += waiting < self._waiting
        self._waiting = waiting


def _stop(fd: int) -> None:
    log.warning("broker: hung up on a client that sends a message without an end")
    hang_up(fd)
