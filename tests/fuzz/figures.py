"""Figures of a fuzzing run: tests note them, `python -m tests.fuzz` prints them together."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

FILE = "FUZZ_FIGURES"
"""Environment variable: the file that figures are added to. Without it they are not kept."""


def note(**figures: float) -> None:
    """Add figures, by what they count."""
    if path := os.environ.get(FILE):
        with Path(path).open("ab") as file:
            file.write(msgspec.json.encode(figures) + b"\n")


def read(path: Path) -> dict[str, float]:
    """Everything that was noted there."""
    found: dict[str, float] = {}
    for line in path.read_bytes().splitlines():
        found.update(msgspec.json.decode(line, type=dict[str, float]))
    return found
