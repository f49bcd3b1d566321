"""How many jobs wait in the fleet, and how many hosts have taken, by class."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from supervisor.nats.connection import Connection
from supervisor.nats.errors import FleetError
from supervisor.nats.jetstream import ask
from supervisor.wire.fleet import names
from supervisor.wire.fleet.jobs import Config


class Waiting(NamedTuple):
    """Jobs of one class: those that nobody has yet, and those that a host has taken."""

    jobs: int = 0
    taken: int = 0


async def waiting(connection: Connection, config: Config) -> dict[str, Waiting]:
    """Jobs by class, the most urgent first. Raises FleetError."""
    asked = [
        (name, engine, lane)
        for name in names.CLASSES
        for engine in config.engines
        for lane in range(config.lanes)
    ]
    infos = await asyncio.gather(*(_consumer(connection, *each) for each in asked))
    found: dict[str, Waiting] = dict.fromkeys(names.CLASSES, Waiting())
    for (name, _engine, _lane), info in zip(asked, infos, strict=True):
        before = found[name]
        found[name] = Waiting(before.jobs + info.jobs, before.taken + info.taken)
    return found


async def _consumer(
    connection: Connection, klass: names.FleetClass, engine: str, lane: int
) -> Waiting:
    name = names.consumer(klass, engine, lane)
    try:
        info = await ask(connection, f"CONSUMER.INFO.{names.JOBS}.{name}")
    except FleetError as error:
        if error.code == "not_found":  # `setup` makes it with the next run.
            return Waiting()
        raise
    return Waiting(int(info.get("num_pending", 0)), int(info.get("num_ack_pending", 0)))
