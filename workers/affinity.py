"""CPU affinity of this process: set for every thread, and read back.

`psutil.Process().cpu_affinity(…)` moves one thread only; the others, a runtime's own threads among
them, stay where they were. So each thread is moved by itself, until a pass finds no new one.
Systems other than Linux have no such masks: nothing is set there, and `observed` is empty.
"""

from __future__ import annotations

import errno
from contextlib import suppress

import psutil

_HAS_MASKS = hasattr(psutil.Process, "cpu_affinity")


def pin(cpus: tuple[int, ...]) -> None:
    """Confine every thread of this process to `cpus`. Raises OSError for cores it may not use."""
    if not _HAS_MASKS:
        return
    if not cpus:  # psutil would take it for all of them.
        raise OSError(errno.EINVAL, "no core to run on")
    moved: set[int] = set()
    while missing := set(thread_ids()) - moved:
        for thread in missing:
            with suppress(psutil.NoSuchProcess):
                _move(thread, cpus)
        moved |= missing


def observed() -> tuple[tuple[int, ...], ...]:
    """Every distinct mask among this process's threads, sorted."""
    masks: set[tuple[int, ...]] = set()
    for thread in thread_ids() if _HAS_MASKS else ():
        with suppress(psutil.NoSuchProcess):
            masks.add(tuple(sorted(psutil.Process(thread).cpu_affinity())))
    return tuple(sorted(masks))


def thread_ids() -> list[int]:
    """Kernel ids of this process's threads."""
    return [thread.id for thread in psutil.Process().threads()]


def _move(thread: int, cpus: tuple[int, ...]) -> None:
    """Set one thread's mask: Linux takes a thread id in place of a process id. Raises OSError."""
    try:
        psutil.Process(thread).cpu_affinity(list(cpus))
    except (ValueError, psutil.AccessDenied) as error:
        raise OSError(errno.EINVAL, f"cannot run on the cores {cpus}: {error}") from error
