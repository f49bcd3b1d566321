"""Try what a user may send and hear, without any effect.

A server tells of what is forbidden on the side, in order: after one flush the rest is allowed. What
is sent has no reply, and is nothing that anybody acts on: streams refuse it by its header, requests
name what does not exist, hosts skip what is no record.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

from supervisor.nats.connection import Connection, Message, unsubscribe
from supervisor.nats.errors import FleetError
from supervisor.wire.fleet.names import PREFIX
from supervisor.wire.fleet.permissions import Rights

_NAME: Final = "doctor"
"""Stands for a wildcard."""

_REFUSED: Final = {"Nats-Expected-Stream": "none"}
"""Has a stream refuse the message."""

_NOTHING: Final = f'{{"filter": "{_NAME}"}}'.encode()
"""Body of a request to remove what matches: nothing does."""

_ANSWER_S: Final = 1.0

Denied = tuple[str, str]
"""`publish` or `subscribe`, or `answer`; and the subject."""


async def denied(connection: Connection, rights: Rights) -> list[Denied]:
    """Those of these rights that the connection's user does not have. Raises FleetError."""
    told: set[tuple[str, str]] = set()
    before, connection.on_forbidden = connection.on_forbidden, lambda *what: told.add(what)
    try:
        published = {_sample(pattern): pattern for pattern in rights.publish}
        for subject in published:
            payload = _NOTHING if ".STREAM.PURGE." in subject else b""
            headers = None if subject.startswith("$JS.") else _REFUSED
            await connection.publish(subject, payload, headers)
        heard = {_sample(pattern): pattern for pattern in rights.subscribe}
        subscriptions = [await connection.subscribe(subject, _ignore) for subject in heard]
        await connection.flush()
        for subscription in subscriptions:
            await unsubscribe(subscription)
        found: list[Denied] = [
            (name, pattern)
            for act, name, tried in (
                ("publish", "publish", published),
                ("subscription", "subscribe", heard),
            )
            for subject, pattern in tried.items()
            if (act, subject.lower()) in told
        ]
        # Without the right to ask and to hear there is no telling.
        if rights.answers and not found and not await _may_answer(connection):
            found.append(("answer", "those who ask (allow_responses)"))
        return found
    finally:
        connection.on_forbidden = before


async def may_publish(connection: Connection, subject: str) -> bool:
    """Whether the user may send to a subject, to which an empty message is sent."""
    asked = Rights(publish=(subject,), subscribe=())
    return not await denied(connection, asked)


async def _may_answer(connection: Connection) -> bool:
    """Whether the user may publish to the reply of what it has received: it asks itself."""
    answered = asyncio.Event()
    inbox = connection.new_inbox()

    async def hear(_: Message) -> None:
        answered.set()

    async def answer(message: Message) -> None:
        if message.reply == inbox:
            await connection.publish(message.reply)

    subject = f"{PREFIX}.bid.{_NAME}"
    subscriptions = [
        await connection.subscribe(inbox, hear),
        await connection.subscribe(subject, answer),
    ]
    try:
        await connection.publish(subject, reply=inbox)
        async with asyncio.timeout(_ANSWER_S):
            await answered.wait()
    except TimeoutError:
        return False
    finally:
        for subscription in subscriptions:
            with suppress(FleetError):
                await unsubscribe(subscription)
    return True


async def _ignore(_: Message) -> None:
    """Nothing is expected."""


def _sample(pattern: str) -> str:
    """A subject that a pattern matches."""
    tokens = (_NAME if token in {"*", ">"} else token for token in pattern.split("."))
    return ".".join(tokens)
