"""A link over ZeroMQ: a conversation, and the dealer that carries it.

Nothing here waits: `blocking_link` does for plain code, `async_link` for asyncio.
"""

from __future__ import annotations

import time

from supervisor.client.credentials import Credentials
from supervisor.client.dealer import Dealer
from supervisor.client.errors import JobCancelled, SupervisorError, SupervisorGone
from supervisor.client.link import Link

_BATCH = 256


class SocketLink(Link):
    """A connection to `endpoint`; `credentials`: the keys for one on tcp.

    Raises NoSupervisor for an endpoint to which no connection is possible.
    """

    def __init__(
        self, endpoint: str, name: str, credit: int, credentials: Credentials | None
    ) -> None:
        super().__init__(endpoint, name, credit)
        self._dealer = Dealer(endpoint, credentials)

    @property
    def descriptors(self) -> tuple[int, int]:
        """Descriptors that become readable, edge-triggered, when `pump` has something to do."""
        return self._dealer.descriptors

    def poll(self, seconds: float) -> None:
        """Wait until `pump` has something to do, for `seconds` at most."""
        self._dealer.poll(seconds)

    def pump(self) -> bool:
        """As `Link.pump`.

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

    def disconnect(self) -> None:
        """Send BYE and close the sockets; libzmq sends the rest of the outbox in the background."""
        if not self.lost:
            self.conversation.bye()
            self.pump()
        self._shut(JobCancelled("the client was closed", code="cancelled"))

    def close(self) -> None:
        """Disconnect, and wait until all is sent (at most half a second). Idempotent."""
        self.disconnect()
        self._dealer.term()

    def _send(self) -> bool:
        outbox = self.conversation.outbox
        if not outbox or not self._dealer.send(outbox[0]):
            return False
        outbox.popleft()
        return True

    def _receive(self) -> bool:
        if self.conversation.over:
            return False
        frames = self._dealer.receive()
        if frames is None:
            return False
        self.conversation.receive(frames, time.monotonic())
        return True

    def _watch(self) -> None:
        """Check whether the connection has ended; to be called when all messages are received."""
        if self.conversation.over:
            self._lose(SupervisorGone("the conversation is over"))
        elif (error := self._dealer.loss()) is not None:
            self._lose(error)

    def _lose(self, error: SupervisorError) -> None:
        self._shut(error, linger=False)

    def _shut(self, error: SupervisorError, *, linger: bool = True) -> None:
        if not self.lost:
            self.lost = True
            self._dealer.close(linger=linger)
            self.conversation.fail(error)
