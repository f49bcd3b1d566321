"""Claim files: what the supervisors of a host tell each other, in the directory of the core leases.

One file per supervisor and kind, `KIND-PID`, locked as long as the supervisor lives: a killed one
leaves a file that is not locked, means nothing, and is removed by whoever looks next. Processes of
two containers may have the same pid; the file of the second has a number behind it. Each write is
one, with a checksum, so that half of it is told from all of it.

Any user can write to the directory. The files of others are only read, and never trusted: no link
is followed, nothing but a plain file is read, opening one never waits, and both their number and
their size are bounded.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import stat
import zlib
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from supervisor.pool.leases import open_directory

MOST = 64
"""Files that are counted."""

_MOST_NAMES = 16_384
"""Names in the directory that are looked at."""

_MOST_OPENED = 256
_MOST_BYTES = 1 << 16
_SAME_PIDS = 9
_TRIES = 3

_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_MAKE = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_CREAT | os.O_EXCL


class Found(NamedTuple):
    """The file of another. `document`: what its owner wrote; None where it cannot be read."""

    name: str
    pid: int
    document: bytes | None


class ClaimFiles:
    """Our file of one kind, made with the first write, and those of others."""

    def __init__(self, directory: Path, kind: str) -> None:
        self.name: str | None = None
        """That of our file; None before it is made."""
        self._directory = directory
        self._stem = f"{kind}-{os.getpid()}"
        self._names = re.compile(rf"{kind}-(\d{{1,10}})(-\d)?")
        self._file = -1

    def write(self, document: bytes) -> None:
        """Put it in our file, which is made anew where somebody removed it.

        Raises OSError, UnusableError.
        """
        line = b"%08x %b\n" % (zlib.crc32(document), document)
        if self._stands():
            os.pwrite(self._file, line, 0)
            os.ftruncate(self._file, len(line))
            return
        for _ in range(_TRIES):
            self._make(line)
            if self._stands():
                return
        raise OSError(errno.EBUSY, "others lock or remove our claim")

    def others(self) -> list[Found]:
        """Those of supervisors that live, at most `MOST`. Raises OSError, UnusableError."""
        directory = open_directory(self._directory)
        try:
            found: list[Found] = []
            for name, pid in self._look(directory):
                with suppress(FileNotFoundError):
                    found.append(Found(name, pid, _read(name, directory)))
                if len(found) == MOST:
                    break
            return found
        finally:
            os.close(directory)

    def close(self) -> None:
        """Remove our file."""
        if self.name is not None:
            with suppress(OSError):
                (self._directory / self.name).unlink()
        self.abandon()

    def abandon(self) -> None:
        """Let go of our file, which stays, as the end of the process does."""
        if self._file >= 0:
            os.close(self._file)
        self._file, self.name = -1, None

    def _stands(self) -> bool:
        return self._file >= 0 and os.fstat(self._file).st_nlink > 0

    def _make(self, line: bytes) -> None:
        """Make our file under a name that no other has. It may be gone again at once: who meets it
        before it is locked takes it for a dead one's. Raises OSError, UnusableError.
        """
        self.abandon()
        directory = open_directory(self._directory)
        try:
            name, file = _make_file(self._stem, directory)
            try:
                os.fchmod(file, 0o644)
                os.pwrite(file, line, 0)  # Before it is locked: nobody sees an empty claim.
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                os.close(file)
                with suppress(OSError):
                    os.unlink(name, dir_fd=directory)
                if not isinstance(error, BlockingIOError):
                    raise
            else:
                self._file, self.name = file, name
        finally:
            os.close(directory)

    def _look(self, directory: int) -> list[tuple[str, int]]:
        """Names of others' files, and the pids in them."""
        found = []
        with os.scandir(directory) as entries:
            for _, entry in zip(range(_MOST_NAMES), entries, strict=False):
                match = self._names.fullmatch(entry.name)
                if match is not None and entry.name != self.name:
                    found.append((entry.name, int(match[1])))
                    if len(found) == _MOST_OPENED:
                        break
        return sorted(found)


def _make_file(stem: str, directory: int) -> tuple[str, int]:
    """Make a file under the first free name. Raises OSError."""
    name = stem
    for number in range(2, _SAME_PIDS + 1):
        with suppress(FileExistsError):
            return name, os.open(name, _MAKE, 0o644, dir_fd=directory)
        name = f"{stem}-{number}"
    return name, os.open(name, _MAKE, 0o644, dir_fd=directory)


def _read(name: str, directory: int) -> bytes | None:
    """What is in the file; None where it cannot be read. Raises FileNotFoundError where there is
    none, or that of a dead one, which is removed if it may be.
    """
    try:
        file = os.open(name, _READ, dir_fd=directory)
        try:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                return None
            if _unlocked(file):
                with suppress(OSError):
                    os.unlink(name, dir_fd=directory)
                raise FileNotFoundError(name)
            return _checked(file)
        finally:
            os.close(file)
    except FileNotFoundError:
        raise
    except OSError:
        return None


def _unlocked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _checked(file: int) -> bytes | None:
    """What fits its checksum; read twice where it was written meanwhile. Raises OSError."""
    for _ in range(2):
        checksum, _, document = os.pread(file, _MOST_BYTES, 0).partition(b"\n")[0].partition(b" ")
        if checksum == b"%08x" % zlib.crc32(document):
            return document
    return None
