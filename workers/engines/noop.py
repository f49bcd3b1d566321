"""An engine without a model, for benchmarks and tests of everything around the engines.

Its audio is a quiet tone: 1 ms for each character of the text (at speed 1), at a
frequency that text and seed decide, so that a lost, doubled or mixed-up segment shows.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from supervisor.speech import Speech
from workers.engines.base import EngineInfo, Samples, Voice

SAMPLE_RATE = 24_000
SAMPLES_PER_CHARACTER = SAMPLE_RATE // 1000
LICENCE = "Apache-2.0"


class Noop:
    """The engine and its session in one; it has no settings and nothing to load."""

    protocol: ClassVar[int] = 2

    def __init__(self, settings: Mapping[str, Any]) -> None:
        del settings

    def describe(self) -> EngineInfo:
        """One voice, `tone`, of no language: for benchmarks and tests."""
        voice = Voice("tone", "und", LICENCE)
        return EngineInfo(
            name="noop",
            sample_rate=SAMPLE_RATE,
            default_voice=voice.name,
            voices=(voice,),
            licence=LICENCE,
            seconds_per_character=1e-6,
            offered=False,
        )

    def load(self) -> None:
        """Nothing to load."""

    def open(self, threads: int, voices: Sequence[str] = ()) -> Noop:
        """The engine itself, since there is nothing to build."""
        del threads, voices
        return self

    def synthesize(self, text: str, speech: Speech) -> Samples:
        """A tone of len(text) / speed milliseconds between 100 and 1,123 Hz, peak 0.1."""
        if speech.voice != "tone":
            raise ValueError(f"noop has no voice {speech.voice!r}")
        hertz = 100 + zlib.crc32(f"{speech.seed}:{text}".encode("utf-8", "replace")) % 1024
        count = round(len(text) * SAMPLES_PER_CHARACTER / speech.speed)
        phase = np.arange(count, dtype=np.float32) * np.float32(2 * np.pi * hertz / SAMPLE_RATE)
        samples: Samples = np.float32(0.1) * np.sin(phase)
        return samples

    def fingerprint(self, voice: str) -> str:
        """There is nothing that could change."""
        return voice

    def terminate(self) -> None:
        """Nothing runs long enough to be stopped."""
