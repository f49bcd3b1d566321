"""A real journal for tests, and what it has told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from supervisor.core.jobs import events as e
from supervisor.journal.journal import Journal
from tests.supervised import eventually


class Ear:
    """A journal in `directory`, whose events are heard."""

    def __init__(self, directory: Path, retention_s: float = 86_400.0) -> None:
        self.loop = asyncio.get_running_loop()
        self.heard: list[e.Event] = []
        self.opened = 0
        self.journal = Journal(self.loop, directory, "normal", self.heard.append, retention_s)

    def start(self) -> None:
        self.journal.start(self._opened)

    def _opened(self) -> None:
        self.opened += 1

    def tell(self, command: e.Command) -> None:
        self.journal.effects[type(command)](command)

    def of(self, kind: type) -> list[Any]:
        """What it has told of this kind."""
        return [event for event in self.heard if isinstance(event, kind)]

    async def until(self, probe: Callable[[], object]) -> None:
        """Wait until the condition holds."""
        await asyncio.to_thread(eventually, probe, "what the journal is to tell")
