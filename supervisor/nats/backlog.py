"""What waits in the fleet's queue, by class: jobs, their predicted work, and the age of the oldest.

JetStream tells how many wait. Their work stands in the head of each: of few all are read, of many
some, at even distances, and the mean stands for the others.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from supervisor.nats.connection import Connection
from supervisor.nats.errors import FleetError
from supervisor.nats.jetstream import ask
from supervisor.nats.limits import server_time
from supervisor.wire.fleet import names
from supervisor.wire.fleet.headers import read_headers
from supervisor.wire.fleet.jobs import Config

_READ: Final = 8
"""Jobs of a consumer that are read in one look."""


class Waiting(msgspec.Struct, frozen=True):
    """What waits, of one class or consumer. `seconds`: predicted work of one core; `oldest_s`: age
    of the job that waits longest; `first_seq`: its number; 0 where none waits.
    """

    jobs: int = 0
    seconds: float = 0.0
    oldest_s: float = 0.0
    first_seq: int = 0

    def __add__(self, other: Waiting) -> Waiting:
        """Both together."""
        return Waiting(
            self.jobs + other.jobs,
            self.seconds + other.seconds,
            max(self.oldest_s, other.oldest_s),
            min(filter(None, (self.first_seq, other.first_seq)), default=0),
        )


async def backlog(connection: Connection, config: Config) -> dict[str, Waiting]:
    """What waits, by class, the most urgent first. Raises FleetError."""
    info = await ask(connection, f"STREAM.INFO.{names.JOBS}")
    last = int(info["state"]["last_seq"])
    found = dict.fromkeys(names.CLASSES, Waiting())
    for klass in names.CLASSES:
        each = await asyncio.gather(
            *(
                _consumer(connection, klass, engine, lane, last)
                for engine in config.engines
                for lane in range(config.lanes)
            )
        )
        found[klass] = sum(each, Waiting())
    return {name: found[name] for name in names.CLASSES}


async def _consumer(
    connection: Connection, klass: names.FleetClass, engine: str, lane: int, last: int
) -> Waiting:
    name = names.consumer(klass, engine, lane)
    try:
        info = await ask(connection, f"CONSUMER.INFO.{names.JOBS}.{name}")
    except FleetError as error:
        if error.code == "not_found":  # `setup` makes it with the next run.
            return Waiting()
        raise
    jobs = int(info.get("num_pending", 0))
    if not jobs:
        return Waiting()
    first = int(info["delivered"]["stream_seq"]) + 1
    subject = names.consumer_filter(klass, engine, lane)
    read = await _read(connection, subject, first, last, jobs)
    if not read:
        return Waiting()  # They were taken meanwhile.
    costs = [read_headers(_headers(each["hdrs"])).cost_s for each in read if each.get("hdrs")]
    oldest = read[0]
    return Waiting(
        jobs,
        jobs * sum(costs) / max(1, len(costs)),
        max(0.0, server_time(info["ts"]) - server_time(oldest["time"])) if "ts" in info else 0.0,
        int(oldest["seq"]),
    )


async def _read(
    connection: Connection, subject: str, first: int, last: int, jobs: int
) -> list[Mapping[str, Any]]:
    """The oldest job that waits, and some of the others: all, where there are few."""
    read: list[Mapping[str, Any]] = []
    at = first
    for number in range(min(jobs, _READ)):
        if jobs > _READ:
            at = max(at, first + number * (last + 1 - first) // _READ)
        message = await _next(connection, subject, at)
        if message is None:
            break
        read.append(message)
        at = int(message["seq"]) + 1
    return read


async def _next(connection: Connection, subject: str, sequence: int) -> Mapping[str, Any] | None:
    """The first job under a pattern of subjects from this number on."""
    body = {"seq": sequence, "next_by_subj": subject}
    try:
        found = await ask(connection, f"STREAM.MSG.GET.{names.JOBS}", body)
    except FleetError as error:
        if error.code == "not_found":
            return None
        raise
    message: Mapping[str, Any] = found["message"]
    return message


def _headers(packed: str) -> dict[str, str]:
    """Headers of a stored message, as they were sent."""
    lines = base64.b64decode(packed).decode("utf-8", "replace").split("\r\n")[1:]
    pairs = (line.partition(":") for line in lines)
    return {name: value.strip() for name, colon, value in pairs if colon}
