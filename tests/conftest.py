"""Fixtures that every kind of test may use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.supervised import Supervised

# How long an example takes says how busy the machine is, not whether the property holds.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


@pytest.fixture(scope="session")
def running_supervisor() -> Iterator[Supervised]:
    """A supervisor with two hibari workers, shared by tests that leave it as it was."""
    options = {
        "performance.dynamic_cpu_allocation.min_cores": 2,
        "engines.preload": ["hibari", "noop"],
    }
    with Supervised(options) as supervised:
        yield supervised
        assert supervised.stop() == 0, supervised.output
