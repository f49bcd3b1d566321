"""The fleet's figures, as the agent with the janitor's seat keeps them."""

from __future__ import annotations

from supervisor.nats.buckets import Bucket
from supervisor.nats.connection import Connection
from supervisor.nats.errors import FleetError
from supervisor.wire.fleet import names
from supervisor.wire.fleet.codec import NewerSchema, Unreadable, decode
from supervisor.wire.fleet.live import Backlog


async def read_figures(connection: Connection) -> Backlog | None:
    """What waits, and how many hosts there should be; None where nobody keeps it. Every user may
    read it. Raises FleetError.
    """
    entry = await Bucket(connection, names.FLEET).get_near(names.BACKLOG)
    if entry is None:
        return None
    try:
        return decode(entry.value, Backlog)
    except (NewerSchema, Unreadable) as error:
        raise FleetError("refused", f"the fleet's figures: {error}") from None
