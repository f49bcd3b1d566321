"""Reap children that have ended, by pidfd or by process group.

Linux only. Each function returns or raises like its counterpart in `os`.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Container
from typing import NamedTuple


class Exit(NamedTuple):
    """End of a process: an exit status or a signal, of which exactly one is set. As text it is
    `exit status 3` or `signal SIGKILL`.
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
    """Reap the child behind `pidfd`, which must have ended; return how it did.

    Raises ChildProcessError for a process that is not our child.
    """
    result = os.waitid(os.P_PIDFD, pidfd, os.WEXITED)
    if result is None:
        raise ChildProcessError("it has not ended")
    if result.si_code == os.CLD_EXITED:
        return Exit(status=result.si_status)
    return Exit(signal=result.si_status)


def reap_orphans(group: int, watched: Container[int]) -> bool:
    """Reap the ended children of a process group that no pidfd watches.

    They became ours, a subreaper's, when the process that started them ended. False if a watched
    one comes first, which has to be reaped by its pidfd before. Raises ChildProcessError once the
    group has no child of ours.
    """
    while True:
        ended = os.waitid(os.P_PGID, group, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if ended is None:
            return True
        if ended.si_pid in watched:
            return False
        os.waitid(os.P_PID, ended.si_pid, os.WEXITED | os.WNOHANG)
