"""The supervisor's address: restores files that were removed from the run directory.

A cleaner of temporary files, or a hasty `rm`, can remove the socket of a running supervisor:
connected clients stay, and no other client finds it. So the files are checked now and then. If
another supervisor has taken the directory, this one goes on for its connected clients, and
takes the directory back once the other has ended.
"""

from __future__ import annotations

from collections.abc import Callable

import zmq

from supervisor.logs import get_logger
from supervisor.service.rundir import SOCKET, RunDirectory, RunDirectoryError, RunDirectoryTaken

MAX_REBINDS = 64
"""Most times that the socket is made anew: each old one stays open, as libzmq would close its
connections with it."""

log = get_logger(__name__)


class Address:
    """The run `directory`, and the socket in it, which `bind` makes anew (raises zmq.ZMQError)."""

    def __init__(self, directory: RunDirectory, bind: Callable[[], None]) -> None:
        self.problem: str | None = None
        """Why new clients cannot find us, in one line."""
        self._directory = directory
        self._bind = bind
        self._made = 0
        directory.bound()

    def look(self) -> None:
        """Restore missing files; costs a few microseconds where none is missing."""
        gone = self._directory.missing()
        if not gone:
            return
        try:
            self._directory.reclaim()
            if SOCKET in gone:
                self._bind_again()
        except RunDirectoryTaken as error:
            self._complain(
                f"another supervisor is in our place, new clients find that one: {error}"
            )
        except RunDirectoryError as error:
            self._complain(f"new clients cannot find us: {error}")
        except (OSError, zmq.ZMQError) as error:
            path = self._directory.path
            self._complain(f"new clients cannot find us: cannot use {path}: {error.strerror}")
        else:
            self.problem = None
            what = " and ".join(gone)
            log.warning("%s: %s had been removed; made again", self._directory.path, what)

    def _bind_again(self) -> None:
        if self._made == MAX_REBINDS:
            raise RunDirectoryError(
                f"{self._directory.socket} was removed {MAX_REBINDS} times; find out by whom, and "
                "restart"
            )
        self._made += 1
        self._bind()
        self._directory.bound()

    def _complain(self, problem: str) -> None:
        if problem != self.problem:
            log.error("%s", problem)
        self.problem = problem
