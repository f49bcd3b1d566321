"""One arm's server: started, found out about, and gone again with everything it started."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self, TypeVar

import psutil

from benchmarks.peers.lanes import Lanes
from benchmarks.raw_session import ENVIRONMENT
from supervisor.pool.process_stats import pss_bytes

ROOT = Path(__file__).parents[2]
START_S = 120.0
ADD_S = 60.0
STOP_S = 20.0

_LOG_LINES = 6

T = TypeVar("T")


class ServerError(Exception):
    """A server that did not start, answer or do as asked; with the end of its log."""


class Server(ABC):
    """A running server; `start` was the moment it was started, by `time.perf_counter`."""

    def __init__(self, engine: str, workers: int) -> None:
        self.engine = engine
        self.workers = workers
        self.start = 0.0
        self._temporary = tempfile.TemporaryDirectory(prefix="peers-")
        self.directory = Path(self._temporary.name)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        command, environment = self._launch()
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("SUPERVISOR_")}
        if cache := os.environ.get("SUPERVISOR_CACHE_DIR"):
            inherited["SUPERVISOR_CACHE_DIR"] = cache
        self.start = time.perf_counter()
        with (self.directory / "log").open("wb") as log:
            self._process = subprocess.Popen(
                command,
                cwd=self.directory,
                env={**inherited, **ENVIRONMENT, **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return self

    def __exit__(self, *_: object) -> None:
        """End it as its operator would; what then is still there, at once."""
        started = self.family()
        self.process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(STOP_S)
        for process in started:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait()
        psutil.wait_procs(started, timeout=STOP_S)
        self._temporary.cleanup()

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The process that was started. Raises ServerError before that."""
        if self._process is None:
            raise ServerError("not started")
        return self._process

    def first_answer(self, text: str) -> tuple[float, Lanes]:
        """Seconds from the start until the first audio was whole, and the lanes it came on.

        Asked every 10 ms until it is answered.
        """

        def ask() -> float | None:
            lanes.send(0, text)
            for answer in lanes.answers(START_S):
                if answer.error is None:
                    return answer.end - self.start
            return None

        lanes = self.lanes()
        return self.wait_for(ask, "its first answer"), lanes

    def family(self) -> list[psutil.Process]:
        """The process and everything that it has started, and those, and so on."""
        try:
            first = psutil.Process(self.process.pid)
            return [first, *first.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def memory_mb(self) -> tuple[float, float]:
        """Proportional set size of everything together, and of one worker on average."""
        total = sum(pss_bytes(process.pid) or 0 for process in self.family())
        workers = [pss_bytes(pid) or 0 for pid in self.worker_pids()]
        return total / 1e6, sum(workers) / max(1, len(workers)) / 1e6

    def wait_for(self, probe: Callable[[], T | None], what: str, patience_s: float = START_S) -> T:
        """Ask every 10 ms until there is an answer. Raises ServerError."""
        deadline = time.perf_counter() + patience_s
        while time.perf_counter() < deadline:
            if (answer := probe()) is not None:
                return answer
            if self.process.poll() is not None:
                raise ServerError(f"ended with code {self.process.returncode}\n{self.log()}")
            time.sleep(0.01)
        raise ServerError(f"{what} did not come within {patience_s:.0f} s\n{self.log()}")

    def log(self) -> str:
        """The last lines that it wrote."""
        text = (self.directory / "log").read_text(errors="replace")
        return "\n".join(text.splitlines()[-_LOG_LINES:])

    @abstractmethod
    def lanes(self) -> Lanes:
        """A client of this server."""

    @abstractmethod
    def worker_pids(self) -> list[int]:
        """Processes that have loaded the engine and live."""

    @abstractmethod
    def add_worker(self) -> float:
        """Seconds until one worker more has loaded the engine. Raises ServerError: it cannot."""

    @abstractmethod
    def _launch(self) -> tuple[list[str], Mapping[str, str]]:
        """Command line and variables."""


def free_port() -> int:
    """A port that is not in use now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
