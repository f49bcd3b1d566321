"""How this host is, told to all who listen: once a second, when its free slots change, and asked.

Over core NATS, where nobody stores it: a thousand hosts cost the servers next to nothing so.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from supervisor import __version__
from supervisor.nats.connection import Message, Subscription, unsubscribe
from supervisor.nats.errors import FleetError
from supervisor.wire.fleet import names
from supervisor.wire.fleet.codec import SCHEMA, encode
from supervisor.wire.fleet.live import Heartbeat

if TYPE_CHECKING:
    from supervisor.fleet.agent import Agent

_EVERY_S: Final = 1.0
_APART_S: Final = 0.1
"""Least time between two heartbeats."""


class Heartbeats:
    """Heartbeats of this host."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._changed = asyncio.Event()
        self._told: tuple[Any, ...] = ()
        self._task: asyncio.Task[Any] | None = None
        self._asked: Subscription | None = None

    async def start(self) -> None:
        """As `agent.Part`."""
        self._asked = await self._agent.connection.subscribe(names.WHO, self._answer)
        self._task = self._agent.spawn(self._beat())

    async def stop(self) -> None:
        """As `agent.Part`."""
        if self._task is not None:
            self._task.cancel()
        if self._asked is not None:
            await unsubscribe(self._asked)

    def look(self) -> None:
        """Tell of it if free slots have changed; called after each event of the machine."""
        machine = self._agent.machine
        if (machine.free, machine.why, machine.room.leaving) != self._told:
            self._changed.set()

    async def _beat(self) -> None:
        while True:
            self._changed.clear()
            machine = self._agent.machine
            self._told = (machine.free, machine.why, machine.room.leaving)
            await self._publish(names.heartbeat_subject(self._agent.host), self.heartbeat())
            await asyncio.sleep(_APART_S)
            try:
                async with asyncio.timeout(_EVERY_S - _APART_S):
                    await self._changed.wait()
            except TimeoutError:
                pass

    async def _answer(self, message: Message) -> None:
        if message.reply:
            await self._publish(message.reply, self.heartbeat(whole=True))

    async def _publish(self, subject: str, heartbeat: Heartbeat) -> None:
        try:
            await self._agent.connection.publish(subject, encode(heartbeat))
        except FleetError:
            return  # The next one tells more than this one.

    def heartbeat(self, *, whole: bool = False) -> Heartbeat:
        """How this host is now; with `whole` also what it speaks."""
        agent, machine = self._agent, self._agent.machine
        welcome = agent.welcome if whole else None
        return Heartbeat(
            host=agent.host,
            epoch=agent.epoch,
            version=__version__,
            min_schema=1,
            max_schema=SCHEMA,
            slots=machine.slots,
            free=machine.free,
            running=len(agent.held),
            draining=machine.room.leaving,
            why=machine.why,
            speed=float(machine.room.cores),
            at_ms=round(agent.broker_time() * 1000),
            made_by=agent.made_by,
            default_engine=welcome.default_engine if welcome is not None else "",
            engines=welcome.engines if welcome is not None else {},
            limits=welcome.limits if welcome is not None else {},
        )
