"""Feeds the service manager's watchdog, as long as the service makes progress.

Progress is judged in `core.jobs.progress`; the manager is notified by
`host.service_manager`. Without progress for too long, the manager restarts the service.
"""

from __future__ import annotations

from supervisor.core.jobs.machine import Jobs
from supervisor.core.jobs.progress import StallDetector
from supervisor.host.service_manager import ServiceManager
from supervisor.logs import get_logger

log = get_logger(__name__)


class Watchdog:
    """The watchdog. Does nothing without a manager that expects signs of life."""

    def __init__(self, manager: ServiceManager) -> None:
        self._manager = manager
        self._progress = StallDetector()
        self._stuck: str | None = None

    def look(self, now: float, jobs: Jobs, looked_at: float, interval_s: float) -> None:
        """Check for progress, once a tick; `looked_at`: time of the control loop's last look, which
        is due every `interval_s`.
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
