"""Connections of the gateway to the supervisor: one for all requests, and some of their own.

Who hands in a durable job, or listens to one, has a connection for that: it is left without a word
to the job, which goes on, and keeps nothing of it waiting here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from supervisor.client import AsyncClient
from supervisor.config import Settings

CREDIT_BYTES: Final = 96 * 1024
"""Audio of one job that may wait here for a slow reader: 1 s at 24 kHz. Less of it costs a fast
reader a round trip to the supervisor for every piece: 6 ms a response at 32 kB, 4 at this."""

PATIENCE_S: Final = 2.0
"""Seconds that a text which the supervisor has no room for is submitted again, before the client
gets 429."""

RESUME_S: Final = 2.0
"""Seconds to reconnect to a lost supervisor before responses in progress are cut."""


def new_client() -> AsyncClient:
    """A connection, which is made at its first use."""
    return AsyncClient(name="gateway", credit=CREDIT_BYTES, patience=PATIENCE_S, resume=RESUME_S)


def speaking_client(settings: Settings) -> AsyncClient:
    """The connection for all requests. In a fleet what would wait here may be spoken elsewhere."""
    if not settings.fleet.servers:
        return new_client()
    from supervisor.gateway.spilling import SpillingClient  # noqa: PLC0415 - loads what it needs

    return SpillingClient(
        settings.fleet,
        name="gateway",
        credit=CREDIT_BYTES,
        patience=PATIENCE_S,
        resume=RESUME_S,
    )


@asynccontextmanager
async def connection(new: Callable[[], AsyncClient]) -> AsyncIterator[AsyncClient]:
    """A connection of its own within the block; it is closed to the end, also where the one who
    used it is cancelled once more.
    """
    client = new()
    try:
        yield client
    finally:
        closing = asyncio.ensure_future(client.close())
        _closing.add(closing)
        closing.add_done_callback(_closing.discard)
        await asyncio.shield(closing)


_closing: set[asyncio.Future[None]] = set()
