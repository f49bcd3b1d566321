"""`python recorded_supervisor.py DIRECTORY start …`: a supervisor that writes down every event of
its machines as it comes, each life of it into a file of its own.

A line is what `service.record` makes of an event; one that the end of the process has torn is the
last.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec

from supervisor.cli import main
from supervisor.service import supervisor
from supervisor.service.record import Entry, Family, encode_entry
from supervisor.service.ring import Ring

directory = Path(sys.argv.pop(1))


class Recorder(Ring):
    """A ring that forgets nothing: an event is written down when the next one comes, for then it is
    known what came of it.
    """

    def __init__(self) -> None:
        super().__init__()
        count = sum(1 for _ in directory.iterdir())
        with (directory / f"{count:04}.jsonl").open("wb") as file:
            # Another process writes it: this one will find the disk full, and be killed.
            writer = subprocess.Popen(
                ["cat"], stdin=subprocess.PIPE, stdout=file, env={}, start_new_session=True
            )
        assert writer.stdin is not None
        self._pipe = writer.stdin
        self._last: Entry | None = None

    def begin(self, family: Family, event: object) -> Entry:
        """As the ring's, and on disk."""
        if self._last is not None:
            self._pipe.write(msgspec.json.encode(encode_entry(self.anonymized(self._last))) + b"\n")
            self._pipe.flush()
        self._last = super().begin(family, event)
        return self._last


supervisor.Ring = Recorder  # type: ignore[attr-defined, assignment] # in its place
main()
