"""What the agent knows of its own supervisor: whether it is there, and how much it has to do.

It is asked once a second, and its answer is what the machine goes by: no setting says how much a
host can do.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from supervisor.client.errors import SupervisorError
from supervisor.core.fleet import events as e
from supervisor.logs import get_logger
from supervisor.wire.status import UnreadableStatusError, read

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
            document = await agent.client.status(timeout=_ANSWER_S)
            agent.tell(self._seen(document))
        except (SupervisorError, UnreadableStatusError) as error:
            if self._there or agent.supervisor_away != str(error):
                log.info("fleet: the supervisor does not answer: %s", error)
            agent.supervisor_away = str(error)
            if self._there:
                self._there = False
                agent.tell(e.SupervisorLost(agent.now()))
            return False
        agent.supervisor_away = ""
        return True

    def _seen(self, document: dict[str, Any]) -> e.HostSeen:
        status = read(document)
        agent = self._agent
        bounds, queue = status.allocation.system_info.bounds, status.queue
        cores = max(1, bounds.upper)
        waits = max(0, status.jobs.queued - sum(not held.began for held in agent.held.values()))
        behind_s = queue.predicted_work_s / cores if waits else 0.0
        throttling = status.allocation.system_info.throttling
        return e.HostSeen(
            agent.now(),
            cores,
            behind_s=behind_s,
            throttled=throttling is not None and bool(throttling.thermal_rising),
            draining=status.supervisor.state == "draining",
            memory_short=status.allocation.memory.state in {"short", "critical"},
        )
