"""The clients of a chaos run: eight processes, some of which are killed and replaced."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.chaos.run import ledger

CLIENTS = 8
_LIBRARY_EACH = 3
"""One client in so many uses the Python API; the others look at single messages."""

_LEAVE_S = 150.0
"""Longer than a client takes to call a job stalled, so that it says so itself."""


class Crowd:
    """Every other client takes the way through the proxy. Use `close` at the end."""

    def __init__(self, endpoints: Sequence[str], directory: Path, seed: int) -> None:
        self.killed: set[str] = set()
        self._endpoints = endpoints
        self._directory = directory
        self._seed = seed
        self._count = 0
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        for _ in range(CLIENTS):
            self._start()

    @property
    def names(self) -> list[str]:
        """Clients that run."""
        return list(self._running)

    def pid(self, name: str) -> int:
        """Its process."""
        return self._running[name].pid

    def kill(self, name: str) -> None:
        """SIGKILL for one client; another one comes."""
        process = self._running.pop(name)
        process.kill()
        process.wait()
        self.killed.add(name)
        self._start()

    def leave(self) -> list[str]:
        """Let all finish what they are owed; what went wrong with that."""
        for process in self._running.values():
            process.send_signal(signal.SIGCONT)
            process.send_signal(signal.SIGTERM)
        wrong = []
        for name, process in self._running.items():
            try:
                code = process.wait(_LEAVE_S)
                if code:
                    wrong.append(f"client {name} ended with {code}")
            except subprocess.TimeoutExpired:
                wrong.append(f"client {name} still waits after {_LEAVE_S:g} s")
        self.close()
        return wrong

    def close(self) -> None:
        """End those that run."""
        for process in self._running.values():
            process.kill()
            process.wait()
        self._running.clear()

    def ledgers(self) -> dict[str, list[ledger.Line]]:
        """What each client wrote, by its name."""
        files = sorted(self._directory.glob("*.ledger"))
        return {path.stem: list(ledger.read(path)) for path in files}

    def _start(self) -> None:
        self._count += 1
        name = f"c{self._count}"
        endpoint = self._endpoints[self._count % len(self._endpoints)]
        program = "library_client" if self._count % _LIBRARY_EACH == 0 else "client"
        command = [
            *(sys.executable, "-m", f"tests.chaos.run.{program}"),
            *(endpoint, str(self._directory), name, str(self._seed)),
        ]
        root = Path(__file__).parents[3]
        self._running[name] = subprocess.Popen(
            command, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}
        )
