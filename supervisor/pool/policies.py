"""The settings of the worker processes in the words of the pool machine."""

from __future__ import annotations

from supervisor.config.sections.pool import Pool as Section
from supervisor.core.pool.health import HealthPolicy
from supervisor.core.pool.restarts import RestartPolicy


def restart_policy(section: Section) -> RestartPolicy:
    """How eagerly a worker that died is started again."""
    return RestartPolicy(section.restart_intensity, section.restart_window_s)


def health_policy(section: Section) -> HealthPolicy:
    """When a worker is taken for one that hangs."""
    return HealthPolicy(section.hang_timeout_s, section.overdue_factor, section.overdue_min_s)
