"""Hosts for the tests of this directory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fixtures.hosts import HostTree, materialise

MakeHost = Callable[[str], HostTree]


def open_files() -> int:
    """How many descriptors this process holds."""
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture
def make_host(tmp_path: Path) -> Iterator[MakeHost]:
    """Write a host of the catalogue; its kept files are closed after the test."""
    made: list[HostTree] = []

    def make(name: str) -> HostTree:
        made.append(materialise(name, tmp_path / f"{name}-{len(made)}"))
        return made[-1]

    yield make
    for tree in made:
        tree.host.close()
