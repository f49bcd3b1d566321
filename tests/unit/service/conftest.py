"""A control loop for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from itertools import count
from pathlib import Path

import pytest

from tests.unit.service.controlled import SECTION, Controlled

MakeLoop = Callable[..., Controlled]
"""Options of the allocation as keywords; `host`, `settings` (dotted keys) and the directory of
`leases` beside them.
"""


@pytest.fixture
def make_loop(tmp_path: Path) -> Iterator[MakeLoop]:
    """Makes control loops, closed at the end; each has a directory of its own."""
    numbers = count()
    with ExitStack() as stack:

        def make(
            host: str = "laptop-20",
            settings: dict[str, object] | None = None,
            leases: Path | None = None,
            *,
            expected: bool = True,
            **section: object,
        ) -> Controlled:
            directory = tmp_path / str(next(numbers))
            directory.mkdir()
            options = {f"{SECTION}.{name}": value for name, value in section.items()}
            loop = Controlled(
                directory, {**options, **(settings or {})}, host, leases, expected=expected
            )
            return stack.enter_context(closing(loop))

        yield make
