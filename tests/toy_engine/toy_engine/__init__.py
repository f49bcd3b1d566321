"""An engine as a third party would write it: one constant for each character."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from supervisor.speech import Speech
from workers.engines.base import EngineInfo, Samples, Voice

SAMPLE_RATE = 8000


class Toy:
    """Setting `level`: the amplitude, 0.5 by default."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.level = float(settings.get("level", 0.5))

    def describe(self) -> EngineInfo:
        """One voice."""
        return EngineInfo(
            "toy", SAMPLE_RATE, "plain", (Voice("plain", "en", "CC0-1.0"),), "CC0-1.0"
        )

    def load(self) -> None:
        """Nothing to load."""

    def open(self, threads: int) -> ToySession:
        """A session that needs no thread."""
        del threads
        return ToySession(self.level)


class ToySession:
    """Speaks ten samples for each character."""

    def __init__(self, level: float) -> None:
        self.level = level

    def synthesize(self, text: str, speech: Speech) -> Samples:
        """A constant."""
        del speech
        return np.full(10 * len(text), self.level, np.float32)

    def terminate(self) -> None:
        """Too short to be stopped."""


class Later(Toy):
    """Written for a version of the protocol that is still to come."""

    protocol = 3


class Fussy(Toy):
    """Refuses every setting."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__(settings)
        raise RuntimeError("no licence key\nset one")
