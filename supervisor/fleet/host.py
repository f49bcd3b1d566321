"""What the agent knows of its own supervisor: whether it is there, and how much it has to do.

It is asked once a second, and its answer is what the machine goes by: no setting says how much a
host can do.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import msgspec

from supervisor.client.errors import SupervisorError
from supervisor.core.fleet import events as e
from supervisor.core.fleet.room import others_wait_s
from supervisor.logs import get_logger

if TYPE_CHECKING:
    from supervisor.fleet.agent import Agent

LOOK_S: Final = 1.0
"""Time between two questions."""
_ANSWER_S: Final = 2.0
_AWAY_S: Final = 0.25
"""Time between two tries while it is away."""

log = get_logger(__name__)


class Host:
    """Asks the supervisor how it is."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._there = False
        self._task: asyncio.Task[Any] | None = None

    async def start(self) -> None:
        """As `agent.Part`."""
        self._task = self._agent.spawn(self._watch())

    async def stop(self) -> None:
        """As `agent.Part`."""
        if self._task is not None:
            self._task.cancel()

    async def _watch(self) -> None:
        while True:
            there = await self._look()
            await asyncio.sleep(LOOK_S if there else _AWAY_S)

    async def _look(self) -> bool:
        agent = self._agent
        try:
            if not self._there:
                welcome = await agent.client.welcome()
                agent.reconfigure(engines=welcome.engines)
                agent.welcome = welcome
                agent.tell(e.SupervisorFound(agent.now()))
                self._there = True
            agent.tell(self._seen(await agent.client.outlook(timeout=_ANSWER_S)))
        except (SupervisorError, msgspec.ValidationError) as error:
            if self._there or agent.supervisor_away != str(error):
                log.info("fleet: the supervisor does not answer: %s", error)
            agent.supervisor_away = str(error)
            if self._there:
                self._there = False
                agent.tell(e.SupervisorLost(agent.now()))
            return False
        agent.supervisor_away = ""
        return True

    def _seen(self, outlook: dict[str, Any]) -> e.HostSeen:
        """What the machine is to know. The work of others goes before the fleet's."""
        seen = msgspec.convert(outlook, _Outlook)
        ours = [held.job.cost_s for held in self._agent.held.values() if held.task is not None]
        return e.HostSeen(
            self._agent.now(),
            max(1, seen.cores),
            behind_s=others_wait_s(
                left_s=seen.waiting_s,
                jobs=seen.jobs,
                ours=len(ours),
                ours_s=sum(ours),
                idle=seen.idle,
                workers=seen.workers,
            ),
            hot=seen.hot,
            draining=seen.draining,
            memory_short=seen.memory in {"short", "critical"},
        )


class _Outlook(msgspec.Struct):
    """The answer to OUTLOOK, as far as it counts here."""

    cores: int
    workers: int
    jobs: int
    waiting_s: float
    idle: int = 0
    hot: bool = False
    draining: bool = False
    memory: str = "free"
