"""The agent process, from its first connection to its last job.

SIGTERM drains it: it takes nothing more, returns what has not begun, and ends what has, for as long
as the grace period lets it; a second one ends it at once. It never outlives its supervisor by more
than a moment: what it holds then goes back to the queue.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
import time
from collections.abc import Callable
from typing import Final, Literal

import msgspec

from supervisor.client import AsyncClient
from supervisor.core.fleet import events as e
from supervisor.fleet.agent import Agent
from supervisor.fleet.bids import Bids
from supervisor.fleet.control import Control
from supervisor.fleet.draining import Draining
from supervisor.fleet.heartbeats import Heartbeats
from supervisor.fleet.host import Host
from supervisor.fleet.janitor import Janitor
from supervisor.fleet.settings import AgentSettings
from supervisor.fleet.tunnels import Tunnels
from supervisor.host.signals import STOP_SIGNALS, ignore_stop_signals
from supervisor.logs import get_logger, log_uncaught
from supervisor.nats.connection import Connection, Servers
from supervisor.nats.errors import FleetError
from supervisor.nats.jetstream import ask
from supervisor.nats.limits import server_time
from supervisor.nats.setup import read_config
from supervisor.wire.fleet import names

CREDIT: Final = 256 * 1024
"""Bytes of a job's audio that may be on their way from the supervisor."""

_LOOK_S: Final = 30.0
"""Time between two looks at what the whole fleet shares, and at the broker's clock."""
_AGAIN_S: Final = 2.0
_GRACE_LEFT_S: Final = 2.0
"""Before the end of the supervisor's grace period all that is left goes back to the queue."""
_LAST_WORDS_S: Final = 1.0

State = Literal["joining", "joined", "degraded", "refused", "draining"]
"""joining: not connected yet. joined: takes part. degraded: was connected, and no server answers.
refused: the servers do not let it in, or nobody has set the fleet up. draining: it leaves."""

log = get_logger(__name__)


class Told(msgspec.Struct, frozen=True):
    """What the agent tells its supervisor whenever it changes: a state, and why, in one line."""

    state: State
    reason: str = ""


class Process:
    """One agent, with all of its parts."""

    def __init__(
        self, settings: AgentSettings, tell: Callable[[Told], None], hostname: str | None = None
    ) -> None:
        fleet = settings.fleet
        self._settings = settings
        self._tell = tell
        self._told: Told | None = None
        host = fleet.host(hostname or socket.gethostname())
        self.connection = Connection(
            Servers(tuple(fleet.servers), host, fleet.credentials, fleet.ca, fleet.ping_s)
        )
        client = AsyncClient(name="fleet", credit=CREDIT, patience=0, resume=fleet.lease_s)
        self.agent = Agent(settings, host, secrets.token_hex(4), self.connection, client)
        self._heartbeats = Heartbeats(self.agent)
        bids = Bids(self.agent)
        self.agent.parts = [
            Host(self.agent),
            self._heartbeats,
            Control(self.agent),
            Draining(self.agent, self._heartbeats),
            Janitor(self.agent),
            bids,
            Tunnels(self.agent, bids),
        ]
        self.agent.on_event = self._after_event
        self.agent.on_fault = self._fault
        self.faulty = False
        """Whether it ended because of a fault of ours."""
        self._leaving = asyncio.Event()
        self._gone = asyncio.Event()
        self._refused = ""

    async def run(self) -> None:
        """Take part until it has been drained."""
        loop = asyncio.get_running_loop()
        log_uncaught(loop)
        for number in STOP_SIGNALS:
            loop.add_signal_handler(number, self.leave)
        self._say()
        joining = loop.create_task(self._join())
        leaving = loop.create_task(self._leaving.wait())
        try:
            await asyncio.wait({joining, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if joining.done():
                joining.result()
                await self._leaving.wait()
                await self._drain()
        finally:
            joining.cancel()
            leaving.cancel()
            await self._end()
            ignore_stop_signals(loop)

    def leave(self) -> None:
        """Drain, or end at once if that is under way."""
        if self._leaving.is_set():
            self._gone.set()
        self._leaving.set()

    def leave_now(self) -> None:
        """End at once: return everything."""
        self._gone.set()
        self._leaving.set()

    def _fault(self) -> None:
        self.faulty = True
        self.leave_now()

    def reconfigure(self, settings: AgentSettings) -> None:
        """Take changed settings."""
        self._settings = settings
        self.agent.client.resume = settings.fleet.lease_s
        self.agent.reconfigure(settings=settings)

    # -- joining ------------------------------------------------------------------------

    async def _join(self) -> None:
        await self.connection.connect(None)
        self.connection.on_change = self._connection_changed
        log.info("fleet: %s is connected to %s", self.agent.host, self.connection.where)
        while True:
            if await self._look():
                break
            await asyncio.sleep(_AGAIN_S)
        for part in self.agent.parts:
            await part.start()
        self.agent.tell(e.BrokerFound(self.agent.now()))
        self.agent.spawn(self._keep_looking())
        self._say()

    async def _look(self) -> bool:
        """Read what the whole fleet shares, and the broker's clock; whether that was there."""
        try:
            config = await read_config(self.connection)
            sent = time.time()
            info = await ask(self.connection, f"STREAM.INFO.{names.JOBS}")
            received = time.time()
        except FleetError as error:
            self._refused = "" if error.code == "unavailable" else str(error)
            self._say()
            return False
        if config is None:
            self._refused = "nobody has set the fleet up: run `supervisor fleet setup`"
            self._say()
            return False
        self._refused = ""
        with contextlib.suppress(ValueError, KeyError):
            self.agent.clock.heard(sent, received, server_time(info["ts"]))
        self.agent.reconfigure(config=config)
        return True

    async def _keep_looking(self) -> None:
        while True:
            found = await self._look()
            await asyncio.sleep(_LOOK_S if found else _AGAIN_S)

    def _connection_changed(self) -> None:
        agent = self.agent
        if self.connection.closed:
            log.error("fleet: the servers have ended the connection: %s", self.connection.trouble)
            self.leave_now()
        elif self.connection.up:
            agent.tell(e.BrokerFound(agent.now()))
        else:
            agent.tell(e.BrokerLost(agent.now()))
            agent.spawn(agent.queue.lost())
        self._say()

    def _after_event(self) -> None:
        self._heartbeats.look()
        if self.agent.queue.refused or (self._told and self._told.state == "refused"):
            self._say()

    def _say(self) -> None:
        """Tell the supervisor of a change."""
        trouble = self.connection.trouble or ""
        if self._leaving.is_set():
            told = Told("draining")
        elif self._refused or self.agent.queue.refused:
            told = Told("refused", self._refused or self.agent.queue.refused)
        elif not self.connection.up:
            was_up = self._told is not None and self._told.state != "joining"
            told = Told("degraded" if was_up else "joining", trouble)
        else:
            told = Told("joined", trouble)
        if told != self._told:
            self._told = told
            self._tell(told)

    # -- leaving ------------------------------------------------------------------------

    async def _drain(self) -> None:
        agent = self.agent
        emptied = asyncio.Event()
        agent.on_closed = lambda: emptied.set() if not agent.held else None
        self._say()
        if not self._gone.is_set():
            agent.tell(e.Drain(agent.now()))
            log.info("fleet: leaving, %d jobs to finish", len(agent.held))
            gone = asyncio.get_running_loop().create_task(self._gone.wait())
            done = asyncio.get_running_loop().create_task(emptied.wait())
            grace_s = max(0.0, self._settings.pool.grace_period_s - _GRACE_LEFT_S)
            if agent.held:
                await asyncio.wait(
                    {gone, done}, timeout=grace_s, return_when=asyncio.FIRST_COMPLETED
                )
            gone.cancel()
            done.cancel()
        agent.tell(e.Drain(agent.now()))
        agent.tell(e.GraceOver(agent.now()))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORDS_S):
                while agent.held and not emptied.is_set():
                    await emptied.wait()
                await agent.settle()

    async def _end(self) -> None:
        self.connection.on_change = lambda: None
        for part in self.agent.parts:
            with contextlib.suppress(FleetError, TimeoutError):
                async with asyncio.timeout(_LAST_WORDS_S):
                    await part.stop()
        await self.agent.close()
        await self.agent.client.close()
        with contextlib.suppress(FleetError, TimeoutError):
            async with asyncio.timeout(_LAST_WORDS_S):
                if self.connection.up:
                    await self.connection.flush()
        await self.connection.close()
