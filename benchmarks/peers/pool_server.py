"""This product as an arm: `supervisor start`, its settings in a file that can be changed."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.peers import speech
from benchmarks.peers.arms import Pool
from benchmarks.peers.http_lanes import HttpLanes
from benchmarks.peers.lanes import Lanes
from benchmarks.peers.servers import ADD_S, Server, free_port
from benchmarks.peers.zmq_lanes import ZmqLanes
from supervisor.client import Client, SupervisorError
from supervisor.files import replace_file


class PoolServer(Server):
    """A supervisor in directories of its own, with `workers` cores from the start."""

    def __init__(self, pool: Pool, engine: str, workers: int) -> None:
        super().__init__(engine, workers)
        self._pool = pool
        self._port = free_port()
        self._run = self.directory / "run"

    def lanes(self) -> Lanes:
        """A client over the arm's protocol; the engine is the default one."""
        if self._pool.protocol == "http":
            return HttpLanes(self._port, speech.ROUTE, {"response_format": "pcm"})
        return ZmqLanes(self._run)

    def worker_pids(self) -> list[int]:
        """Those that the supervisor reports as ready."""
        try:
            with Client(f"ipc://{self._run / 'client.sock'}") as client:
                workers = client.status()["workers"]
        except SupervisorError:
            return []
        return [worker["pid"] for worker in workers if worker["state"] in {"idle", "busy"}]

    def add_worker(self) -> float:
        """Raise the bounds in override.json; wait until it is ready."""
        before = len(self.worker_pids())
        started = time.perf_counter()
        self._write(before + 1)
        self.process.send_signal(signal.SIGHUP)
        self.wait_for(lambda: len(self.worker_pids()) > before or None, "another worker", ADD_S)
        return time.perf_counter() - started

    def _write(self, cores: int) -> None:
        """Bounds of the allocation, as override.json has them."""
        bounds = {"min_cores": cores, "max_cores": cores}
        with replace_file(self.directory / "override.json", durable=False) as file:
            file.write(json.dumps({"performance": {"dynamic_cpu_allocation": bounds}}).encode())

    def _launch(self) -> tuple[list[str], Mapping[str, str]]:
        self._write(self.workers)
        settings: dict[str, Any] = {
            "engines.default": self.engine,
            "engines.preload": [self.engine],
            "engines.kokoro.optimization": "none",
            "cache.enabled": False,
            "http.enabled": self._pool.protocol == "http",
            "http.port": self._port,
            **self._pool.settings,
        }
        words = [f"{key}={_word(value)}" for key, value in settings.items()]
        options = [option for word in words for option in ("--set", word)]
        return [str(Path(sys.executable).with_name("supervisor")), "start", *options], {
            "SUPERVISOR_RUN_DIR": str(self._run),
            "SUPERVISOR_STATE_DIR": str(self.directory / "state"),
            "SUPERVISOR_LEASE_DIR": str(self.directory / "leases"),
        }


def _word(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
