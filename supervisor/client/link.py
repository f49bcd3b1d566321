"""One connection, as calls and jobs see it: a conversation, and a way to wait for its answers.

`socket_link` carries it over ZeroMQ, `live.link` over NATS; of either there is one for plain code
and one for asyncio. A lost connection is not repaired: what the supervisor knew about the old one
is gone. So the conversation ends with it, and the next call opens a new link.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable

from supervisor.client.deadlines import Deadline
from supervisor.client.protocol import Conversation
from supervisor.client.records import Pending

CONNECT_TIMEOUT_S = 10.0
"""Time for WELCOME. A supervisor answers at once; a stopped one never."""

TICK_S = 1.0
"""Time between two checks for a silent supervisor."""


class Link(ABC):
    """A connection to `endpoint`. `lost` is set once it is closed.

    `credit`: bytes of each job's audio that may wait here to be taken.
    """

    host: str | None = None
    """The host of a fleet that it leads to; None for a supervisor that is asked directly."""

    def __init__(self, endpoint: str, name: str, credit: int) -> None:
        self.endpoint = endpoint
        self.conversation = Conversation(time.monotonic(), name=name, credit=credit)
        self.lost = False

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
        """Close in the manner of this kind of link. Idempotent."""

    @abstractmethod
    def pump(self) -> bool:
        """Send and receive without waiting; True if it stopped before all was moved."""

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
