"""mosec: a Rust front, one process for each worker, texts and audio as raw bytes.

Its documentation gives each worker variables of its own (to choose a device); here that
is the core it is pinned to. Batching is off: the engines speak one text at a time.
"""

from __future__ import annotations

import json
import os

from mosec import Server, Worker

from benchmarks.peers import speech


class Speaker(Worker):
    """One session on one core."""

    def __init__(self) -> None:
        super().__init__()
        os.sched_setaffinity(0, {int(os.environ["PEER_CPU"])})
        self._speech = speech.Speech()

    def deserialize(self, data: bytes) -> str:
        """The text of a request."""
        return str(json.loads(data)["input"])

    def serialize(self, data: bytes) -> bytes:
        """The audio as it is."""
        return data

    def forward(self, data: str) -> bytes:
        """Speak."""
        return self._speech(data)


if __name__ == "__main__":
    workers = int(os.environ[speech.WORKERS])
    cpus = sorted(os.sched_getaffinity(0))
    server = Server()
    server.append_worker(
        Speaker,
        num=workers,
        env=[{"PEER_CPU": str(cpus[number % len(cpus)])} for number in range(workers)],
        route=speech.ROUTE,
    )
    server.run()
