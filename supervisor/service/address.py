"""Where clients find us, kept: what somebody removes from the run directory is made again.

A cleaner of temporary files, or a hasty `rm`, takes the socket away from a supervisor that
lives on: clients that are connected stay, and nobody else finds it. So its place is looked at
now and then. One in whose place another supervisor has come goes on for its own clients, and
takes the place back when that one has left; it never fights.
"""

from __future__ import annotations

from collections.abc import Callable

import zmq

from supervisor.logs import get_logger
from supervisor.service.rundir import SOCKET, RunDirectory, RunDirectoryError, RunDirectoryTaken

MOST_TIMES = 64
"""How often the socket is made anew: the old one stays open, as libzmq closes all of its
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
        """Make again what is gone; costs a few microseconds where nothing is."""
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
        if self._made == MOST_TIMES:
            raise RunDirectoryError(
                f"{self._directory.socket} was removed {MOST_TIMES} times; find out by whom, and "
                "restart"
            )
        self._made += 1
        self._bind()
        self._directory.bound()

    def _complain(self, problem: str) -> None:
        if problem != self.problem:
            log.error("%s", problem)
        self.problem = problem
