"""Listening pairs for people to judge: chance decides which model is A and which is B."""

from __future__ import annotations

import random
from pathlib import Path

from supervisor.audio.wav import write_wav
from workers.engines.kokoro.engine import SAMPLE_RATE
from workers.engines.kokoro.quality import Heard

_KEY = "key.txt"


class Pairs:
    """Pairs in a directory: `<voice>-a.wav`, `<voice>-b.wav`, and their models in `key.txt`."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._chance = random.Random()  # noqa: S311 - decides an order, keeps no secret
        self._key: list[str] = []

    def add(self, voice: str, heard: Heard) -> None:
        """Write the pair of a voice. Raises OSError."""
        order = [("published", heard.published), ("derived", heard.derived)]
        self._chance.shuffle(order)
        for letter, (name, samples) in zip("ab", order, strict=True):
            write_wav(self._directory / f"{voice}-{letter}.wav", samples, SAMPLE_RATE)
            self._key.append(f"{voice}-{letter} {name}\n")
        (self._directory / _KEY).write_text("".join(self._key), encoding="utf-8")
