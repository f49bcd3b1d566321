"""An operator has this host take no more work of the fleet, or take part again.

It holds until the agent starts anew. The host's own clients notice nothing of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from supervisor.core.fleet import events as e
from supervisor.logs import get_logger
from supervisor.nats.connection import Message, Subscription, unsubscribe
from supervisor.wire.fleet import codec, names
from supervisor.wire.fleet.live import Drain

if TYPE_CHECKING:
    from supervisor.fleet.agent import Agent
    from supervisor.fleet.heartbeats import Heartbeats

log = get_logger(__name__)


class Draining:
    """Listens for `supervisor fleet drain`."""

    def __init__(self, agent: Agent, heartbeats: Heartbeats) -> None:
        self._agent = agent
        self._heartbeats = heartbeats
        self._asked: Subscription | None = None

    async def start(self) -> None:
        """As `agent.Part`."""
        subject = names.drain_subject(self._agent.host)
        self._asked = await self._agent.connection.subscribe(subject, self._drain)

    async def stop(self) -> None:
        """As `agent.Part`."""
        if self._asked is not None:
            await unsubscribe(self._asked)

    async def _drain(self, message: Message) -> None:
        try:
            asked = codec.decode(message.data, Drain)
        except (codec.NewerSchema, codec.Unreadable):
            return
        agent = self._agent
        if agent.machine.room.leaving == asked.off:
            log.info("fleet: %s", "takes work again" if asked.off else "drained by an operator")
        agent.tell(e.Drain(agent.now(), asked.off))
        if message.reply:
            answer = codec.encode(self._heartbeats.heartbeat())
            await agent.connection.publish(message.reply, answer)
