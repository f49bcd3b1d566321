"""The faults of a storm: whom they strike, and how what was struck comes back."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable

import psutil

from tests.fleet.hosts import Fleet, Host
from tests.fleet.servers import NatsServer
from tests.fleet.storm.leaders import healthy, leader
from tests.supervised import eventually

_SETTLED_S = 15.0
"""Longest time for the cluster to be whole again after a server's fault."""


class Faults:
    """Throws faults for `seconds`, 200 in ten minutes. A fault is counted when it struck."""

    def __init__(
        self, fleet: Fleet, dice: random.Random, seconds: float, say: Callable[[str], None]
    ) -> None:
        self._fleet = fleet
        self._dice = dice
        self._seconds = seconds
        self._say = say
        self.counts: Counter[str] = Counter()
        self._struck: set[str] = set()
        """Machines that are down: none is struck twice, and of the servers one at a time."""
        kinds: list[tuple[str, int, Callable[[], Awaitable[bool]]]] = [
            ("agent killed", 5, self._agent_killed),
            ("agent stopped for a while", 4, self._agent_stopped),
            ("supervisor killed", 4, self._supervisor_killed),
            ("supervisor stopped for a while", 2, self._supervisor_stopped),
            ("host lost, back later", 2, self._host_lost),
            ("server killed", 2, self._server_killed),
            ("leader killed", 1, self._leader_killed),
        ]
        if fleet.namespaces is not None:
            kinds += [
                ("cable of a host cut", 4, self._host_cut),
                ("cable of a server cut", 1, self._server_cut),
            ]
        self._kinds = kinds

    async def run(self) -> None:
        """Throw them; returns when all that was struck is back."""
        end = time.monotonic() + self._seconds
        running: set[asyncio.Task[None]] = set()
        wave: list[tuple[str, Callable[[], Awaitable[bool]]]] = []
        while time.monotonic() < end:
            if not wave:
                wave = [(name, act) for name, often, act in self._kinds for _ in range(often)]
                self._dice.shuffle(wave)
            task = asyncio.create_task(self._strike(*wave.pop()))
            running.add(task)
            task.add_done_callback(running.discard)
            await asyncio.sleep(self._dice.uniform(1.6, 3.0))
        if running:
            await asyncio.wait(running)

    async def _strike(self, name: str, act: Callable[[], Awaitable[bool]]) -> None:
        for _ in range(100):
            try:
                struck = await act()
            except (psutil.NoSuchProcess, ProcessLookupError):
                struck = False
            if struck:
                self.counts[name] += 1
                self._say(f"{sum(self.counts.values()):4}  {name}")
                return
            await asyncio.sleep(0.2)

    def _host(self) -> Host | None:
        free = [host for host in self._fleet.hosts if host.name not in self._struck]
        # One host at least stays as it is, so that there is somebody to speak.
        return self._dice.choice(free) if len(free) > 1 else None

    def _server(self) -> NatsServer | None:
        if any(server.name in self._struck for server in self._fleet.servers):
            return None
        return self._dice.choice(self._fleet.servers)

    # -- hosts --------------------------------------------------------------------------

    async def _on_host(self, act: Callable[[Host], Awaitable[None]]) -> bool:
        host = self._host()
        if host is None:
            return False
        self._struck.add(host.name)
        try:
            await act(host)
        finally:
            self._struck.discard(host.name)
        return True

    async def _agent_killed(self) -> bool:
        async def act(host: Host) -> None:
            agent = await asyncio.to_thread(lambda: host.agent)
            agent.kill()
            await asyncio.to_thread(agent.wait, 10)

        return await self._on_host(act)

    async def _agent_stopped(self) -> bool:
        async def act(host: Host) -> None:
            agent = await asyncio.to_thread(lambda: host.agent)
            await self._stopped(agent)

        return await self._on_host(act)

    async def _supervisor_stopped(self) -> bool:
        async def act(host: Host) -> None:
            await self._stopped(psutil.Process(host.pid))

        return await self._on_host(act)

    async def _stopped(self, process: psutil.Process) -> None:
        process.suspend()
        try:
            await asyncio.sleep(self._dice.uniform(0.5, 6.0))
        finally:
            process.resume()

    async def _supervisor_killed(self) -> bool:
        async def act(host: Host) -> None:
            os.kill(host.pid, signal.SIGKILL)
            await asyncio.to_thread(host.process.wait)  # type: ignore[union-attr] # it was started
            await asyncio.sleep(self._dice.uniform(0, 1))
            await asyncio.to_thread(self._fleet.restart, host)

        return await self._on_host(act)

    async def _host_lost(self) -> bool:
        async def act(host: Host) -> None:
            spaces = self._fleet.namespaces
            if spaces is not None:
                spaces.cut(host.name)
            await asyncio.to_thread(host.kill_all)
            await asyncio.sleep(self._dice.uniform(1, 5))
            if spaces is not None:
                spaces.mend(host.name)
            await asyncio.to_thread(self._fleet.restart, host)

        return await self._on_host(act)

    async def _host_cut(self) -> bool:
        async def act(host: Host) -> None:
            await self._cut(host.name)

        return await self._on_host(act)

    async def _cut(self, name: str) -> None:
        spaces = self._fleet.namespaces
        assert spaces is not None
        spaces.cut(name)
        try:
            await asyncio.sleep(self._dice.uniform(0.5, 8.0))
        finally:
            spaces.mend(name)

    # -- servers ------------------------------------------------------------------------

    async def _on_server(
        self, server: NatsServer | None, act: Callable[[NatsServer], Awaitable[None]]
    ) -> bool:
        if server is None:
            return False
        self._struck.add(server.name)
        try:
            await act(server)
            await asyncio.to_thread(
                eventually,
                lambda: healthy(self._fleet.servers),
                "the cluster is whole again",
                60,
            )
        finally:
            self._struck.discard(server.name)
        return True

    async def _server_killed(self) -> bool:
        return await self._on_server(self._server(), self._kill)

    async def _leader_killed(self) -> bool:
        if self._server() is None:
            return False
        found = await asyncio.to_thread(leader, self._fleet.servers)
        return await self._on_server(found, self._kill)

    async def _kill(self, server: NatsServer) -> None:
        server.kill()
        await asyncio.sleep(self._dice.uniform(0.5, 2.0))
        server.start()

    async def _server_cut(self) -> bool:
        async def act(server: NatsServer) -> None:
            await self._cut(server.name)

        return await self._on_server(self._server(), act)
