"""A supervisor for each file of tests: some end it, or stop its workers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from supervisor.client import Client
from tests.fixtures.staged import static_pool
from tests.supervised import Supervised


@pytest.fixture(scope="module")
def supervised() -> Iterator[Supervised]:
    """Two workers and a journal."""
    with Supervised(static_pool(2)) as supervised:
        yield supervised
        assert supervised.stop() == 0, supervised.output


@pytest.fixture(scope="module")
def client(supervised: Supervised) -> Iterator[Client]:
    """A client of it."""
    with Client(supervised.endpoint) as client:
        yield client
