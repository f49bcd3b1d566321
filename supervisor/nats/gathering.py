"""A question to all who listen, and the answers that come within a time."""

from __future__ import annotations

import asyncio

from nats.aio.msg import Msg

from supervisor.nats.connection import Connection, unsubscribe
from supervisor.wire.fleet import codec, names
from supervisor.wire.fleet.live import Heartbeat

_HOSTS_S = 1.0


async def gather(
    connection: Connection, subject: str, payload: bytes = b"", within: float = _HOSTS_S
) -> list[bytes]:
    """The answers of all who listen to a subject; none where nobody does. Takes `within` seconds,
    or no time where nobody listens. Raises FleetError.
    """
    answers: list[bytes] = []
    nobody = asyncio.Event()

    async def answered(message: Msg) -> None:
        if (message.headers or {}).get("Status") is not None:
            nobody.set()
        else:
            answers.append(message.data)

    inbox = connection.new_inbox()
    subscription = await connection.subscribe(inbox, answered)
    try:
        await connection.publish(subject, payload, reply=inbox)
        async with asyncio.timeout(within):
            await nobody.wait()
    except TimeoutError:
        pass
    finally:
        await unsubscribe(subscription)
    return answers


async def hosts(connection: Connection, within: float = _HOSTS_S) -> list[Heartbeat]:
    """How each host of the fleet is, by name; those that answer in time. Raises FleetError."""
    found: dict[str, Heartbeat] = {}
    for answer in await gather(connection, names.WHO, b"", within):
        try:
            heartbeat = codec.decode(answer, Heartbeat)
        except (codec.Unreadable, codec.NewerSchema):
            continue
        found[heartbeat.host] = heartbeat
    return [found[name] for name in sorted(found)]
