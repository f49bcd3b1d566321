"""The engine inside a peer: this product's own `workers` package, one thread, no pool.

Runs in a peer's virtual environment, which has neither the benchmarks' client nor the
supervisor running. What it needs to know comes from the environment, because each peer
starts its workers in its own way and hands nothing else through.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path

import numpy as np

from supervisor import speech
from workers.engines import registry
from workers.engines.base import spoken

ENGINE = "PEER_ENGINE"
WORKERS = "PEER_WORKERS"
PORT = "PEER_PORT"
PIDS = "PEER_PIDS"
"""Directory in which a worker that has loaded its engine leaves a file named by its id."""

ROUTE = "/v1/audio/speech"

AS_PUBLISHED = {"kokoro": {"optimization": "none"}}
"""Settings of the engines: the published model, for the peers and for the pool alike."""


class Speech:
    """One session; callable from any thread, one text at a time, as a session asks for."""

    def __init__(self) -> None:
        engine = registry.make(os.environ[ENGINE], AS_PUBLISHED)
        engine.load()
        info = engine.describe()
        self._speech = speech.Speech(engine=info.name, voice=info.default_voice, seed=1)
        self._session = engine.open(1)
        self._one_at_a_time = threading.Lock()
        announce()

    def __call__(self, text: str) -> bytes:
        """The text spoken, as 16-bit mono PCM: what the pool's gateway sends too."""
        with self._one_at_a_time:
            samples = spoken(self._session.synthesize(text, self._speech)).samples
        return pcm16(samples)


def pcm16(samples: np.ndarray[tuple[int], np.dtype[np.float32]]) -> bytes:
    """Samples within -1 … 1 as 16-bit little-endian PCM."""
    return (np.clip(samples, -1.0, 1.0) * np.float32(32767)).astype("<i2").tobytes()


def announce() -> None:
    """Say that this process is a worker that has loaded its engine."""
    (Path(os.environ[PIDS]) / str(os.getpid())).touch()
