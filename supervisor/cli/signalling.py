"""Reach the supervisor's process itself, and nobody else's.

A pid that stands in a file may meanwhile be a stranger's, whom a signal would end: only
the process that has the lock file of the run directory open is the one that is meant.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from supervisor.cli.common import fail


class Running(NamedTuple):
    """A supervisor's process; `pidfd` stays its own, and becomes readable when it ends."""

    pid: int
    epoch: str
    pidfd: int
    directory: Path


@contextmanager
def running_supervisor() -> Iterator[Running]:
    """The supervisor of this user's run directory. Without one: exit code 3; another's: 4."""
    from supervisor.client.discovery import HOW_TO_START, read_supervisor_file
    from supervisor.client.errors import NoSupervisor, ProtocolError
    from supervisor.config.paths import run_directory

    directory = run_directory(os.environ)
    try:
        found = read_supervisor_file(directory)
    except (NoSupervisor, ProtocolError) as error:
        fail(3, str(error))
    if found is None:
        fail(3, f"no supervisor is running (looked in {directory}); {HOW_TO_START}")
    try:
        pidfd = open_holder(found.pid, directory / "lock")
    except PermissionError:
        fail(4, f"the supervisor of {directory} (pid {found.pid}) belongs to another user")
    if pidfd is None:
        fail(3, f"the supervisor of {directory} (pid {found.pid}) is gone; {HOW_TO_START}")
    try:
        yield Running(found.pid, found.epoch, pidfd, directory)
    finally:
        os.close(pidfd)


def open_holder(pid: int, lock: Path) -> int | None:
    """A pidfd of the process, if it is the one that has this lock file open.

    Raises PermissionError where the process is another user's.
    """
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return None
    try:
        if _has_open(pid, lock):
            return pidfd
    except (FileNotFoundError, ProcessLookupError):
        pass
    except BaseException:
        os.close(pidfd)
        raise
    os.close(pidfd)
    return None


def _has_open(pid: int, file: Path) -> bool:
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            if descriptor.samefile(file):
                return True
        except FileNotFoundError:
            continue
    return False
