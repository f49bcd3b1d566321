"""Atomic replacement of files: `replace_file`, the only way in which this project does it.

A reader of the path finds the old file or the new one, whole; after an error the old one stays and
nothing is left beside it. The next writer removes what a killed one left. Everything beyond that
is asked for by name (`durable`, `mode`, …). Callers keep writers apart: of two at once, the last
one wins.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

PRIVATE = 0o600
"""Permissions of a file that only its owner may read."""

_FULL = frozenset([errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
_PART = ".part"
_RANDOM = 4
_HEX = frozenset("0123456789abcdef")
_AS_UMASK_SAYS = 0o666


@contextmanager
def replace_file(
    path: Path,
    *,
    durable: bool,
    mode: int | None = None,
    keep_access: bool = False,
    sole_writer: bool = False,
    last_look: Callable[[], object] | None = None,
) -> Iterator[BinaryIO]:
    """Open a file beside `path` to write and read, which takes its place when the block ends.

    An exception in the block, or a full disk, leaves the old file as it is. A symbolic link
    is replaced, not followed. Raises OSError.

    durable: content and name survive a power loss once the block has ended. Without it a loss may
    leave the new name with a part of the content.
    mode: permissions whatever the umask says, never wider meanwhile. None: those of a new file.
    keep_access: permissions and, where that is allowed, owner of the file that is there.
    sole_writer: there is no other writer of `path`. All use the same name beside it then, which
    saves the search (a listing of the directory) for what killed writers left.
    last_look: called when all is written, right before the replacement; an exception prevents it.
    """
    before = _stat(path) if keep_access else None
    created = _AS_UMASK_SAYS if mode is None and before is None else PRIVATE
    aside = _aside(path, sole_writer=sole_writer)
    try:  # From before the file is there: a signal may end us between any two steps.
        descriptor = _create(aside, created, sole_writer=sole_writer)
        while descriptor is None:
            aside = _aside(path, sole_writer=sole_writer)
            descriptor = _create(aside, created, sole_writer=sole_writer)
        with open(descriptor, "w+b") as file:
            yield file
            file.flush()
            if before is not None:
                _give_access(descriptor, before)
            elif mode is not None:
                os.fchmod(descriptor, mode)
            if durable:
                os.fsync(descriptor)
            if last_look is not None:
                last_look()
            aside.replace(path)
    except BaseException:
        with suppress(OSError):
            aside.unlink()
        raise
    if durable:
        sync_directory(path.parent)


def is_full(error: Exception) -> bool:
    """Whether an error says that there is no room for a file: on the disk, or by a limit."""
    return isinstance(error, OSError) and error.errno in _FULL


def sync_directory(path: Path) -> None:
    """Sync a directory, so that the names in it survive a power loss. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_part(name: str, of: str) -> bool:
    """Whether this is the name of a temporary file for the file `of`."""
    random = name.removeprefix(f".{of}.").removesuffix(_PART)
    return name == _part(of, random) and len(random) == 2 * _RANDOM and set(random) <= _HEX


def _part(of: str, random: str) -> str:
    return f".{of}.{random}{_PART}"


def _aside(path: Path, *, sole_writer: bool) -> Path:
    """A name for the temporary file beside `path`; what killed writers left there is removed."""
    if sole_writer:
        return path.with_name(f".{path.name}{_PART}")
    _remove_left(path)
    return path.with_name(_part(path.name, os.urandom(_RANDOM).hex()))


def _create(aside: Path, mode: int, *, sole_writer: bool) -> int | None:
    """Open a temporary file: one that is new, and locked for as long as it is open; for the sole
    writer one that is empty. None if another writer took it for a killed one's meanwhile.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    if sole_writer:
        return os.open(aside, flags | os.O_TRUNC, mode)
    descriptor = os.open(aside, flags | os.O_EXCL, mode)
    if _lock(descriptor) and os.fstat(descriptor).st_nlink:
        return descriptor
    os.close(descriptor)
    aside.unlink(missing_ok=True)
    return None


def _lock(descriptor: int) -> bool:
    """Lock a temporary file that is being written. False if another process has locked it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # A file system without such locks: no writer takes it for a leftover either.
        pass
    return True


def _remove_left(path: Path) -> None:
    """Remove the temporary files that killed writers of `path` left: those that are not locked.
    A pid in the name would not do: another container may use the directory, too.
    """
    with suppress(OSError):
        for name in os.listdir(path.parent):
            if _is_part(name, path.name):
                with suppress(OSError):
                    _remove_unless_locked(path.with_name(name))


def _remove_unless_locked(part: Path) -> None:
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    descriptor = os.open(part, flags)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        part.unlink()
    finally:
        os.close(descriptor)


def _give_access(descriptor: int, before: os.stat_result) -> None:
    with suppress(PermissionError):  # Of another owner: only root may give it back.
        os.fchown(descriptor, before.st_uid, before.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(before.st_mode))


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None
