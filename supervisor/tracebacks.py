"""What a process of ours leaves when it hangs or crashes: where every thread was, and no more.

`kill -USR1` writes the traceback of every thread to stderr, and the process goes on. So does
a crash, before it ends the process. A traceback names files, lines and functions, never what
they worked on. It is written from within the signal, so that it works where the interpreter's
lock is never given up; the price is that one process in some thousands that is busy with Python
code at that moment is ended by it (CPython reads its own frames while they change; 6 of 20,000
signals, Python 3.11), and none that waits or hangs.

A core dump holds all of the memory, and texts with it: none is written, unless the operator
raises the limit of the running process again (`prlimit --core`).

Workers cannot import this: `workers.early` is theirs.
"""

from __future__ import annotations

import faulthandler
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_NO_CORE = 1
"""Bytes. 0 would stop a file, but not a program that the kernel hands cores to (core(5))."""


def arm() -> None:
    """From now on SIGUSR1 and crashes tell where the threads are; to be called first of all."""
    try:
        faulthandler.enable(sys.stderr)
        faulthandler.register(signal.SIGUSR1, sys.stderr)
    except (AttributeError, OSError, RuntimeError, ValueError):  # There is no stderr to write to.
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})


def write_no_core() -> None:
    """A crash of this process, or of one that it starts, leaves no image of its memory."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0 if hard == 0 else _NO_CORE, hard))


@contextmanager
def postponed() -> Iterator[None]:
    """Start a process in here that arms itself: SIGUSR1 waits until it has, instead of ending it.

    The signal mask is what a new program inherits; what comes for us meanwhile is told after.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
