"""Feeds the service manager's watchdog, as long as the service gets somewhere.

What counts as getting somewhere, `core.progress` says; how the manager is told,
`host.service_manager`. Where nothing comes of it for too long, the manager starts the
service anew.
"""

from __future__ import annotations

from supervisor.core.jobs.machine import Jobs
from supervisor.core.jobs.progress import Progress
from supervisor.host.service_manager import ServiceManager
from supervisor.logs import get_logger

log = get_logger(__name__)


class Watchdog:
    """Without a manager that waits for signs of life it does nothing."""

    def __init__(self, manager: ServiceManager) -> None:
        self._manager = manager
        self._progress = Progress()
        self._stuck: str | None = None

    def look(self, now: float, jobs: Jobs, looked_at: float, interval_s: float) -> None:
        """To be called once a tick; `looked_at` is when the control loop last looked, which it is
        to do every `interval_s`.
        """
        if self._manager.watchdog_s is None:
            return
        waiting, running = jobs.waiting_segments, jobs.running_segments
        stuck = self._progress.observe(now, waiting, running, looked_at, interval_s)
        if stuck is None:
            self._manager.alive(now)
        elif self._stuck is None:
            log.error("the watchdog gets no more signs of life: %s", stuck)
        self._stuck = stuck
