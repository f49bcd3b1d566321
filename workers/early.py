"""`python -m workers.early MODULE ARGUMENT…`: run a module that answers SIGUSR1 from the start.

The parent starts us with that signal blocked, for it would kill an interpreter that has not come
this far. From here on it writes the traceback of every thread, also while libraries are imported,
which is where a slow disk or a broken library makes a start hang.
"""

from __future__ import annotations

import faulthandler
import runpy
import signal
import sys


def arm() -> None:
    """Write a traceback of all threads to stderr on SIGUSR1 and on a crash."""
    if sys.stderr is None:  # The supervisor was started with a closed stderr.
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    else:
        faulthandler.enable(file=sys.stderr)
        faulthandler.register(signal.SIGUSR1, file=sys.stderr)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})


if __name__ == "__main__":
    arm()
    module, sys.argv = sys.argv[1], sys.argv[1:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
