"""A peer's server, in its own virtual environment."""

from __future__ import annotations

import signal
import time
from collections.abc import Mapping

import psutil

from benchmarks.peers import speech
from benchmarks.peers.arms import Peer
from benchmarks.peers.http_lanes import HttpLanes
from benchmarks.peers.install import interpreter
from benchmarks.peers.lanes import Lanes
from benchmarks.peers.servers import ADD_S, ROOT, Server, ServerError, free_port


class PeerServer(Server):
    """Its workers leave a file with their process id when they have loaded the engine."""

    def __init__(self, peer: Peer, engine: str, workers: int) -> None:
        super().__init__(engine, workers)
        self._peer = peer
        self._port = free_port()
        self._pids = self.directory / "pids"
        self._pids.mkdir()

    def lanes(self) -> Lanes:
        """A client over HTTP."""
        return HttpLanes(self._port, speech.ROUTE, {})

    def worker_pids(self) -> list[int]:
        """Processes that have said that they are workers, and live."""
        said = sorted(int(path.name) for path in self._pids.iterdir())
        return [pid for pid in said if psutil.pid_exists(pid)]

    def add_worker(self) -> float:
        """Send the signal; wait for one more file."""
        if not isinstance(self._peer.add, signal.Signals):
            raise ServerError(self._peer.add)
        before = set(self._pids.iterdir())
        started = time.perf_counter()
        self.process.send_signal(self._peer.add)
        self.wait_for(lambda: set(self._pids.iterdir()) - before or None, "another worker", ADD_S)
        return time.perf_counter() - started

    def _launch(self) -> tuple[list[str], Mapping[str, str]]:
        values = {"port": self._port, "workers": self.workers}
        words = [word.format(**values) for word in self._peer.command]
        return [str(interpreter(self._peer)), *words], {
            **self._peer.environment,
            speech.ENGINE: self.engine,
            speech.WORKERS: str(self.workers),
            speech.PORT: str(self._port),
            speech.PIDS: str(self._pids),
            "PYTHONPATH": str(ROOT),
            "RAY_TMPDIR": str(self.directory / "ray"),
        }
