"""A DEALER and a monitor of it: frames in and out without waiting, and how the connection ended.

libzmq would reconnect by itself, but what the supervisor knew about the old connection is gone. So
whoever uses a dealer asks it for its loss when all frames are received, and closes it then.
"""

from __future__ import annotations

from contextlib import suppress

import zmq
from zmq.utils.monitor import parse_monitor_message

from supervisor.client.credentials import Credentials
from supervisor.client.discovery import HOW_TO_START
from supervisor.client.errors import NoSupervisor, SupervisorError, SupervisorGone
from supervisor.wire.codec import Frames

_EVENTS = zmq.EVENT_DISCONNECTED | zmq.EVENT_CONNECT_RETRIED | zmq.EVENT_HANDSHAKE_FAILED_AUTH
_HOW_TO_GET_IN = "its operator lets a key in with `supervisor keys allow KEY`"

_LINGER_MS = 500
"""Time for CANCEL and BYE to leave when the client closes."""

_MAX_FRAME_BYTES = 4 << 20
_REFUSALS = 3
"""Failed connection attempts, 100 ms apart, that mean there is no listener: a single one may be a
full backlog."""


class Dealer:
    """A connection to `endpoint`, on tcp with these keys; in a `context` that it shares with
    others, or in one of its own.

    Raises NoSupervisor for an endpoint to which no connection is possible.
    """

    def __init__(
        self,
        endpoint: str,
        credentials: Credentials | None = None,
        context: zmq.Context[zmq.Socket[bytes]] | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._refusals = 0
        self._shared = context is not None
        self._context = context or zmq.Context()
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
            self.close(linger=False)
            self.term()
            raise NoSupervisor(f"cannot connect to {endpoint}: {error.strerror}") from None

    @property
    def descriptors(self) -> tuple[int, int]:
        """Descriptors that become readable, edge-triggered, when there may be something to do."""
        return int(self._socket.getsockopt(zmq.FD)), int(self._monitor.getsockopt(zmq.FD))

    def poll(self, seconds: float) -> None:
        """Wait until there is something to receive or to hear of, for `seconds` at most."""
        self._poller.poll(max(1, int(seconds * 1000)))

    def send(self, frames: Frames) -> bool:
        """Send a message; False where the socket takes none now."""
        try:
            self._socket.send_multipart(frames, zmq.NOBLOCK)
        except zmq.Again:
            return False
        return True

    def receive(self) -> Frames | None:
        """The next message, if there is one."""
        with suppress(zmq.Again):
            return list(self._socket.recv_multipart(zmq.NOBLOCK))
        return None

    def loss(self) -> SupervisorError | None:
        """How the connection has ended, if it has; to be asked when all messages are received."""
        while int(self._monitor.getsockopt(zmq.EVENTS)) & zmq.POLLIN:
            event = parse_monitor_message(self._monitor.recv_multipart())["event"]
            if event == zmq.EVENT_HANDSHAKE_FAILED_AUTH:
                return NoSupervisor(f"{self._endpoint} refuses this key; {_HOW_TO_GET_IN}")
            if event == zmq.EVENT_DISCONNECTED:
                return SupervisorGone("the supervisor closed the connection or died")
            self._refusals += 1
        if self._refusals >= _REFUSALS:
            return NoSupervisor(f"nobody listens at {self._endpoint}; {HOW_TO_START}")
        return None

    def close(self, *, linger: bool = True) -> None:
        """Close the sockets; with `linger` libzmq sends in the background what is still to go."""
        if not linger:
            self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.disable_monitor()
        self._monitor.close(0)
        self._socket.close()

    def term(self) -> None:
        """Wait until all is sent (at most half a second), once closed, unless others share the
        context. Idempotent.
        """
        if not self._shared:
            self._context.term()
