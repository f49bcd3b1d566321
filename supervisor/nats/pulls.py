"""Pulling jobs of a consumer, and what is said of a delivered one.

Each pull has an inbox of its own: a delivered message bears the stream's subject, so the inbox
alone tells which pull it answers. Inboxes whose pull has ended are used again. nats-py's own pull
subscription is not used: it knows no priorities, and stalls after a pull that timed out.
"""

from __future__ import annotations

from typing import Final, Protocol

import msgspec
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from supervisor.nats.connection import PATIENCE_S, Connection, unsubscribe
from supervisor.nats.errors import FleetError

GROUP: Final = "hosts"
"""The priority group of all consumers."""
HEARTBEAT_S: Final = 2.0
"""Time between two signs of life of a pull that waits. A server that dies takes its pulls
along, and that they have become silent is all that tells of it."""
_KEPT: Final = 32
_LONG: Final = 12
_ENDED: Final = frozenset({"404", "408", "409", "503"})
_NOT_FAILED: Final = frozenset({"404", "408"})
_NS: Final = 1_000_000_000


class Delivery:
    """One delivery of one job. `deliveries` counts those to anybody, this one included."""

    __slots__ = (
        "_connection",
        "data",
        "deliveries",
        "headers",
        "reply",
        "sequence",
        "stored_at",
        "subject",
    )

    def __init__(self, connection: Connection, message: Msg) -> None:
        self._connection = connection
        self.subject: str = message.subject
        self.data: bytes = message.data
        self.headers: dict[str, str] = message.headers or {}
        self.reply: str = message.reply
        tokens = self.reply.split(".")
        # $JS.ACK.[<domain>.<account>.]<stream>.<consumer>.<deliveries>.<sequence>.<its>.<time>…
        first = 6 if len(tokens) >= _LONG - 1 else 4
        self.deliveries = int(tokens[first])
        self.sequence = int(tokens[first + 1])
        self.stored_at = int(tokens[first + 3]) / 1e9
        """Unix time, by the servers' clock, at which it was handed in."""

    async def ack(self, patience: float = PATIENCE_S) -> None:
        """Take the job off the stream, and wait until that is so. Raises FleetError."""
        await self._connection.request(self.reply, b"+ACK", patience=patience)

    async def give_back(self, delay_s: float = 0.0) -> None:
        """Have it delivered again, to anybody, after `delay_s`. Raises FleetError."""
        delay = {"delay": round(delay_s * _NS)}
        word = b"-NAK" if delay_s <= 0 else b"-NAK " + msgspec.json.encode(delay)
        await self._connection.publish(self.reply, word)

    async def lengthen(self, patience: float = PATIENCE_S) -> None:
        """Begin the lease anew, and wait until the server has heard it. Raises FleetError."""
        await self._connection.request(self.reply, b"+WPI", patience=patience)


class Puller(Protocol):
    """Who hears what becomes of pulls."""

    def delivered(self, pull: int, delivery: Delivery) -> None:
        """A job came; `pull` is 0 for one that nobody waits for any longer."""

    def heard(self, pull: int) -> None:
        """The server still holds the pull."""

    def ended(self, pull: int, failed: str | None) -> None:
        """There is no more to come. `failed`: why it was refused, in the server's words."""


class _Inbox:
    """A subject for answers, and the pull that uses it now; 0 for none."""

    def __init__(self, subject: str) -> None:
        self.subject = subject
        self.subscription: Subscription | None = None
        self.pull = 0
        self.left = 0


class Pulls:
    """All pulls of a stream. After a lost connection call `forget`: the server has none."""

    def __init__(self, connection: Connection, stream: str, puller: Puller) -> None:
        self._connection = connection
        self._stream = stream
        self._puller = puller
        self._open: dict[int, _Inbox] = {}
        self._idle: list[_Inbox] = []

    async def ask(self, pull: int, consumer: str, batch: int, wait_s: float, priority: int) -> None:
        """Ask for `batch` jobs: those that are there now, or for `wait_s` seconds. `pull` is a
        number over 0 of the caller's. Raises FleetError; then nothing is asked.
        """
        body: dict[str, object] = {"batch": batch, "group": GROUP, "priority": priority}
        if wait_s > 0:
            body["expires"] = round(wait_s * _NS)
            body["idle_heartbeat"] = round(min(HEARTBEAT_S, wait_s / 2) * _NS)
        else:
            body["no_wait"] = True
        inbox = self._idle.pop() if self._idle else await self._new()
        inbox.pull, inbox.left = pull, batch
        self._open[pull] = inbox
        try:
            await self._connection.publish(
                f"$JS.API.CONSUMER.MSG.NEXT.{self._stream}.{consumer}",
                msgspec.json.encode(body),
                reply=inbox.subject,
            )
        except FleetError:
            self._release(inbox)
            raise

    async def abandon(self, pull: int) -> None:
        """Give up a pull. What still comes for it is told as a delivery of pull 0."""
        inbox = self._open.pop(pull, None)
        if inbox is not None:
            inbox.pull = inbox.left = 0
            if inbox.subscription is not None:
                await unsubscribe(inbox.subscription)

    async def forget(self) -> None:
        """Give up all pulls."""
        for pull in [*self._open]:
            await self.abandon(pull)

    async def _new(self) -> _Inbox:
        inbox = _Inbox(self._connection.new_inbox())

        async def take(message: Msg) -> None:
            self._take(inbox, message)

        inbox.subscription = await self._connection.subscribe(inbox.subject, take)
        return inbox

    def _take(self, inbox: _Inbox, message: Msg) -> None:
        pull = inbox.pull
        status = (message.headers or {}).get("Status")
        if status is not None and not message.data:
            if pull and status == "100":
                self._puller.heard(pull)
            elif pull and status in _ENDED:
                why = (message.headers or {}).get("Description", "").partition("\n")[0].strip()
                self._release(inbox)
                self._puller.ended(pull, None if status in _NOT_FAILED else why or status)
            return
        if pull:
            inbox.left -= 1
            if inbox.left <= 0:
                self._release(inbox)
        self._puller.delivered(pull, Delivery(self._connection, message))

    def _release(self, inbox: _Inbox) -> None:
        """Keep an inbox for the next pull: the server is done with it."""
        del self._open[inbox.pull]
        inbox.pull = 0
        if len(self._idle) < _KEPT:
            self._idle.append(inbox)
