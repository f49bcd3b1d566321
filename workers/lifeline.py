"""The lifeline: kills this process when its supervisor ends, whatever it is doing.

The supervisor keeps the writing end of a pipe and never writes. When it ends, even by SIGKILL, the
kernel closes that end and signals the reader, which has chosen SIGKILL as the signal. Unlike
PR_SET_PDEATHSIG this watches a process, not the thread that forked, and survives a change of
parents; unlike a thread that waits for the end of the pipe it does not need the GIL, which a stuck
regex never releases.

A program that such a process starts gets the same pipe (`lent`), and ends with it.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager

_armed: int | None = None


def arm(pipe: int) -> None:
    """Be killed when the last writer of `pipe` is gone; at once if it is already.

    The owner of the signal belongs to the open pipe, not to the descriptor, and a child that
    inherits it would take its parent's place: so the pipe is opened once more.
    """
    global _armed  # noqa: PLW0603 - a process has one
    _armed = fd = os.open(f"/proc/self/fd/{pipe}", os.O_RDONLY | os.O_CLOEXEC)
    fcntl.fcntl(fd, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | os.O_ASYNC)
    watcher = select.poll()
    watcher.register(fd, 0)
    if watcher.poll(0):
        os._exit(1)


@contextmanager
def lent() -> Iterator[int]:
    """A pipe for `arm` in a program that is started within the block: this process's own lifeline,
    or, where it has none, a pipe whose writer is this process.
    """
    if _armed is not None:
        yield _armed
        return
    reader, writer = os.pipe()
    try:
        yield reader
    finally:
        os.close(reader)
        os.close(writer)
