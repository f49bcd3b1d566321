"""The running supervisor's process, found by its lock so that no other one is signalled.

A pid in a file may meanwhile be another program's, which a signal would end: only the process that
has the lock file of the run directory open is the supervisor (`supervisor.client.lock_holder`).
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
    """The supervisor of this user's run directory. Exits: 3 without one, 4 if it is another's."""
    from supervisor.client.discovery import HOW_TO_START, read_supervisor_file, unpublished
    from supervisor.client.errors import NoSupervisor, ProtocolError
    from supervisor.client.lock_holder import open_holder
    from supervisor.config.paths import run_directory

    directory = run_directory(os.environ)
    try:
        found = read_supervisor_file(directory)
    except (NoSupervisor, ProtocolError) as error:
        fail(3, str(error))
    if found is None:
        fail(3, str(unpublished(directory)))
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
