"""The holder of a run directory: the process that has its lock file open, published or not.

The pid in a file may have been reused by another process, so its open files are checked. The lock
itself is never tried, for a supervisor that starts at that moment would find it taken.
"""

from __future__ import annotations

import os
from pathlib import Path


def holder(directory: Path) -> int | None:
    """The pid of the supervisor that holds this directory; None without one.

    The open files of another user's process cannot be seen: there the pid in the file counts.
    """
    lock = directory / "lock"
    try:
        pid = int(lock.read_bytes())
    except (OSError, ValueError):
        return None
    try:
        return pid if has_open(pid, lock) else None
    except PermissionError:
        return pid
    except OSError:
        return None


def has_open(pid: int, file: Path) -> bool:
    """Whether a process has this file open. Raises OSError where there is none, and
    PermissionError where it is another user's.
    """
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            if descriptor.samefile(file):
                return True
        except FileNotFoundError:
            continue
    return False


def open_holder(pid: int, lock: Path) -> int | None:
    """A pidfd of the process, if it is the one that has this lock file open.

    Raises PermissionError where the process is another user's.
    """
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return None
    try:
        if has_open(pid, lock):
            return pidfd
    except (FileNotFoundError, ProcessLookupError):
        pass
    except BaseException:
        os.close(pidfd)
        raise
    os.close(pidfd)
    return None
