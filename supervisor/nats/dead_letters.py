"""Jobs that failed for good: which there are, handing them in again, forgetting them."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from typing import Final

import msgspec

from supervisor.nats.buckets import Bucket
from supervisor.nats.connection import Connection
from supervisor.nats.errors import FleetError
from supervisor.nats.jetstream import store
from supervisor.wire.fleet import codec, names
from supervisor.wire.fleet.headers import MESSAGE_ID, headers_of
from supervisor.wire.fleet.jobs import DeadLetter

_PATIENCE_S: Final = 10.0


class Unread(msgspec.Struct, frozen=True):
    """A dead letter that this version cannot read, and why."""

    why: str


async def dead_letters(
    connection: Connection, tenant: str | None = None
) -> AsyncIterator[tuple[str, DeadLetter | Unread]]:
    """The key (`TENANT.ID`) of each, in order, and what is known of it. Raises FleetError."""
    bucket = Bucket(connection, names.DEAD)
    for key in sorted(await bucket.keys(f"{tenant}.*" if tenant else ">")):
        letter = await dead_letter(connection, key)
        if letter is not None:
            yield key, letter


async def dead_letter(connection: Connection, key: str) -> DeadLetter | Unread | None:
    """What is known of one; None where there is none. Raises FleetError."""
    entry = await Bucket(connection, names.DEAD).get(key)
    if entry is None:
        return None
    try:
        return codec.decode(entry.value, DeadLetter)
    except (codec.NewerSchema, codec.Unreadable) as error:
        return Unread(str(error))


async def requeue(connection: Connection, key: str, letter: DeadLetter) -> None:
    """Hand the job in again, under its own name, as if it had never failed. Ended on the way, it
    is a dead letter still. Raises FleetError.
    """
    name = names.parse_name(letter.name)
    await Bucket(connection, names.FLEET).delete(f"attempts.{key}", _PATIENCE_S)
    await Bucket(connection, names.OUTCOMES).delete(key, _PATIENCE_S)
    headers = headers_of(letter.job)
    # The servers would take its old id for a copy of what they had two minutes ago.
    headers[MESSAGE_ID] = f"{headers[MESSAGE_ID]}-{secrets.token_hex(4)}"
    try:
        await store(connection, name.subject, codec.encode(letter.job), headers, _PATIENCE_S)
    except FleetError as error:
        if error.code != "duplicate":  # It waits already: somebody was quicker.
            raise
    await drop(connection, key)


async def drop(connection: Connection, key: str) -> None:
    """Forget one; its outcome stays. Raises FleetError."""
    await Bucket(connection, names.DEAD).delete(key, _PATIENCE_S)
