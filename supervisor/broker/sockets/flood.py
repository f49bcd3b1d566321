"""Messages that never end: libzmq has no limit on the frames of one, and keeps them all.

Whoever sends one is found by two signs, and hung up on:

- Memory that grows while a connection sends without end and without completing a
  message: in look after look some of its input has been taken in, and it delivers nothing.
  Input that only waits proves nothing: libzmq's thread may have had no time to read it.
- On tcp the kernel counts the bytes, so there a slow one is found out as well.

Who is connected, `connections` knows, and says so here.
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
"""Looks after which the rest are left alone until memory grows again."""
TAKEN_IN: Final = 20
"""Looks at which a connection's input must have become less, without a message meanwhile; and
looks after which those of whom nothing was taken in are no suspects."""
EVIDENCE_S: Final = 1.0
"""How long nothing may have been delivered, unless memory grows by `FAST_BYTES` meanwhile."""
FAST_BYTES: Final = 64 << 20

_LOOK_S: Final = 0.005
_SETTLE: Final = 8
"""Watches after a look until memory is tidied once more: those who were cut off are gone then."""
_GROWTH_BYTES: Final = 6 << 20
_PAGE: Final = resource.getpagesize()

log = get_logger(__name__)


class EndlessMessages:
    """Hangs up on connections that hold more than `message_bytes` of a message that is not
    complete (on `tcp`), or fill memory with one. `watch` is to be called a few times a second.
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
        """Whether `delivered` wants to be called, on whatever kind of socket."""
        return bool(self._looks)

    @property
    def settling(self) -> bool:
        """Whether there is something to do yet when all have left."""
        return bool(self._settling)

    def opened(self, fd: int) -> None:
        """Somebody has come."""
        self._received[fd] = 0

    def closed(self, fd: int) -> None:
        """Somebody has left, or was refused."""
        self._received.pop(fd, None)
        self._delivered.discard(fd)
        self._suspects.pop(fd, None)

    def delivered(self, fd: int) -> None:
        """A whole message came: this connection holds nothing back."""
        self._delivered.add(fd)

    def watch(self) -> None:
        """Look closer when memory has grown, and at what each tcp connection holds back."""
        if self._tcp:
            self._weigh()
        if self._settling:
            self._settling -= 1
            if not self._settling:
                self._tidy()
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
        """Watch no more."""
        self._looks = 0
        os.close(self._statm)

    def _resident_bytes(self) -> int:
        return int(os.pread(self._statm, 128, 0).split()[1]) * _PAGE

    def _weigh(self) -> None:
        """Whoever holds too much of one message back is hung up on."""
        for fd, base in list(self._received.items()):
            received = tcp_bytes_received(fd)
            if received is None:
                continue
            if fd in self._delivered:
                self._received[fd] = received
            elif received - base > self.message_bytes:
                _stop(fd)

    def _look(self) -> None:
        """Who has delivered something, or of whom nothing is taken in, is no suspect any more."""
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
        self._tidy()
        self._settling = _SETTLE

    def _acquit(self) -> None:
        """Whoever delivered a message does not hold one back."""
        for fd in self._delivered:
            self._suspects.pop(fd, None)

    def _is_enough(self) -> bool:
        """Whether the looks so far tell an attack from a machine that is short of time."""
        grown = self._resident_bytes() - self._looking_from
        return grown > FAST_BYTES or self._loop.time() - self._looking_since >= EVIDENCE_S

    def _tidy(self) -> None:
        """What connections that are gone have used lies free in pieces: give it back."""
        libc.trim_heap()
        self._memory = self._resident_bytes()


class _Suspect:
    """One connection while it is looked at: its waiting input, and how often that became less."""

    def __init__(self, waiting: int) -> None:
        self.taken_in = 0
        self._waiting = waiting

    def look(self, waiting: int) -> None:
        """Take note of how much waits now."""
        self.taken_in += waiting < self._waiting
        self._waiting = waiting


def _stop(fd: int) -> None:
    log.warning("broker: hung up on a client that sends a message without an end")
    hang_up(fd)
