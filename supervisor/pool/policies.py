"""Policies of the pool machine, out of the settings."""

from __future__ import annotations

from supervisor.config.sections.pool import Pool as Section
from supervisor.core.pool.health import HealthPolicy
from supervisor.core.pool.restarts import RestartPolicy


def restart_policy(section: Section) -> RestartPolicy:
    """The policy by which a worker that died is started again."""
    return RestartPolicy(section.restart_intensity, section.restart_window_s)


def health_policy(section: Section) -> HealthPolicy:
    """The policy by which a worker counts as hung."""
    return HealthPolicy(section.hang_timeout_s, section.overdue_factor, section.overdue_min_s)
