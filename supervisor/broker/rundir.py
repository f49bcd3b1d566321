"""The run directory: one supervisor at a time, its lock, its sockets, its address.

Whoever holds the lock owns everything in the directory, so what a killed
predecessor left there is removed without asking. Finding the directory is
`supervisor.config.paths`, reading what is published `supervisor.client.discovery`.
"""

from __future__ import annotations

import fcntl
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

SOCKET = "client.sock"
PUBLISHED = "supervisor.json"
LAST_WORD = "stopped.json"
"""Stays when its supervisor ends; the next one removes it."""
_LOCK = "lock"
SOCKET_PATH_BYTES = 107
"""sun_path of Linux holds 108 bytes, the last one zero."""


class RunDirectoryError(Exception):
    """The directory cannot be used; the message is one line that says why and what to do."""


class RunDirectoryTaken(RunDirectoryError):
    """Another supervisor has it."""


class RunDirectory:
    """A locked run directory. Raises RunDirectoryError if it cannot be had."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.socket = path / SOCKET
        self.logs = path / "workers"
        if len(os.fsencode(self.socket)) > SOCKET_PATH_BYTES:
            raise RunDirectoryError(
                f"{self.socket} is too long for a socket; set SUPERVISOR_RUN_DIR to a shorter path"
            )
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            _check_private(path)
            self._lock = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self._take_lock()
            self.logs.mkdir(mode=0o700, exist_ok=True)
            self._remove_leftovers()
            (self.path / LAST_WORD).unlink(missing_ok=True)
        except OSError as error:
            raise RunDirectoryError(f"cannot use {path}: {error.strerror}") from None

    def publish(self, document: dict[str, Any]) -> None:
        """Write `supervisor.json`."""
        self._write(PUBLISHED, document)

    def leave_word(self, document: dict[str, Any]) -> None:
        """Write `stopped.json`, for whoever waits for the end of this supervisor."""
        self._write(LAST_WORD, document)

    def _write(self, name: str, document: dict[str, Any]) -> None:
        """So that a reader sees the old or the new one, never a part."""
        aside = self.path / f"{name}.new"
        aside.write_bytes(msgspec.json.encode(document))
        aside.replace(self.path / name)

    def release(self) -> None:
        """Remove what names this supervisor and give up the lock."""
        self._remove_leftovers()
        os.ftruncate(self._lock, 0)
        os.close(self._lock)

    def _take_lock(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._lock, 32, 0).decode(errors="replace").strip() or "unknown"
            os.close(self._lock)
            raise RunDirectoryTaken(
                f"a supervisor (pid {holder}) already uses {self.path}; stop it, or set "
                "SUPERVISOR_RUN_DIR to another directory"
            ) from None
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, b"%d\n" % os.getpid(), 0)

    def _remove_leftovers(self) -> None:
        for name in (SOCKET, PUBLISHED, f"{PUBLISHED}.new"):
            with suppress(FileNotFoundError):
                (self.path / name).unlink()


def _check_private(path: Path) -> None:
    """Refuse a directory in which somebody else could put a socket of that name."""
    status = path.lstat()
    if not stat.S_ISDIR(status.st_mode):
        raise RunDirectoryError(f"{path} is not a directory")
    if status.st_uid != os.getuid():
        raise RunDirectoryError(f"{path} belongs to user {status.st_uid}; it must be yours")
    if status.st_mode & 0o077:
        raise RunDirectoryError(f"{path} is open to others; run: chmod 700 {path}")
