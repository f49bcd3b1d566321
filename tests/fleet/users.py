"""A server that lets users in as `supervisor fleet auth` has it, and connections as them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import NamedTuple

from supervisor.nats.connection import Connection, Servers
from supervisor.nats.credentials import new_user
from supervisor.nats.layout import Layout
from supervisor.nats.server_config import User, server_config
from supervisor.nats.setup import set_up
from supervisor.wire.fleet.permissions import Role
from tests.fleet.servers import NatsServer

USERS: list[tuple[str, Role, str]] = [
    ("ops", "operator", "default"),
    ("h1", "host", "default"),
    ("h2", "host", "default"),
    ("web1", "gateway", "shop"),
    ("web2", "gateway", "shop"),
    ("spy", "gateway", "other"),
]
"""Name, role and tenant of each."""


class Place(NamedTuple):
    """A server, and the files with its users' keys by their names."""

    server: NatsServer
    keys: dict[str, Path]


@contextmanager
def let_in(
    directory: Path, users: Sequence[tuple[str, Role, str]], *engines: str
) -> Iterator[Place]:
    """A server that lets these users in; one of them, `ops`, has set it up for these engines."""
    known, keys = [], {}
    for name, role, tenant in users:
        made = new_user()
        keys[name] = directory / f"{name}.nk"
        keys[name].write_text(made.seed)
        keys[name].chmod(0o600)
        known.append(User(name=name, role=role, tenant=tenant, key=made.key))
    with NatsServer(extra=server_config(known)) as server:
        place = Place(server, keys)

        async def work() -> None:
            async with user(place, "ops") as ops:
                layout = Layout(engines=engines, max_bytes=100_000_000)
                await set_up(ops, layout)

        asyncio.run(work())
        yield place


@asynccontextmanager
async def user(place: Place, name: str) -> AsyncIterator[Connection]:
    """Connected as this user; what is forbidden is not logged."""
    connection = Connection(Servers((place.server.url,), name, str(place.keys[name])))
    connection.on_forbidden = lambda *_: None
    async with connection:
        yield connection
