"""The ROUTER socket: frames in and out, and nothing about what they mean.

Poll-and-drain on the event loop: libzmq's descriptor is edge-triggered, so after
every wake-up, and after every send, the socket is read until it is empty. What is sent in one
round of the loop leaves together: waking libzmq's thread costs more than a small message.
ROUTER_MANDATORY turns a message to a peer that is gone into an error instead of
silence; a slow peer gets an outbox, and is dropped when that is full. `peers` and `curve`
identify peers, `connections` bounds their number.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, Final, NamedTuple

import zmq
from zmq.backend import Socket as PlainSocket

from supervisor import libc
from supervisor.broker.sockets.connections import Connections
from supervisor.broker.sockets.peers import Peers
from supervisor.wire.codec import Frames

FRAME_SLACK_BYTES: Final = 1 << 20
"""A text that is this much too long gets an ERROR; a longer frame ends the connection."""

_SEND_QUEUE: Final = 500
_RECEIVE_QUEUE: Final = 256
_HANDSHAKE_MS: Final = 5_000
_HEARTBEAT_MS: Final = 500
_SILENCE_MS: Final = 3_000
"""A host that dies, or a network that ends, closes no connection: a peer on tcp that answers no
heartbeat for so long is gone. A shorter time would not survive a brief network outage."""
_UNACKNOWLEDGED_MS: Final = 5_000
"""The same where the kernel's send buffer is too full for another heartbeat."""
_BATCH: Final = 256
_AT_ONCE_S: Final = 0.005
"""Messages, and seconds, that one round takes before the loop goes on: reading a long text takes a
few milliseconds."""
_MOST_FRAMES: Final = 3
"""One more is kept, to show that there were too many."""

_TOGETHER: Final = 16
"""Messages that leave together at most: under full load, a millisecond of work."""

_OUTBOX_LIMIT: Final = 20_000
_OUTBOX_BYTES: Final = 32 << 20
_RETRY_S: Final = 0.01
_LINGER_MS: Final = 500

_EVENTS: Final = int(zmq.EVENTS)
_READABLE: Final = int(zmq.POLLIN)
_NOW: Final = int(zmq.DONTWAIT)
_NOW_AND_MORE: Final = int(zmq.DONTWAIT | zmq.SNDMORE)

OnMessage = Callable[[bytes, str, list[bytes]], None]
"""Called with the client's handle, its owner, and the frames."""

OnGone = Callable[[bytes], None]


class Limits(NamedTuple):
    """Limits of one socket: connections, and bytes of one text."""

    connections: int = 1000
    text_bytes: int = 2 << 20


class Outbox:
    """Queue of messages for a slow peer, and its size in bytes."""

    def __init__(self) -> None:
        self.messages: deque[Frames] = deque()
        self.bytes = 0

    def put(self, frames: Frames) -> bool:
        """Add a message; False when the outbox is over its limit."""
        self.messages.append(frames)
        self.bytes += sum(map(len, frames))
        return len(self.messages) <= _OUTBOX_LIMIT and self.bytes <= _OUTBOX_BYTES

    def sent(self) -> None:
        """Remove the oldest message: it was sent."""
        self.bytes -= sum(map(len, self.messages.popleft()))


class Router:
    """Binds one endpoint and serves it until `close`. Raises zmq.ZMQError if it cannot bind.

    A client's handle is `prefix` and its routing id, so that handles of several sockets
    differ.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        endpoint: str,
        on_message: OnMessage,
        on_gone: OnGone,
        peers: Peers,
        *,
        prefix: bytes = b"i",
        limits: Limits = Limits(),  # noqa: B008 (an immutable value)
    ) -> None:
        libc.seed_random()
        self._loop = loop
        self._on_message = on_message
        self._on_gone = on_gone
        self._peers = peers
        self._owner = peers.owner
        self._prefix = prefix
        self._outboxes: dict[bytes, Outbox] = {}
        self._unsent: deque[tuple[bytes, Frames]] = deque()
        self._drain_scheduled = self._draining = False
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.ROUTER)
        self._socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        self._socket.setsockopt(zmq.SNDHWM, _SEND_QUEUE)
        self._socket.setsockopt(zmq.RCVHWM, _RECEIVE_QUEUE)
        self._socket.setsockopt(zmq.HANDSHAKE_IVL, _HANDSHAKE_MS)
        self._socket.setsockopt(zmq.LINGER, _LINGER_MS)
        peers.secure(self._socket)
        tcp = endpoint.startswith("tcp:")
        if tcp:
            self._socket.setsockopt(zmq.HEARTBEAT_IVL, _HEARTBEAT_MS)
            self._socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, _SILENCE_MS)
            self._socket.setsockopt(zmq.TCP_MAXRT, _UNACKNOWLEDGED_MS)
        self._connections = Connections(loop, self._socket, limits.connections, tcp=tcp)
        self.set_text_bytes(limits.text_bytes)
        self._endpoint = endpoint
        try:
            self._socket.bind(endpoint)
        except zmq.ZMQError:
            self._shut()
            raise
        # pyzmq's core under its convenience layer, with plain integers for flags: the layer's
        # enum arithmetic costs more than the sending (a third of the time of a small job).
        self._send_frame = partial(PlainSocket.send, self._socket)
        # A frame that is not copied knows who sent it and whether more follow, for less than asking
        # the socket; the types do not say that it is one.
        self._receive: Callable[[int], Any] = partial(PlainSocket.recv, self._socket, copy=False)
        # Asked before each message: finding out by an exception costs several times as much.
        self._events: Callable[[], Any] = partial(PlainSocket.get, self._socket, _EVENTS)
        self._fd = int(self._socket.getsockopt(zmq.FD))
        loop.add_reader(self._fd, self._drain)
        self._schedule_drain()

    def set_text_bytes(self, text_bytes: int) -> None:
        """Accept texts up to this size, from clients that connect from now on."""
        frame = text_bytes + FRAME_SLACK_BYTES
        self._socket.setsockopt(zmq.MAXMSGSIZE, frame)
        self._connections.flood_guard.message_bytes = frame + FRAME_SLACK_BYTES

    def bind_again(self) -> None:
        """Listen anew where our ipc socket was removed. Raises zmq.ZMQError.

        The old one stays bound: unbinding it would close every connection that came by it.
        """
        self._connections.read_all()  # Binding waits for a lock that libzmq holds while it waits.
        self._socket.bind(self._endpoint)

    def send(self, client: bytes, frames: Frames) -> None:
        """Send in the loop's next round at the latest; a peer that is gone or too slow is reported
        as gone.
        """
        self._unsent.append((client, frames))
        if len(self._unsent) >= _TOGETHER:
            self._send_together()
        else:
            self._schedule_drain()

    def _send_together(self) -> None:
        """Send what waits, in order."""
        while self._unsent:
            self._send_or_keep(*self._unsent.popleft())

    def _send_or_keep(self, client: bytes, frames: Frames) -> None:
        """Send, or queue for a slow peer."""
        outbox = self._outboxes.get(client)
        if outbox is None:
            if self._try_send(client, frames):
                return
            outbox = self._outboxes[client] = Outbox()
            self._loop.call_later(_RETRY_S, self._flush, client)
        if not outbox.put(frames):
            del self._outboxes[client]
            self._on_gone(client)

    def offer(self, client: bytes, frames: Frames) -> bool:
        """Send now, behind what was sent before; False where the peer is slow, and takes it not.
        One that is gone is reported as gone.
        """
        self._send_together()
        return client not in self._outboxes and self._try_send(client, frames)

    def probe(self, client: bytes, frames: Frames) -> None:
        """Send something small to find out whether the peer is still there."""
        if client not in self._outboxes:
            self._try_send(client, frames)

    def close(self) -> None:
        """Send what is still queued (for half a second at most) and close."""
        self._loop.remove_reader(self._fd)
        self._send_together()
        self._shut()

    def _shut(self) -> None:
        self._connections.close()
        self._socket.close()
        self._peers.close()
        self._context.term()

    def _try_send(self, client: bytes, frames: Frames) -> bool:
        """False if the peer cannot take it now."""
        try:
            self._send_frame(client[1:], _NOW_AND_MORE)
            for frame in frames[:-1]:
                self._send_frame(frame, _NOW_AND_MORE)
            self._send_frame(frames[-1], _NOW)
        except zmq.Again:
            return False
        except zmq.ZMQError as error:
            if error.errno != zmq.EHOSTUNREACH:
                raise
            self._on_gone(client)
        finally:
            # Sending may have consumed the descriptor's edge, even where it failed; asking whether
            # it did costs a system call.
            self._schedule_drain()
        return True

    def _flush(self, client: bytes) -> None:
        outbox = self._outboxes.get(client)
        if outbox is None:
            return
        while outbox.messages:
            if not self._try_send(client, outbox.messages[0]):
                self._loop.call_later(_RETRY_S, self._flush, client)
                return
            outbox.sent()
        del self._outboxes[client]

    def _schedule_drain(self) -> None:
        """Read the socket in the loop's next round, unless that is under way already."""
        if not self._drain_scheduled and not self._draining:
            self._drain_scheduled = True
            self._loop.call_soon(self._drain)

    def _drain(self) -> None:
        """Send what waits and take some of the messages that have come; the rest of them wait for
        the loop's next round.
        """
        self._drain_scheduled, self._draining, empty = False, True, False
        until = self._loop.time() + _AT_ONCE_S
        try:
            if not self._socket.closed:
                self._send_together()
            for _ in range(_BATCH):
                if self._socket.closed:
                    return
                if self._take_one():
                    if self._loop.time() > until:
                        return
                elif self._unsent:
                    self._send_together()  # And look again, for the edge it may have consumed.
                else:
                    empty = True
                    return
        finally:
            self._draining = False
            if empty:
                self._connections.release()
            elif not self._socket.closed:  # One of them may have been a fault of ours.
                self._connections.hold()
                self._schedule_drain()

    def _take_one(self) -> bool:
        """Take one message, and pass it on if its peer is allowed; False if there is none."""
        if not self._events() & _READABLE:
            return False
        first = self._receive(_NOW)
        frames: list[bytes] = []
        frame = first
        while frame.more:
            frame = self._receive(_NOW)
            frames.append(frame.bytes)
            if len(frames) > _MOST_FRAMES:
                self._skip(frame)
                break
        owner = self._owner(first)
        if self._connections.wants_deliveries:
            self._connections.delivered(first)
        if owner is not None:
            self._on_message(self._prefix + first.bytes, owner, frames)
        return True

    def _skip(self, frame: zmq.Frame) -> None:
        """Take the rest of a message off the socket: thousands of frames, maybe."""
        receive = self._receive
        while frame.more:
            frame = receive(_NOW)
