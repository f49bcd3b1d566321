"""The lives of a chaos run's supervisors in one compressed file: every event, and what came of it.

Made by `CHAOS_EVENTS=FILE make chaos`, and read by the test that tells them again. There is no
word of any job in it (`supervisor.service.ring`).
"""

from __future__ import annotations

import lzma
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from supervisor import __version__
from supervisor.service.record import FORMAT, Document, read

_FOLDERS = re.compile(rb"/[\w./-]*/(?=[\w-]+\.py)")
"""Where the files lie that tracebacks of workers name: that is the machine's affair."""

KEPT = Path(__file__).parents[2] / "fixtures" / "chaos_events.xz"
"""A run that was kept."""


def pack(directory: Path, file: Path) -> None:
    """Put what `recorded_supervisor` left in a directory into one file."""
    head: dict[str, Any] = {"format": FORMAT, "version": __version__, "now": 0.0, "lost": 0}
    head |= {"written_at": 0.0, "fault": None}
    with lzma.open(file, "wb", preset=9 | lzma.PRESET_EXTREME) as packed:
        for life in sorted(directory.iterdir()):
            packed.write(msgspec.json.encode(head) + b"\n")
            for line in life.read_bytes().splitlines(keepends=True):
                if line.endswith(b"\n"):
                    packed.write(_FOLDERS.sub(b"", line))


def lives(file: Path) -> Iterator[Document]:
    """One life after the other, as `supervisor.service.replay` takes them. Raises RecordError."""
    head, events = b"", list[bytes]()
    with lzma.open(file) as packed:
        for line in packed:
            if line.startswith(b'{"format"'):
                if head:
                    yield _life(head, events)
                head, events = line, []
            else:
                events.append(line)
    yield _life(head, events)


def _life(head: bytes, events: list[bytes]) -> Document:
    return read(head.rstrip()[:-1] + b',"events":[' + b",".join(events) + b"]}")
