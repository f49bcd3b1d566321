"""What the clients of the chaos run saw: one file for each, a line for each event.

A line is written at once, so a client that is killed leaves what it knew.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

What = Literal["asked", "accepted", "refused", "lost", "cancelling", "ended", "breach", "left"]


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something that a client did or saw. `request` is unique over all clients.

    `refused` may pass and is tried again; `lost`: the connection ended before the
    outcome came. `detail`: an outcome, a reason, or what is wrong.
    """

    what: What
    request: str = ""
    name: str = ""
    durable: bool = False
    job: str = ""
    detail: str = ""
    digest: str = ""


class Ledger:
    """One client's file, to be written."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def note(self, line: Line) -> None:
        """Write it, as a whole."""
        os.write(self._file, msgspec.json.encode(line) + b"\n")

    def breach(self, what: str) -> None:
        """Something happened that must not."""
        self.note(Line("breach", detail=what))


def read(path: Path) -> Iterator[Line]:
    """Everything that the client wrote."""
    for line in path.read_bytes().splitlines():
        yield msgspec.json.decode(line, type=Line)
