"""`python -m workers.early MODULE ARGUMENT…`: run a module that answers SIGUSR1 from the start.

Whoever starts us holds that signal back, for it would end an interpreter that has not got so
far. From here on it writes where every thread is, also while libraries are imported, which is
where a slow disk or a broken library makes a start hang.
"""

from __future__ import annotations

import faulthandler
import runpy
import signal
import sys


def arm() -> None:
    """A traceback of all threads goes to stderr on SIGUSR1 and on a crash."""
    if sys.stderr is None:  # Whoever started the supervisor has closed it.
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    else:
        faulthandler.enable(file=sys.stderr)
        faulthandler.register(signal.SIGUSR1, file=sys.stderr)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})


if __name__ == "__main__":
    arm()
    module, sys.argv = sys.argv[1], sys.argv[1:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
