"""Core leases: the CPUs that this supervisor may use, exclusively on this host.

One lock file per CPU in a directory that the supervisors of all users of the host share. A lock
ends with the process that holds it, so a killed supervisor leaves no lease behind; its files stay,
and mean nothing. To look, a supervisor takes a shared lock for a moment, so that two that look at
once do not take each other for holders.

Any user can write to the directory, so its content is not trusted: no link is followed, nothing
but a plain file is locked, and opening one never waits. A core whose file is something else
cannot be leased; it is used without a lease, and `error` says so.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_UNLOCKED = -1
"""Stands for a lock that failed for another reason than its holder: the core is used without it,
and the lock is tried again whenever leases are acquired.
"""

_DIRECTORY = "tts-supervisor-cores"

_FILE = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
"""Opening a planted pipe would otherwise wait for its writer."""

_DIRECTORY_ITSELF = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_DIRECTORY

PLACES = (Path("/run/lock"), Path("/tmp"))  # noqa: S108 - everybody's, and meant to be
"""Where the shared directory may be. The first of them is never cleaned up by age."""


def lease_directory(environ: Mapping[str, str], places: Sequence[Path] = PLACES) -> Path:
    """`$SUPERVISOR_LEASE_DIR`, else the one directory that all supervisors of this host use.

    That is `tts-supervisor-cores` in the first of `places` where any user may make it, or where it
    was made for all users. It depends on neither the user nor $TMPDIR, or two users would look in
    two places.
    """
    own = environ.get("SUPERVISOR_LEASE_DIR")
    if own:
        return Path(own).absolute()
    for place in places:
        if _is_for_all(place) or _is_for_all(place / _DIRECTORY, follow=False):
            return place / _DIRECTORY
    return places[-1] / _DIRECTORY


def _is_for_all(directory: Path, *, follow: bool = True) -> bool:
    """Whether all users may make files in it that the others cannot remove."""
    try:
        found = directory.stat(follow_symlinks=follow)
    except OSError:
        return False
    open_to_all = stat.S_IWOTH | stat.S_ISVTX
    return stat.S_ISDIR(found.st_mode) and found.st_mode & open_to_all == open_to_all


class UnusableError(Exception):
    """The directory must not be used; the message says what to do."""


class _NoLockFile(UnusableError):
    """The file there must not be locked; the message says what it is."""


def open_directory(directory: Path) -> int:
    """Open the shared directory, made for all users if it is not there; a link is not followed.

    Raises OSError, UnusableError.
    """
    try:
        return _checked(directory, os.open(directory, _DIRECTORY_ITSELF))
    except FileNotFoundError:
        pass
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.ENOTDIR}:
            raise UnusableError(
                f"{directory} is no directory (links are not followed); remove it"
            ) from None
        raise
    directory.parent.mkdir(parents=True, exist_ok=True)
    made = False
    with suppress(FileExistsError):
        directory.mkdir()
        made = True
    opened = _checked(directory, os.open(directory, _DIRECTORY_ITSELF))
    if made:
        os.fchmod(opened, 0o1777)
    return opened


def _checked(directory: Path, opened: int) -> int:
    """Check the directory: ours, root's, or one that keeps the files of all users apart."""
    status = os.fstat(opened)
    for_all = status.st_mode & stat.S_IWOTH and status.st_mode & stat.S_ISVTX
    if status.st_uid in {0, os.getuid()} or for_all:
        return opened
    os.close(opened)
    raise UnusableError(
        f"{directory} belongs to user {status.st_uid}, and is not for everybody (mode "
        "1777); remove it, or set SUPERVISOR_LEASE_DIR"
    )


class CoreLeases:
    """The leases that this process holds. `others` are CPUs that other supervisors hold."""

    def __init__(self, directory: Path) -> None:
        self.others: frozenset[int] = frozenset()
        self._error: str | None = None
        """The error of the directory, or of the lock that was tried last."""
        self._no_files: dict[int, str] = {}
        """Errors of the lock files of single cores."""
        self.directory = directory
        self._locks: dict[int, int] = {}

    @property
    def error(self) -> str | None:
        """Why leases cannot be taken, in one line; those cores are used without."""
        found = self._error or next(iter(self._no_files.values()), None)
        return None if found is None else f"core leases: {found}"

    @property
    def held(self) -> frozenset[int]:
        """CPUs leased by this process."""
        return frozenset(self._locks)

    def look(self, cpus: Collection[int]) -> None:
        """Update `others`: which of `cpus` other supervisors hold at this moment."""
        taken = set()
        for cpu in cpus:
            if cpu not in self._locks:
                lock = self._try_lock(cpu, fcntl.LOCK_SH)
                if lock is None:
                    taken.add(cpu)
                elif lock >= 0:
                    os.close(lock)
        self.others = frozenset(taken)

    def acquire(self, cpus: Collection[int]) -> bool:
        """Lease all of `cpus`; False, with `others` grown, if one was taken meanwhile."""
        for cpu in cpus:
            if self._locks.get(cpu, _UNLOCKED) != _UNLOCKED:
                continue
            lock = self._try_lock(cpu, fcntl.LOCK_EX)
            if lock is None:
                self._locks.pop(cpu, None)
                self.others |= {cpu}
                return False
            self._locks[cpu] = lock
        return True

    def release_except(self, cpus: Collection[int]) -> None:
        """Give back every lease but those of `cpus`."""
        for cpu in self.held - set(cpus):
            self._close(self._locks.pop(cpu))

    def close(self) -> None:
        """Give back every lease."""
        self.release_except(())

    def _try_lock(self, cpu: int, kind: int) -> int | None:
        """An open, locked descriptor; None if another holds it; _UNLOCKED if locks fail here."""
        try:
            lock = self._open(f"cpu{cpu}")
        except _NoLockFile as error:
            self._error, self._no_files[cpu] = None, str(error)
            return _UNLOCKED
        except UnusableError as error:
            self._error = str(error)
            return _UNLOCKED
        except OSError as error:
            self._error = f"{self.directory}: {error.strerror}"
            return _UNLOCKED
        self._error = None
        self._no_files.pop(cpu, None)
        try:
            fcntl.flock(lock, kind | fcntl.LOCK_NB)
        except OSError as error:
            os.close(lock)
            if isinstance(error, BlockingIOError):
                return None
            self._error = f"{self.directory}: {error.strerror}"
            return _UNLOCKED
        return lock

    def _open(self, name: str) -> int:
        """Open a lock file, or make it. Raises OSError, UnusableError.

        Other users open it, too: for reading, which suffices for a lock, and without O_CREAT if it
        exists, which in a directory for all users the kernel forbids to all but its owner.
        """
        directory = open_directory(self.directory)
        try:
            with suppress(FileNotFoundError):
                return self._open_file(name, directory)
            with suppress(FileExistsError):
                fresh = os.open(name, _FILE | os.O_CREAT | os.O_EXCL, dir_fd=directory)
                os.fchmod(fresh, 0o444)
                return fresh
            return self._open_file(name, directory)
        finally:
            os.close(directory)

    def _open_file(self, name: str, directory: int) -> int:
        """Open a lock file that is there. A link would have us lock the file it names."""
        path = self.directory / name
        try:
            found = os.open(name, _FILE, dir_fd=directory)
        except OSError as error:
            if error.errno in {errno.ELOOP, errno.ENXIO}:  # A link; a socket, or a device.
                raise _NoLockFile(f"{path} is no plain file; remove it") from None
            raise
        status = os.fstat(found)
        if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
            os.close(found)
            raise _NoLockFile(f"{path} is no plain file; remove it")
        return found

    @staticmethod
    def _close(lock: int) -> None:
        if lock >= 0:
            os.close(lock)
