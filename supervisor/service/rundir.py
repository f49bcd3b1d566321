"""The run directory of one supervisor at a time: its lock, its sockets, its published address.

The holder of the lock owns everything in the directory, so leftovers of a killed predecessor
are removed without asking. The directory, or files in it, may be removed while the holder
runs: `missing` detects it, `reclaim` restores them. The time of these checks is left to
`address`, the path to `supervisor.config.paths`, reading the published file to
`supervisor.client.discovery`.
"""

from __future__ import annotations

import fcntl
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from supervisor.files import replace_file

SOCKET = "client.sock"
PUBLISHED = "supervisor.json"
STOPPED = "stopped.json"
"""Name of the file about the end of a supervisor; the next one removes it."""
LOCK = "lock"
SOCKET_PATH_BYTES = 107
"""sun_path of Linux holds 108 bytes, the last one zero."""

_Identity = tuple[int, int]
"""Device and inode of a file. A number is not used again while the file is open or bound."""


class RunDirectoryError(Exception):
    """The directory cannot be used; the message is one line that says why and what to do."""


class RunDirectoryTaken(RunDirectoryError):
    """Another supervisor holds the run directory."""


class RunDirectory:
    """A locked run directory. Raises RunDirectoryError if it cannot be had."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.socket = path / SOCKET
        self.logs = path / "workers"
        self._document: dict[str, Any] | None = None
        self._bound: _Identity | None = None
        if len(os.fsencode(self.socket)) > SOCKET_PATH_BYTES:
            raise RunDirectoryError(
                f"{self.socket} is too long for a socket; set SUPERVISOR_RUN_DIR to a shorter path"
            )
        try:
            self._lock = self._enter()
            self._remove_leftovers()
            (self.path / STOPPED).unlink(missing_ok=True)
        except OSError as error:
            raise RunDirectoryError(f"cannot use {path}: {error.strerror}") from None

    def publish(self, document: dict[str, Any]) -> None:
        """Write `supervisor.json`, by which clients find the supervisor. Raises OSError."""
        self._document = document
        self._write(PUBLISHED, document)

    def bound(self) -> None:
        """Note that the socket in the directory is ours. Raises OSError if there is none."""
        self._bound = _identity(self.socket.lstat())

    def publish_end(self, document: dict[str, Any]) -> None:
        """Write `stopped.json`, for commands that wait for the end. Raises OSError."""
        if self._is_ours():
            self._write(STOPPED, document)

    def missing(self) -> list[str]:
        """Names of files that are gone or were replaced by others; none after `release`."""
        if self._lock < 0:
            return []
        gone = [] if self._is_ours() else [LOCK]
        if self._bound is not None and self._found(SOCKET) != self._bound:
            gone.append(SOCKET)
        if self._document is not None and self._found(PUBLISHED) is None:
            gone.append(PUBLISHED)
        if self._found(self.logs.name) is None:
            gone.append(self.logs.name)
        return gone

    def reclaim(self) -> None:
        """Restore directory, lock and published file where they are gone; the socket is not.

        Raises RunDirectoryTaken if another supervisor has the directory by now,
        RunDirectoryError or OSError if it cannot be had for another reason.
        """
        if not self._is_ours():
            lock = self._enter()
            os.close(self._lock)
            self._lock = lock
        self.logs.mkdir(mode=0o700, exist_ok=True)
        if self._document is not None:
            self.publish(self._document)

    def release(self) -> None:
        """Remove our files, unless the directory is another supervisor's, and give up the lock."""
        if self._is_ours():
            self._remove_leftovers()
            os.ftruncate(self._lock, 0)
        os.close(self._lock)
        self._lock = -1

    def _enter(self) -> int:
        """Make the directory, if need be, and take its lock. Raises OSError, RunDirectoryError."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check_private(self.path)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        lock = os.open(self.path / LOCK, flags, 0o600)
        try:
            self._take(lock)
            self.logs.mkdir(mode=0o700, exist_ok=True)
        except BaseException:
            os.close(lock)
            raise
        return lock

    def _take(self, lock: int) -> None:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(lock, 32, 0).decode(errors="replace").strip() or "unknown"
            raise RunDirectoryTaken(
                f"a supervisor (pid {holder}) already uses {self.path}; stop it, or set "
                "SUPERVISOR_RUN_DIR to another directory"
            ) from None
        if self._found(LOCK) != _identity(os.fstat(lock)):
            raise RunDirectoryError(f"{self.path} was removed while it was locked; try again")
        os.ftruncate(lock, 0)
        os.pwrite(lock, b"%d\n" % os.getpid(), 0)

    def _is_ours(self) -> bool:
        """Whether the lock file in the directory is the one that we hold."""
        return self._found(LOCK) == _identity(os.fstat(self._lock))

    def _found(self, name: str) -> _Identity | None:
        """Identity of the file of this name; None if there is none."""
        try:
            return _identity(os.lstat(self.path / name))
        except OSError:
            return None

    def _write(self, name: str, document: dict[str, Any]) -> None:
        """Replace a file that other processes read; it need not survive a power loss."""
        with replace_file(self.path / name, durable=False, sole_writer=True) as file:
            file.write(msgspec.json.encode(document))

    def _remove_leftovers(self) -> None:
        for name in (SOCKET, PUBLISHED):
            with suppress(FileNotFoundError):
                (self.path / name).unlink()


def _identity(status: os.stat_result) -> _Identity:
    return status.st_dev, status.st_ino


def _check_private(path: Path) -> None:
    """Refuse a directory in which another user could put a socket of that name."""
    status = path.lstat()
    if not stat.S_ISDIR(status.st_mode):
        raise RunDirectoryError(f"{path} is not a directory")
    if status.st_uid != os.getuid():
        raise RunDirectoryError(f"{path} belongs to user {status.st_uid}; it must be yours")
    if status.st_mode & 0o077:
        raise RunDirectoryError(f"{path} is open to others; run: chmod 700 {path}")
