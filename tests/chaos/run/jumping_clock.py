"""The wall clock of a chaos run, from outside: `clock/sitecustomize` reads what is written here."""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

DIRECTORY = Path(__file__).parent / "clock"


class JumpingClock:
    """A file that holds how far the clock is off. Use `close` at the end."""

    def __init__(self, path: Path) -> None:
        path.write_bytes(struct.pack("=d", 0.0))
        self.environ = {"CHAOS_CLOCK": str(path)}
        with path.open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), 8)

    @property
    def offset_s(self) -> float:
        """Seconds by which it is ahead of the true time."""
        return float(struct.unpack_from("=d", self._shared)[0])

    def jump(self, offset_s: float) -> None:
        """Be so far ahead of the true time from now on."""
        struct.pack_into("=d", self._shared, 0, offset_s)

    def close(self) -> None:
        """Jump no more."""
        self._shared.close()
