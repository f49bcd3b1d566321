"""Workers as fresh interpreters, each of which loads its own engines: no template to keep."""

from __future__ import annotations

from supervisor.pool.interpreters import Ahead, start_interpreter
from supervisor.pool.launcher import Ends, OnForked
from supervisor.wire.worker import Fork, Setup, encode


class SpawnLauncher:
    """A new interpreter for each worker; the catalogue comes from the worker itself."""

    pid = None

    def __init__(self, setup: Setup, on_forked: OnForked) -> None:
        self.groups: set[int] = set()
        self._setup = setup
        self._on_forked = on_forked

    def start(self, ahead: Ahead | None = None) -> None:
        """Nothing to prepare, and no template to keep."""
        if ahead is not None:
            ahead.drop()

    def greeting(self, order: Fork) -> list[bytes]:
        """The settings and the order."""
        return [encode(self._setup), encode(order)]

    def launch(self, order: Fork, ends: Ends) -> None:
        """Start an interpreter; it reads `greeting` for what it is to be."""
        fds = (ends.work.fileno(), ends.control.fileno(), ends.lifeline.fileno())
        try:
            child = start_interpreter("workers.process", fds, order.environment, ends.log)
        except OSError as error:
            self._on_forked(order.epoch, 0, error.strerror or str(error))
            return
        self.groups.add(child)
        self._on_forked(order.epoch, child, None)

    def set_up(self, setup: Setup) -> None:
        """Greet the next workers with it."""
        self._setup = setup

    def take_answers(self) -> None:
        """Every launch was answered at once."""

    def close(self) -> None:
        """Nothing to close."""
