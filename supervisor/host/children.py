"""Collecting children that have ended: which one, how, and who is left to do it.

Linux only. Each returns or raises like its counterpart in `os`.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Container
from typing import NamedTuple


class Exit(NamedTuple):
    """End of a process: by itself with a status, or by a signal. Exactly one of them is set;
    as text it is `exit status 3` or `signal SIGKILL`.
    """

    status: int | None = None
    signal: int | None = None

    def __str__(self) -> str:
        if self.signal is None:
            return f"exit status {self.status}"
        try:
            return f"signal {signal.Signals(self.signal).name}"
        except ValueError:  # A real-time signal: most of them have no name.
            return f"signal {self.signal}"


def reap(pidfd: int) -> Exit:
    """Collect the child behind `pidfd`, and say how it ended.

    It must have ended; raises ChildProcessError for a process that is not our child.
    """
    result = os.waitid(os.P_PIDFD, pidfd, os.WEXITED)
    if result is None:
        raise ChildProcessError("it has not ended")
    if result.si_code == os.CLD_EXITED:
        return Exit(status=result.si_status)
    return Exit(signal=result.si_status)


def reap_orphans(group: int, watched: Container[int]) -> bool:
    """Collect the ended children of a process group that no pidfd watches.

    They were handed to us, a subreaper, when the process that started them ended. False
    if a watched one stands in the way, which its watcher has to collect first. Raises
    ChildProcessError once the group holds no child of ours.
    """
    while True:
        ended = os.waitid(os.P_PGID, group, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if ended is None:
            return True
        if ended.si_pid in watched:
            return False
        os.waitid(os.P_PID, ended.si_pid, os.WEXITED | os.WNOHANG)
