"""One connection: a conversation, the DEALER that carries it, and a monitor of that DEALER.

Nothing here waits: `blocking_link` does for plain code, `async_link` for asyncio. A lost
connection is not repaired: libzmq would reconnect by itself, but what the supervisor knew about
the old one is gone. So when the monitor reports the loss the conversation ends, and the next call
opens a new link.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable

import zmq
from zmq.utils.monitor import parse_monitor_message

from supervisor.client.credentials import Credentials
from supervisor.client.deadlines import Deadline
from supervisor.client.discovery import HOW_TO_START
from supervisor.client.errors import (
    JobCancelled,
    NoSupervisor,
    SupervisorError,
    SupervisorGone,
)
from supervisor.client.protocol import Conversation
from supervisor.client.records import Pending

CONNECT_TIMEOUT_S = 10.0
"""Time for WELCOME. A supervisor answers at once; a stopped one never."""

TICK_S = 1.0
"""Time between two checks for a silent supervisor."""

_EVENTS = zmq.EVENT_DISCONNECTED | zmq.EVENT_CONNECT_RETRIED | zmq.EVENT_HANDSHAKE_FAILED_AUTH
_HOW_TO_GET_IN = "its operator lets a key in with `supervisor keys allow KEY`"

_LINGER_MS = 500
"""Time for CANCEL and BYE to leave when the client closes."""

_MAX_FRAME_BYTES = 4 << 20
_BATCH = 256
_REFUSALS = 3
"""Failed connection attempts, 100 ms apart, that mean there is no listener: a single one may be a
full backlog."""


class Link(ABC):
    """A connection to `endpoint`. `lost` is set once it is closed.

    `credit`: bytes of each job's audio that may wait here to be taken; `credentials`: the keys for
    an endpoint on tcp. Raises NoSupervisor for an endpoint to which no connection is possible.
    """

    def __init__(
        self, endpoint: str, name: str, credit: int, credentials: Credentials | None
    ) -> None:
        self.endpoint = endpoint
        self.conversation = Conversation(time.monotonic(), name=name, credit=credit)
        self.lost = False
        self._refusals = 0
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.DEALER)
        self._socket.setsockopt(zmq.LINGER, _LINGER_MS)
        self._socket.setsockopt(zmq.MAXMSGSIZE, _MAX_FRAME_BYTES)
        if credentials is not None:
            self._socket.setsockopt(zmq.CURVE_SERVERKEY, credentials.server)
            self._socket.setsockopt(zmq.CURVE_PUBLICKEY, credentials.own.public)
            self._socket.setsockopt(zmq.CURVE_SECRETKEY, credentials.own.secret)
        self._monitor = self._socket.get_monitor_socket(_EVENTS)
        self._poller = zmq.Poller()
        self._poller.register(self._socket, zmq.POLLIN)
        self._poller.register(self._monitor, zmq.POLLIN)
        try:
            self._socket.connect(endpoint)
        except zmq.ZMQError as error:
            self._lose(SupervisorGone("never connected"))
            self._context.term()
            raise NoSupervisor(f"cannot connect to {endpoint}: {error.strerror}") from None

    @abstractmethod
    async def wait(self, pending: Pending, arrived: Callable[[], bool], deadline: Deadline) -> bool:
        """Send the outbox, and wait until `arrived()`, which looks at `pending`.

        False when the deadline passes first.
        """

    @staticmethod
    @abstractmethod
    async def pause(seconds: float) -> None:
        """Sleep."""

    @abstractmethod
    async def finish(self) -> None:
        """Close in the manner of this kind of link; see `close`. Idempotent."""

    @property
    def descriptors(self) -> tuple[int, int]:
        """Descriptors that become readable, edge-triggered, when `pump` has something to do."""
        return int(self._socket.getsockopt(zmq.FD)), int(self._monitor.getsockopt(zmq.FD))

    def poll(self, seconds: float) -> None:
        """Wait until `pump` has something to do, for `seconds` at most."""
        self._poller.poll(max(1, int(seconds * 1000)))

    def pump(self) -> bool:
        """Send and receive without waiting; True if it stopped before all was moved.

        An exception in here, such as KeyboardInterrupt, may have cut a message in two, so it
        closes the connection.
        """
        if self.lost:
            return False
        try:
            for _ in range(_BATCH):
                if not self._send() and not self._receive():
                    self._watch()
                    break
            else:
                return True
        except BaseException:
            self._lose(SupervisorGone("the connection was interrupted"))
            raise
        return False

    def flush(self) -> None:
        """Send the conversation's outbox, if there is anything in it."""
        if self.conversation.outbox:
            self.pump()

    def tick(self) -> None:
        """Check for a supervisor that is silent for too long; to be called after `pump`."""
        self.conversation.tick(time.monotonic())
        if self.conversation.over:
            self.pump()
        self.flush()

    def disconnect(self) -> None:
        """Send BYE and close the sockets; libzmq sends the rest of the outbox in the background."""
        if not self.lost:
            self.conversation.bye()
            self.pump()
        self._shut(JobCancelled("the client was closed", code="cancelled"))

    def close(self) -> None:
        """Disconnect, and wait until all is sent (at most half a second). Idempotent."""
        self.disconnect()
        self._context.term()

    def _send(self) -> bool:
        outbox = self.conversation.outbox
        if not outbox:
            return False
        try:
            self._socket.send_multipart(outbox[0], zmq.NOBLOCK)
        except zmq.Again:
            return False
        outbox.popleft()
        return True

    def _receive(self) -> bool:
        if self.conversation.over:
            return False
        try:
            frames = self._socket.recv_multipart(zmq.NOBLOCK)
        except zmq.Again:
            return False
        self.conversation.receive(list(frames), time.monotonic())
        return True

    def _watch(self) -> None:
        """Check whether the connection has ended; to be called when all messages are received."""
        if self.conversation.over:
            self._lose(SupervisorGone("the conversation is over"))
            return
        while int(self._monitor.getsockopt(zmq.EVENTS)) & zmq.POLLIN:
            event = parse_monitor_message(self._monitor.recv_multipart())["event"]
            if event == zmq.EVENT_HANDSHAKE_FAILED_AUTH:
                self._lose(NoSupervisor(f"{self.endpoint} refuses this key; {_HOW_TO_GET_IN}"))
                return
            if event == zmq.EVENT_DISCONNECTED:
                self._lose(SupervisorGone("the supervisor closed the connection or died"))
                return
            self._refusals += 1
        if self._refusals >= _REFUSALS:
            self._lose(NoSupervisor(f"nobody listens at {self.endpoint}; {HOW_TO_START}"))

    def _lose(self, error: SupervisorError) -> None:
        if not self.lost:
            self._socket.setsockopt(zmq.LINGER, 0)
            self._shut(error)

    def _shut(self, error: SupervisorError) -> None:
        if not self.lost:
            self.lost = True
            self._socket.disable_monitor()
            self._monitor.close(0)
            self._socket.close()
            self.conversation.fail(error)
