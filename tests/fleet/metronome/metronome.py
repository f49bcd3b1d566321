"""An engine that waits: many of its workers share a core and are as quick as with one each.

What a text says it does: "takes 300 ms" waits so long, "9000 samples" are so many, "poison" kills
the worker, "wrong" is refused. The samples are a function of text, speed and seed.
"""

from __future__ import annotations

import hashlib
import os
import re
import signal
import threading
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from supervisor.speech import Speech
from workers.engines.base import EngineInfo, Samples, Terminated, Voice

SAMPLE_RATE = 24_000
SAMPLES = 6_000


class Metronome:
    """The engine; it has no settings and nothing to load."""

    protocol: ClassVar[int] = 2

    def __init__(self, settings: Mapping[str, Any]) -> None:
        del settings

    def describe(self) -> EngineInfo:
        """One voice, `tick`."""
        voice = Voice("tick", "en", "CC0-1.0")
        return EngineInfo("metronome", SAMPLE_RATE, "tick", (voice,), "CC0-1.0")

    def load(self) -> None:
        """Nothing to load."""

    def open(self, threads: int, voices: Sequence[str] = ()) -> Session:
        """A session."""
        del threads, voices
        return Session()


class Session:
    """Speaks one text after the other."""

    def __init__(self) -> None:
        self._stop = threading.Event()

    def synthesize(self, text: str, speech: Speech) -> Samples:
        """Wait as the text says, then noise that text, speed and seed decide."""
        self._stop.clear()
        if (found := re.search(r"(\d+) ms", text)) and self._stop.wait(int(found[1]) / 1000):
            raise Terminated
        if "poison" in text:
            os.kill(os.getpid(), signal.SIGKILL)
        if "wrong" in text:
            raise RuntimeError("this text is wrong")
        return samples(text, speech.speed, speech.seed)

    def terminate(self) -> None:
        """End what waits."""
        self._stop.set()


def samples(text: str, speed: float, seed: int | None) -> Samples:
    """The samples of one segment."""
    digest = hashlib.sha256(f"{text}|{speed}|{seed}".encode()).digest()
    random = np.random.Generator(np.random.PCG64(int.from_bytes(digest[:8], "little")))
    found = re.search(r"(\d+) samples", text)
    count = int(found[1]) if found else SAMPLES
    return random.random(count, dtype=np.float32) - np.float32(0.5)
