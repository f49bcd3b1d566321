"""Who is connected, whom their jobs are charged to, and how each wants to be answered."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from supervisor.broker.requests import Refused
from supervisor.broker.wire import client as wire
from supervisor.broker.wire.codec import Body, Frames, encode

Send = Callable[[bytes, Frames], None]


class Connection(msgspec.Struct):
    """What is known of one client's connection. `json`: how it wants to be answered. `flow`: whom
    its jobs are charged to.
    """

    owner: str
    flow: str
    json: bool = False
    name: str = ""


class Clients:
    """Connections by the client's handle. A message to one that is gone goes nowhere."""

    def __init__(self) -> None:
        self.known: dict[bytes, Connection] = {}

    def send(
        self, out: Send, client: bytes, message: wire.Message, body: Body | None = None
    ) -> None:
        """Hand the message to `out` in the form that the client reads."""
        connection = self.known.get(client)
        if connection is not None:
            out(client, encode(message, body, json=connection.json))


def refusal(id: str, refused: Refused) -> wire.Error:
    """The answer to a request that is refused."""
    return wire.Error(
        refused.code,
        str(refused),
        id=id,
        retryable=refused.retryable,
        retry_after_ms=refused.retry_after_ms,
    )
