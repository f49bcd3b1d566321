"""Fixtures that every kind of test may use."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.supervised import Supervised

# How long an example takes says how busy the machine is, not whether the property holds.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

# What runs in the background may ignore Ctrl-C or a hangup, and so does all that it starts in turn.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session", autouse=True)
def cache_directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The cache of this run, empty at its start: nothing that a developer has there helps a test,
    and no test leaves anything there. What takes long to make is made once for all tests, those
    of other processes of the run (`pytest -n`) too.
    """
    root = tmp_path_factory.getbasetemp()
    directory = (root.parent if "PYTEST_XDIST_WORKER" in os.environ else root) / "shared-cache"
    directory.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SUPERVISOR_CACHE_DIR", str(directory))
        yield directory


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
