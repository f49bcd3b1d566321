"""Which cores the threads of this process may use: set for every thread, and read back.

`os.sched_setaffinity(0, …)` moves one thread only; the others, and a runtime's own
threads above all, stay where they were. So each task under /proc/self/task is moved
by itself, until a pass finds none that was not. Other systems than Linux have no such
masks: nothing is set there, and what is reported back is the empty tuple.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_TASKS = Path("/proc/self/task")


def pin(cpus: tuple[int, ...]) -> None:
    """Confine every thread of this process to `cpus`. Raises OSError for cores it may not use."""
    wanted = set(cpus)
    moved: set[int] = set()
    while missing := set(thread_ids()) - moved:
        for task in missing:
            with suppress(ProcessLookupError):
                os.sched_setaffinity(task, wanted)
        moved |= missing


def observed() -> tuple[tuple[int, ...], ...]:
    """Every distinct mask among this process's threads, sorted."""
    masks: set[tuple[int, ...]] = set()
    for task in thread_ids():
        with suppress(ProcessLookupError):
            masks.add(tuple(sorted(os.sched_getaffinity(task))))
    return tuple(sorted(masks))


def thread_ids() -> list[int]:
    """Kernel ids of this process's threads."""
    return [int(entry.name) for entry in _TASKS.iterdir()] if _TASKS.is_dir() else []
