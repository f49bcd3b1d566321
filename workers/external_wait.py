"""Waits of this process for another program, which do not count as hanging.

A worker without progress and without CPU time counts as hung. An engine that runs another program
for long, such as one that makes a model, brackets that with `waiting`: the time does not count. The
engine itself has to bound the wait, for nothing else ends it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_waits = 0


@contextmanager
def waiting() -> Iterator[None]:
    """Bracket one bounded wait for another process."""
    _count(1)
    try:
        yield
    finally:
        _count(-1)


def is_waiting() -> bool:
    """Whether any thread of this process is inside `waiting`."""
    return _waits > 0


def _count(change: int) -> None:
    global _waits  # noqa: PLW0603 - it is a property of the process
    with _lock:
        _waits += change
