"""A process that ends when its supervisor does, whatever it is doing at that moment.

The supervisor keeps the writing end of a pipe and never writes. When it ends, even
by SIGKILL, the kernel closes that end and tells the reader, who asked to be told
by SIGKILL. Unlike PR_SET_PDEATHSIG this watches a process, not the thread that
happened to fork, and survives a change of parents; unlike a thread that waits for
the end of a pipe it needs no interpreter lock, which a stuck regex never gives up.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal


def arm(fd: int) -> None:
    """Be killed when the last writer of the pipe `fd` is gone; at once if it is already."""
    fcntl.fcntl(fd, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | os.O_ASYNC)
    watcher = select.poll()
    watcher.register(fd, 0)
    if watcher.poll(0):
        os._exit(1)
