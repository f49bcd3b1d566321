"""Roots of /proc and /sys, and reading of their files.

Everything that reads the host goes through a `Host`, so that a test or an operator
(`/host` in a container) can point it at another root. Parsing is left to the callers.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

_CHUNK = 4096
_ABSENT = frozenset(
    {errno.ENOENT, errno.ENOTDIR, errno.ENODEV, errno.ESRCH, errno.EOPNOTSUPP, errno.ENXIO}
)
"""Errors of the kernel for a file, device, process or feature that is not there."""


class Host:
    """A file-system root with /proc and /sys in it, and the process whose limits count there: this
    one, or the `pid` of a supervisor that is looked at from outside. For one thread, and not
    across a fork: a kept file of /proc/self still describes the process that opened it.

    `poll` keeps the file open between calls, which halves the cost of a reading; the
    kernel produces the content anew for each read from offset 0. A kept file of a dead
    process or a removed cgroup fails to read and never shows a successor of the same
    name, so it is opened again once before the failure is passed on.
    """

    def __init__(self, root: str | Path = "/", pid: int | None = None) -> None:
        self.root = str(root).rstrip("/")
        self.proc = self.root + "/proc"
        self.pid = pid
        self.process = f"{self.proc}/{'self' if pid is None else pid}"
        self.sys = self.root + "/sys"
        self._kept: dict[str, int] = {}
        self._opened: set[int] = set()

    def at(self, path: str) -> str:
        """Path below this root of an absolute path of the machine (a mount point, say)."""
        return (self.root + path).rstrip("/") or "/"

    def read(self, path: str) -> bytes:
        """The whole file, opened and closed. Raises OSError."""
        return Path(path).read_bytes()

    def poll(self, path: str) -> bytes:
        """The whole file, kept open for the next call. Raises OSError.

        For files that the kernel writes in one piece (those of sysfs and cgroups, and
        stat, status, meminfo, pressure); others may come back cut at a page.
        """
        fd = self._kept.get(path)
        if fd is not None:
            try:
                return _pread_all(fd)
            except OSError:
                self.forget(path)
        fd = self._kept[path] = os.open(path, os.O_RDONLY)
        return _pread_all(fd)

    def read_if_present(self, path: str) -> bytes | None:
        """Like `read`; None where the file does not exist. Raises OSError for other faults."""
        try:
            return self.read(path)
        except OSError as error:
            if error.errno in _ABSENT:
                return None
            raise

    def poll_if_present(self, path: str) -> bytes | None:
        """Like `poll`; None where the file does not exist. Raises OSError for other faults."""
        try:
            return self.poll(path)
        except OSError as error:
            if error.errno in _ABSENT:
                return None
            raise

    def open_if_present(self, path: str) -> int | None:
        """A descriptor for the caller to `pread`, closed by `shut`; None where there is no file.

        For small files that are read so often that finding them by their path would cost more
        than reading them. Raises OSError for other faults.
        """
        try:
            fd = os.open(path, os.O_RDONLY)
        except OSError as error:
            if error.errno in _ABSENT:
                return None
            raise
        self._opened.add(fd)
        return fd

    def shut(self, fd: int) -> None:
        """Close what `open_if_present` opened; once only."""
        if fd in self._opened:
            self._opened.remove(fd)
            os.close(fd)

    def list(self, path: str) -> tuple[str, ...]:
        """The sorted names in a directory; empty where it does not exist."""
        try:
            return tuple(sorted(entry.name for entry in Path(path).iterdir()))
        except OSError as error:
            if error.errno in _ABSENT:
                return ()
            raise

    def forget(self, path: str) -> None:
        """Close a file that `poll` kept."""
        fd = self._kept.pop(path, None)
        if fd is not None:
            os.close(fd)

    def close(self) -> None:
        """Close every kept file; the host stays usable."""
        for path in tuple(self._kept):
            self.forget(path)
        for fd in tuple(self._opened):
            self.shut(fd)


def _pread_all(fd: int) -> bytes:
    data = os.pread(fd, _CHUNK, 0)
    if len(data) < _CHUNK:
        return data
    parts = [data]
    offset = len(data)
    while part := os.pread(fd, _CHUNK, offset):
        parts.append(part)
        offset += len(part)
    return b"".join(parts)
