"""One end of a conversation over messages that may be lost, doubled or reordered; without I/O.

NATS delivers a message at most once, and forgets those that were on their way when a server or a
connection was lost. Here each message has a number, what was not confirmed is kept, and a gap is
asked for again, so that frames arrive in order and each once, or the conversation ends. Time
arrives as an argument (monotonic seconds).

A packet is 24 bytes and a payload: magic and kind, the number of this packet (of a PING the next
one), the number that its sender expects next, the length of the header in the payload. A message
of docs/PROTOCOL.md, of any length, is the payloads of one or more DATA packets.
"""

from __future__ import annotations

import struct
from collections import deque
from enum import IntEnum
from typing import Final

from supervisor.wire.codec import MAGIC, Body, Frames

MAX_PAYLOAD_BYTES: Final = 96 * 1024
"""Bytes of a message in one packet: a CHUNK and its header. A server takes 1 MiB."""

MAX_MESSAGE_BYTES: Final = 4 << 20
"""Longest message that is put together: a text of 2 MiB, or a header of 1 MiB."""

WINDOW_BYTES: Final = 1 << 20
"""Unconfirmed bytes from which on an end is `full`; who sends on regardless keeps more."""

CONFIRM_BYTES: Final = WINDOW_BYTES // 4
CONFIRM_PACKETS: Final = 64
"""Bytes and packets after which an end confirms unasked what it received."""

ASK_AFTER_S: Final = 0.25
"""Pause between two requests for the same missing packet, and between two answers to such."""

PING_AFTER_S: Final = 0.5
"""Silence after which a sign of life is asked for, while something is awaited; see `tick`."""

IDLE_PING_S: Final = 5.0
"""The same while nothing is."""

GONE_AFTER_S: Final = 15.0
"""Silence of the other end after which it counts as gone."""

SILENT_S: Final = 5.0
"""Time for the answer to a PING while audio is awaited: somebody listens."""

_MOST_KEPT_BYTES: Final = 8 << 20
_MOST_KEPT: Final = 4096
"""What an end keeps unconfirmed, and packets of it, before it gives up."""

_MOST_REPEATS: Final = 50
"""Requests for the same packet that are answered."""

_HEAD: Final = struct.Struct(">3sBQQI")
_MAGIC: Final = b"TT\x01"


class Kind(IntEnum):
    """What a packet is. Of DATA, LAST ends a message and MORE does not."""

    LAST = 0
    MORE = 1
    CONFIRM = 2
    AGAIN = 3
    PING = 4
    GONE = 5


class BrokenPacketsError(Exception):
    """The other end breaks the rules: the conversation cannot go on."""


class Packets:
    """One end. What is to be published is in `outbox`, oldest first.

    `over` is the reason why it has ended, "" while it has not.
    """

    def __init__(self, now: float) -> None:
        self.outbox: deque[bytes] = deque()
        self.over = ""
        self.unconfirmed_bytes = 0
        self._kept: deque[bytes] = deque()
        """Packets from `_first_kept` on, without their numbers of what is expected."""
        self._first_kept = 0
        self._expected = 0
        self._pieces: list[Body] = []
        self._pieces_bytes = 0
        self._header_bytes = 0
        self._new_bytes = self._new_packets = 0
        self._asked: tuple[int, float] = (-1, 0.0)
        self._repeated: tuple[int, float, int] = (-1, 0.0, 0)
        self._heard_at = now
        self._pinged_at: float | None = None
        self._asked_at: float | None = None
        """When the first of the PINGs was sent that are not answered."""
        self._progress_at = now

    @property
    def full(self) -> bool:
        """Whether so much is unconfirmed that nothing more should be sent."""
        return self.unconfirmed_bytes >= WINDOW_BYTES

    @property
    def _next(self) -> int:
        return self._first_kept + len(self._kept)

    def send(self, frames: Frames, now: float) -> None:
        """Send a message of docs/PROTOCOL.md; ignored when all is over. One that is too long ends
        it, and so do too many that nobody takes.
        """
        if self.over:
            return
        if not self._kept:
            self._progress_at = now
        header = bytes(frames[1])
        whole = header if len(frames) == 2 else header + bytes(frames[2])
        if len(whole) > MAX_MESSAGE_BYTES:
            self.end(f"a message of {len(whole):,} bytes")
            return
        if self.unconfirmed_bytes > _MOST_KEPT_BYTES or len(self._kept) > _MOST_KEPT:
            self.end("the other end takes nothing")
            return
        for at in range(0, len(whole), MAX_PAYLOAD_BYTES):
            last = at + MAX_PAYLOAD_BYTES >= len(whole)
            kind = Kind.LAST if last else Kind.MORE
            piece = whole[at : at + MAX_PAYLOAD_BYTES]
            # A message with an empty body has another number of frames than one without.
            mark = len(header) << 1 | (len(frames) == 3)
            self._post(kind, self._next, piece, mark)
            self._kept.append(self.outbox[-1])
            self.unconfirmed_bytes += len(piece)

    def receive(self, packet: bytes, now: float) -> list[Frames]:
        """Take in a packet; returns the messages that are whole now, in order.

        What is no packet is ignored. A peer that breaks the rules ends the conversation.
        """
        if self.over or len(packet) < _HEAD.size:
            return []
        magic, code, number, expects, mark = _HEAD.unpack_from(packet)
        if magic != _MAGIC:
            return []
        self._heard_at, self._pinged_at, self._asked_at = now, None, None
        try:
            self._confirmed(expects, now)
            if code in (Kind.LAST, Kind.MORE):
                return self._data(code, number, mark, memoryview(packet)[_HEAD.size :], now)
            self._control(code, number, packet, now)
        except BrokenPacketsError as error:
            self.end(str(error))
        return []

    def tick(self, now: float, *, awaiting: bool = False) -> None:
        """Look at the clock; to be called a few times a second. `awaiting`: an answer is awaited,
        so that silence is noticed sooner.
        """
        if self.over:
            return
        silent = self._asked_at is not None and now - self._asked_at >= SILENT_S
        if now - self._heard_at >= GONE_AFTER_S or (awaiting and silent):
            self.over = "the other end has stopped answering"
            return
        stalled_s = now - self._progress_at if self._kept else 0.0
        if stalled_s >= GONE_AFTER_S:
            self.end("the other end takes nothing")
            return
        unconfirmed = stalled_s >= PING_AFTER_S
        silence = PING_AFTER_S if awaiting or unconfirmed else IDLE_PING_S
        since = self._progress_at if unconfirmed else self._heard_at
        if now - max(since, self._pinged_at or since) >= silence:
            self.ping(now)

    def ping(self, now: float) -> None:
        """Ask for a sign of life at once, as when a connection was lost and is back."""
        if not self.over:
            self._pinged_at = now
            if self._asked_at is None:
                self._asked_at = now
            self._post(Kind.PING, self._next)

    def end(self, reason: str) -> None:
        """End it, and tell the other end why."""
        if not self.over:
            self._post(Kind.GONE, self._next, reason.encode()[:1000])
            self.over = reason
            self._kept.clear()
            self.unconfirmed_bytes = 0

    # -- inside -------------------------------------------------------------------------

    def _post(self, kind: Kind, number: int, payload: bytes = b"", mark: int = 0) -> None:
        self._new_bytes = self._new_packets = 0  # It confirms what has come, too.
        self.outbox.append(_HEAD.pack(_MAGIC, kind, number, self._expected, mark) + payload)

    def _confirmed(self, expects: int, now: float) -> None:
        """Forget what the other end has."""
        if expects > self._next:
            raise BrokenPacketsError("a packet was confirmed that was never sent")
        if expects > self._first_kept:
            self._progress_at = now
        while self._first_kept < expects:
            self.unconfirmed_bytes -= len(self._kept.popleft()) - _HEAD.size
            self._first_kept += 1

    def _data(
        self, kind: int, number: int, mark: int, payload: memoryview, now: float
    ) -> list[Frames]:
        if number > self._expected:
            self._ask(now)
            return []
        if number < self._expected:
            return []  # A second copy.
        self._expected += 1
        self._pieces.append(payload)
        self._pieces_bytes += len(payload)
        if self._pieces_bytes > MAX_MESSAGE_BYTES:
            raise BrokenPacketsError("a message without an end")
        self._new_bytes += len(payload)
        self._new_packets += 1
        if self._new_bytes >= CONFIRM_BYTES or self._new_packets >= CONFIRM_PACKETS:
            self._post(Kind.CONFIRM, self._next)
        if kind == Kind.MORE:
            return []
        pieces, self._pieces, self._pieces_bytes = self._pieces, [], 0
        whole = pieces[0] if len(pieces) == 1 else memoryview(b"".join(pieces))
        length, with_body = mark >> 1, mark & 1
        if length > len(whole) or (length < len(whole) and not with_body):
            raise BrokenPacketsError("a message that is shorter or longer than its header says")
        frames: Frames = [MAGIC, bytes(whole[:length])]
        if with_body:
            frames.append(whole[length:])
        return [frames]

    def _control(self, code: int, number: int, packet: bytes, now: float) -> None:
        if code == Kind.AGAIN:
            self._repeat(now)
        elif code == Kind.PING:
            if number > self._expected:
                self._ask(now)
            else:
                self._post(Kind.CONFIRM, self._next)
        elif code == Kind.GONE:
            self.over = packet[_HEAD.size :].decode(errors="replace")[:1000] or "it has ended"

    def _ask(self, now: float) -> None:
        """Ask for the packet that is missing, and all behind it."""
        missing, at = self._asked
        if missing != self._expected or now - at >= ASK_AFTER_S:
            self._asked = self._expected, now
            self._post(Kind.AGAIN, self._next)

    def _repeat(self, now: float) -> None:
        """Send all again that is not confirmed, but not as often as anybody asks."""
        first, at, times = self._repeated
        if first != self._first_kept:
            times = 0
        elif now - at < ASK_AFTER_S / 2:
            return
        if times >= _MOST_REPEATS:
            raise BrokenPacketsError("the same packet was asked for too often")
        self._repeated = self._first_kept, now, times + 1
        self.outbox.extend(self._kept)


def gone(reason: str) -> bytes:
    """A packet for one whose conversation does not exist (any more)."""
    return _HEAD.pack(_MAGIC, Kind.GONE, 0, 0, 0) + reason.encode()[:1000]


def begins(packet: bytes) -> bool:
    """Whether a packet is the first of a conversation."""
    if len(packet) < _HEAD.size:
        return False
    magic, code, number, _expects, _mark = _HEAD.unpack_from(packet)
    return bool(magic == _MAGIC and code in (Kind.LAST, Kind.MORE) and number == 0)


def deserves_answer(packet: bytes) -> bool:
    """Whether it is a packet, and of one who believes in a conversation."""
    return len(packet) >= _HEAD.size and packet[:3] == _MAGIC and packet[3] != Kind.GONE


def asks(packet: bytes) -> bool:
    """Whether it is a packet that wants an answer: who is not there is noticed by it."""
    return len(packet) >= _HEAD.size and packet[3] in (Kind.LAST, Kind.MORE, Kind.PING)
