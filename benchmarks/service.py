"""A private supervisor for a benchmark or the demo: started, ready, and stopped again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from supervisor.testing import PrivateSupervisor, PrivateSupervisorError

START_TIMEOUT_S = 300.0
STOP_TIMEOUT_S = 60.0


@contextmanager
def service(settings: Mapping[str, Any]) -> Iterator[PrivateSupervisor]:
    """A supervisor with these settings and no others, stopped with SIGTERM at the end. Nothing is
    cached unless a benchmark asks for it: what is measured is to be spoken.

    Meanwhile `Client()` finds it. Raises PrivateSupervisorError, also where it ends badly.
    """
    with (
        PrivateSupervisor(
            {"cache.enabled": False, **settings}, start_timeout_s=START_TIMEOUT_S
        ) as running,
        running.as_default(),
    ):
        yield running
        if code := running.stop(timeout=STOP_TIMEOUT_S):
            raise PrivateSupervisorError(f"the supervisor stopped with exit code {code}")
