"""Workers as fresh interpreters, each of which loads its own engines, without a template."""

from __future__ import annotations

from supervisor.pool.interpreters import PrestartedTemplate, start_interpreter
from supervisor.pool.launcher import OnForked, WorkerEnds
from supervisor.wire.worker import Fork, Setup, encode


class SpawnLauncher:
    """Starts a new interpreter for each worker; the worker sends the catalogue."""

    pid = None

    def __init__(self, setup: Setup, on_forked: OnForked) -> None:
        self.groups: set[int] = set()
        self._setup = setup
        self._on_forked = on_forked

    def start(self, prestarted: PrestartedTemplate | None = None) -> None:
        """Drop the prestarted template: none is needed."""
        if prestarted is not None:
            prestarted.drop()

    def greeting(self, order: Fork) -> list[bytes]:
        """The settings and the order."""
        return [encode(self._setup), encode(order)]

    def launch(self, order: Fork, ends: WorkerEnds) -> None:
        """Start an interpreter; it reads its settings and its order from `greeting`."""
        fds = (ends.work.fileno(), ends.control.fileno(), ends.lifeline.fileno())
        try:
            child = start_interpreter("workers.process", fds, order.environment, ends.log)
        except OSError as error:
            self._on_forked(order.epoch, 0, error.strerror or str(error))
            return
        self.groups.add(child)
        self._on_forked(order.epoch, child, None)

    def set_up(self, setup: Setup) -> None:
        """Start the next workers with these settings."""
        self._setup = setup

    def take_answers(self) -> None:
        """Do nothing: every launch was answered at once."""

    def close(self) -> None:
        """Do nothing: there is nothing to close."""
