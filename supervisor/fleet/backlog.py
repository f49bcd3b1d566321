"""The keeper of the fleet's figures: what waits, and how many hosts there should be.

The agent with the janitor's seat looks every few seconds and writes them under one key, which
gateways, clients and operators read: nobody else has to ask the servers, or all hosts.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from supervisor.core.fleet.sizing import HostFigures, Sizing
from supervisor.nats.backlog import backlog
from supervisor.nats.buckets import Bucket
from supervisor.nats.gathering import hosts
from supervisor.wire.fleet import names
from supervisor.wire.fleet.codec import NewerSchema, Unreadable, decode, encode
from supervisor.wire.fleet.live import Backlog, Heartbeat

if TYPE_CHECKING:
    from supervisor.fleet.agent import Agent

_HEARD_S: Final = 0.5
"""Time in which hosts tell how they are."""

_OLD_S: Final = 60.0
"""Figures of another keeper that are older say nothing of today's hosts."""


class BacklogKeeper:
    """Looks, and writes down what it sees."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._fleet = Bucket(agent.connection, names.FLEET)
        self._sizing = Sizing()

    async def begin(self) -> None:
        """Go on from what another one has left. Raises FleetError."""
        self._sizing = Sizing()
        entry = await self._fleet.get(names.BACKLOG)
        if entry is None:
            return
        try:
            before = decode(entry.value, Backlog)
        except (Unreadable, NewerSchema):
            return
        if self._agent.broker_time() - before.at_ms / 1000 < _OLD_S:
            self._sizing.desired = before.desired

    async def look(self) -> None:
        """Look at the queue and at all hosts. Raises FleetError."""
        agent = self._agent
        waits, heard = await asyncio.gather(
            backlog(agent.connection, agent.config), hosts(agent.connection, _HEARD_S)
        )
        size = self._sizing.look(
            time.monotonic(),
            {name: found.seconds for name, found in waits.items()},
            [figures(host) for host in heard if not host.draining],
        )
        found = Backlog(
            jobs={name: each.jobs for name, each in waits.items()},
            seconds={name: round(each.seconds, 3) for name, each in waits.items()},
            oldest_s={name: round(each.oldest_s, 3) for name, each in waits.items()},
            first_seq=min((each.first_seq for each in waits.values() if each.jobs), default=0),
            speed=round(size.speed, 3),
            busy=round(size.busy, 3),
            hosts=size.hosts,
            desired=size.desired,
            because=size.because,
            at_ms=round(agent.broker_time() * 1000),
        )
        await self._fleet.put(names.BACKLOG, encode(found))


def figures(host: Heartbeat) -> HostFigures:
    """What sizing is to know of a host."""
    return HostFigures(host.speed, float(host.running))
