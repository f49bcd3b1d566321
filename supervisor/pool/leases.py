"""Core leases: which CPUs this supervisor may use, exclusively on this host.

One lock file per CPU in a directory that all supervisors of the host share, whoever
runs them. A lock ends with the process that holds it, so a killed supervisor leaves
no lease behind; its files stay, and mean nothing. Whoever looks takes a shared lock
for a moment, so that two who look do not take each other for holders.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_UNLOCKED = -1
"""Stands for a lock that could not be had for another reason than its holder: it is used
without, and asked for again whenever leases are.
"""

_DIRECTORY = "tts-supervisor-cores"

PLACES = (Path("/run/lock"), Path("/tmp"))  # noqa: S108 - everybody's, and meant to be
"""Where the shared directory may be. Nobody cleans the first one up by age."""


def lease_directory(environ: Mapping[str, str], places: Sequence[Path] = PLACES) -> Path:
    """`$SUPERVISOR_LEASE_DIR`, else the one directory that all supervisors of this host use.

    That is `tts-supervisor-cores` in the first of `places` where everybody may make it, or
    where it was made for everybody. It follows neither from who asks nor from $TMPDIR, or
    two users would look in two places.
    """
    own = environ.get("SUPERVISOR_LEASE_DIR")
    if own:
        return Path(own).absolute()
    for place in places:
        if _is_for_all(place) or _is_for_all(place / _DIRECTORY):
            return place / _DIRECTORY
    return places[-1] / _DIRECTORY


def _is_for_all(directory: Path) -> bool:
    """Whether everybody may make files in it that the others cannot take away."""
    try:
        found = directory.stat()
    except OSError:
        return False
    open_to_all = stat.S_IWOTH | stat.S_ISVTX
    return stat.S_ISDIR(found.st_mode) and found.st_mode & open_to_all == open_to_all


class CoreLeases:
    """The leases that this process holds. `others` are CPUs that somebody else holds."""

    def __init__(self, directory: Path) -> None:
        self.others: frozenset[int] = frozenset()
        self.error: str | None = None
        """Why leases cannot be taken, in one line; then cores are used without."""
        self._directory = directory
        self._locks: dict[int, int] = {}

    @property
    def held(self) -> frozenset[int]:
        """CPUs leased by this process."""
        return frozenset(self._locks)

    def look(self, cpus: Collection[int]) -> None:
        """Find out which of `cpus` other supervisors hold at this moment."""
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
            lock = self._open(self._directory / f"cpu{cpu}")
        except OSError as error:
            self.error = f"core leases: {self._directory}: {error.strerror}"
            return _UNLOCKED
        try:
            fcntl.flock(lock, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return None
        self.error = None
        return lock

    def _open(self, path: Path) -> int:
        """Open a lock file, or make it. Raises OSError.

        Others may have to open it, too: reading suffices for a lock, and a file that is
        there is not asked to be created, which in a directory for everybody the kernel
        forbids to all but its owner.
        """
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW
        with suppress(FileNotFoundError):
            return os.open(path, flags)
        with suppress(FileExistsError):
            self._directory.mkdir(parents=True)
            self._directory.chmod(0o1777)
        with suppress(FileExistsError):
            fresh = os.open(path, flags | os.O_CREAT | os.O_EXCL)
            os.fchmod(fresh, 0o444)
            return fresh
        return os.open(path, flags)

    @staticmethod
    def _close(lock: int) -> None:
        if lock >= 0:
            os.close(lock)
