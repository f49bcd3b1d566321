"""Tracebacks of a process that hangs or crashes, and no core dump.

`kill -USR1` writes the traceback of every thread to stderr, and the process goes on; a crash
writes it before it ends the process. A traceback names files, lines and functions, never data.
The signal handler itself writes it, so it works while the GIL is never released. The price: CPython
reads its own frames while they change, which ends one in some thousands of processes that run
Python code at that moment (6 of 20,000 signals, Python 3.11), and none that waits or hangs.

A core dump would hold all memory, texts included: none is written, unless the operator raises the
limit of the running process again (`prlimit --core`).

Workers cannot import this module; they have `workers.early`.
"""

from __future__ import annotations

import faulthandler
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_NO_CORE = 1
"""Bytes. 0 would stop a file, but not a program that the kernel pipes core dumps to (core(5))."""


def arm() -> None:
    """Write tracebacks on SIGUSR1 and on a crash from now on; to be called first of all."""
    try:
        faulthandler.enable(sys.stderr)
        faulthandler.register(signal.SIGUSR1, sys.stderr)
    except (AttributeError, OSError, RuntimeError, ValueError):  # There is no stderr to write to.
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})


def write_no_core() -> None:
    """Prevent core dumps of this process and of those that it starts."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0 if hard == 0 else _NO_CORE, hard))


@contextmanager
def sigusr1_blocked() -> Iterator[None]:
    """Block SIGUSR1, for starting a process that calls `arm` itself: the signal waits until then.

    A new program inherits the signal mask; a signal for this process is delivered after the block.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
