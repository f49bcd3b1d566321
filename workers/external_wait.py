"""Says of this process that it waits for another program, and so does nothing of its own.

A worker without progress and without CPU time is taken to hang. An engine that has a
program do its work for it, once and for long, brackets that with `waiting`: the time
does not count. It must be bounded by the engine itself, for nobody else ends it.
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
