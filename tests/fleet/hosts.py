"""A fleet on one machine: NATS servers, and supervisors that join them, each in directories of its
own and, where namespaces can be made, in a network of its own.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self, TypeVar

import psutil

from supervisor.nats.connection import Connection, Servers
from tests.fleet.namespaces import Namespaces
from tests.fleet.servers import NatsServer, cluster, prepare
from tests.supervised import Supervised, eventually
from tests.toy_engine.install import install

T = TypeVar("T")

METRONOME = Path(__file__).with_name("metronome")
SETTINGS: dict[str, Any] = {
    "engines.default": "metronome",
    "engines.preload": ["metronome"],
    "performance.dynamic_cpu_allocation.enabled": False,
    "pool.threads_per_worker": 1,
}


class Host(Supervised):
    """A supervisor of a fleet with so many workers, and its agent."""

    def __init__(
        self,
        name: str,
        workers: int,
        urls: Sequence[str],
        engines: Path,
        prefix: tuple[str, ...] = (),
        settings: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(
            {
                **SETTINGS,
                "performance.dynamic_cpu_allocation.min_cores": workers,
                "performance.dynamic_cpu_allocation.max_cores": workers,
                "fleet.servers": list(urls),
                "fleet.name": name,
                "fleet.lease_s": 3.0,
                **(settings or {}),
            }
        )
        self.name, self.workers_wanted, self.prefix = name, workers, prefix
        self.program = [*prefix, *self.program]
        self.environ["PYTHONPATH"] = f"{engines}:{os.environ.get('PYTHONPATH', '')}".rstrip(":")

    @property
    def fleet(self) -> dict[str, str]:
        """How it gets along with the fleet, as its status says."""
        told: dict[str, str] = self.status()["fleet"]
        return told

    def wait_joined(self) -> Self:
        """Wait until its agent takes part."""
        return self.wait_state("joined")

    def wait_state(self, state: str, within: float = 40.0) -> Self:
        """Wait until it says so of its fleet. A status is no small thing: it is not asked often."""
        deadline = time.monotonic() + within
        while (told := self.fleet)["state"] != state:
            assert time.monotonic() < deadline, f"{self.name} is not {state}: {told}"
            time.sleep(0.1)
        return self

    @property
    def agent(self) -> psutil.Process:
        """Its agent's process."""

        def find() -> psutil.Process | None:
            for child in psutil.Process(self.pid).children():
                if "supervisor.fleet" in child.cmdline():
                    return child
            return None

        found = eventually(find, f"an agent of {self.name}")
        assert found is not None
        return found

    def kill_all(self) -> None:
        """End the supervisor and its agent at once, as a power cut does."""
        agent = self.agent
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in (agent.pid, self.pid):
                os.kill(pid, number)
        self.process.wait()  # type: ignore[union-attr] # it was started


class Fleet:
    """Servers and hosts, for a `with` block. `sizes`: workers of each host. With `namespaces` each
    has a network of its own: hosts h1, h2, …, servers n1, n2, ….
    """

    def __init__(
        self,
        sizes: Sequence[int] = (1,),
        *,
        servers: int = 1,
        namespaces: Namespaces | None = None,
        settings: dict[str, Any] | None = None,
        **layout: Any,
    ) -> None:
        self._stack = ExitStack()
        self._engines = Path(tempfile.mkdtemp(prefix="engines-"))
        self._stack.callback(shutil.rmtree, self._engines, ignore_errors=True)
        install(self._engines, METRONOME)
        replicas = min(servers, 3)
        self._layout = {
            "lease_s": 3.0,
            "replicas": replicas,
            "audio_replicas": replicas,
            **layout,
        }
        self.namespaces = namespaces
        places = [self._place(f"n{number}") for number in range(1, servers + 1)]
        if servers == 1:
            self.servers = [NatsServer(host=places[0][0], prefix=places[0][1])]
        else:
            self.servers = cluster(places)
        self.urls = [server.url for server in self.servers]
        self.hosts = [
            Host(
                f"h{number}",
                workers,
                self.urls,
                self._engines,
                self._place(f"h{number}")[1],
                settings,
            )
            for number, workers in enumerate(sizes, 1)
        ]

    def _place(self, name: str) -> tuple[str, tuple[str, ...]]:
        """Address and command prefix of a machine."""
        if self.namespaces is None:
            return "127.0.0.1", ()
        return self.namespaces.address(name), self.namespaces.prefix(name)

    def start(self) -> Self:
        """Start all, and wait until every host has joined."""
        for server in self.servers:
            self._stack.callback(server.close)
            server.start()
        for server in self.servers:
            server.wait_listening()
        prepare(self.urls, "metronome", "noop", **self._layout)
        for host in self.hosts:
            self._stack.callback(host.close)
            host.start(ready=False)
        for host in self.hosts:
            eventually(host.is_ready, f"{host.name} is ready", 60)
        for host in self.hosts:
            host.wait_joined()
        return self

    def restart(self, host: Host) -> None:
        """Start a host that was killed, and wait until it has joined or somebody ends it again."""
        host.start(ready=False)
        eventually(host.is_ready, f"{host.name} is ready", 60)

    def mend(self) -> None:
        """Wait until every host has joined again."""
        for host in self.hosts:
            host.wait_joined()

    def processes(self) -> set[int]:
        """Every process of the fleet."""
        found: set[int] = set()
        for host in self.hosts:
            parent = psutil.Process(host.pid)
            found |= {parent.pid, *(child.pid for child in parent.children(recursive=True))}
        return found | {server.pid for server in self.servers}

    def run(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Do something over a connection of its own."""

        async def connected() -> T:
            async with Connection(Servers(tuple(self.urls), "test")) as connection:
                return await work(connection)

        return asyncio.run(connected())

    def close(self) -> None:
        """End all of it."""
        self._stack.close()

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, Exception):
            for host in self.hosts:
                error.add_note(f"the log of {host.name} ends:\n{host.output[-3000:]}")
        self.close()
