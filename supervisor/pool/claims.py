"""Claims: what the supervisors of a host say of themselves, in the directory of the core leases.

One file per supervisor, `claim-PID`, locked as long as the supervisor lives: a killed one leaves a
file that is not locked, and means nothing. Its owner writes it anew with every sample, in one
write with a checksum, and with a number that counts up: of a supervisor that was stopped, or hangs,
the claim is no longer believed after a while. Processes of two containers may have the same pid;
the file of the second has a number behind it.

The files of others are only read, and never trusted: no link is followed, nothing but a plain
file is read, opening one never waits, and both their number and their size are bounded. What is no
claim counts as one that wants nothing. What it means for our cores is decided by
`core.allocation.shares`.
"""

from __future__ import annotations

import fcntl
import os
import re
import stat
import time
import zlib
from contextlib import suppress
from pathlib import Path

import msgspec

from supervisor.core.allocation.shares import Claim
from supervisor.pool.leases import UnusableError, open_directory

MOST = 64
"""Claims that are counted."""

_MOST_NAMES = 16_384
"""Names in the directory that are looked at."""

_MOST_OPENED = 256
_MOST_BYTES = 1 << 16
_PATIENCE_S = 10.0
"""A claim that has not been written anew for three intervals and so long wants nothing."""

_NAME = re.compile(r"claim-(\d{1,10})(-\d)?")
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_MAKE = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_CREAT | os.O_EXCL
_SAME_PIDS = 9


class _Written(msgspec.Struct, frozen=True):
    """What is in the file. `every`: seconds between two samples of that supervisor."""

    claim: Claim
    beat: int
    every: float


class Claims:
    """Our claim, and those of `others` as of the last look."""

    def __init__(self, directory: Path) -> None:
        self.others: tuple[Claim, ...] = ()
        self.moved = False
        """Whether another's leases changed between the last two looks."""
        self.since = time.time()
        self._directory = directory
        self._name: str | None = None
        self._file = -1
        self._beat = 0
        self._beats: dict[str, tuple[int, float]] = {}
        """By file: the last beat, and when it was new."""
        self.error: str | None = None
        """Why our claim cannot be written, in one line; cores are not shared then."""
        self.strange: str | None = None
        """Why the claim of another cannot be read, in one line."""

    def look(self, now: float) -> None:
        """Read the claims of others. `now`: any steady clock, in seconds."""
        before = {claim.holds for claim in self.others}
        self.strange = None
        try:
            directory = open_directory(self._directory)
        except (OSError, UnusableError):
            self.others = ()  # `publish` says why
        else:
            try:
                self.others = self._read_all(directory, now)
            finally:
                os.close(directory)
        self.moved = {claim.holds for claim in self.others} != before

    def publish(self, claim: Claim, every: float) -> None:
        """Write our claim. `every`: seconds until it is written again, at most."""
        self._beat += 1
        document = msgspec.json.encode(_Written(claim, self._beat, every))
        line = b"%08x %b\n" % (zlib.crc32(document), document)
        try:
            if self._name is None or not os.fstat(self._file).st_nlink:
                self._make()
            os.pwrite(self._file, line, 0)
            os.ftruncate(self._file, len(line))
        except UnusableError as error:
            self.error = f"core shares: {error}"
        except OSError as error:
            self.error = f"core shares: {self._directory}: {error.strerror}"
        else:
            self.error = None

    def close(self) -> None:
        """Take our claim back."""
        if self._name is not None:
            with suppress(OSError):
                (self._directory / self._name).unlink()
        self._forget()

    # -- our own ------------------------------------------------------------------------

    def _make(self) -> None:
        """Make our file, under a name that no other has. Raises OSError, UnusableError."""
        self._forget()
        directory = open_directory(self._directory)
        try:
            self._file, name = _make_file(directory)
        finally:
            os.close(directory)
        os.fchmod(self._file, 0o644)
        # Who takes it for a dead one's at this moment removes it; then the next one is made.
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._name = name

    def _forget(self) -> None:
        if self._file >= 0:
            os.close(self._file)
        self._file, self._name = -1, None

    # -- those of others ----------------------------------------------------------------

    def _read_all(self, directory: int, now: float) -> tuple[Claim, ...]:
        claims: list[Claim] = []
        beats: dict[str, tuple[int, float]] = {}
        for name in self._names(directory):
            if len(claims) == MOST:
                break
            found = self._read(name, directory)
            if found is None:
                continue
            seen, at = self._beats.get(name, (None, now))
            beats[name] = (found.beat, now if found.beat != seen else at)
            silent_s = now - beats[name][1]
            claims.append(
                found.claim
                if silent_s <= 3 * found.every + _PATIENCE_S
                else msgspec.structs.replace(found.claim, wanted=len(found.claim.holds))
            )
        self._beats = beats
        return tuple(claims)

    def _names(self, directory: int) -> list[str]:
        names = []
        with os.scandir(directory) as entries:
            for _, entry in zip(range(_MOST_NAMES), entries, strict=False):
                if entry.name != self._name and _NAME.fullmatch(entry.name):
                    names.append(entry.name)
                    if len(names) == _MOST_OPENED:
                        break
        return sorted(names)

    def _read(self, name: str, directory: int) -> _Written | None:
        """The claim in this file; None where it is a dead one's, which is removed if it may be."""
        try:
            file = os.open(name, _READ, dir_fd=directory)
        except FileNotFoundError:
            return None
        except OSError as error:
            return self._unreadable(name, str(error.strerror))
        try:
            if stat.S_ISREG(os.fstat(file).st_mode) and _unlocked(file):
                with suppress(OSError):
                    os.unlink(name, dir_fd=directory)
                return None
            return _decode(file)
        except (OSError, ValueError):
            return self._unreadable(name, "no claim of a supervisor; remove it if nobody needs it")
        finally:
            os.close(file)

    def _unreadable(self, name: str, why: str) -> _Written:
        self.strange = f"core shares: {self._directory / name}: {why}"
        match = _NAME.fullmatch(name)
        pid = int(match[1]) if match else 0
        return _Written(Claim(pid=pid, since=self.since, weight=1.0, wanted=0, least=0), 0, 0.0)


def _make_file(directory: int) -> tuple[int, str]:
    """Make a file for this process. Raises OSError."""
    name = f"claim-{os.getpid()}"
    for number in range(2, _SAME_PIDS + 1):
        with suppress(FileExistsError):
            return os.open(name, _MAKE, 0o644, dir_fd=directory), name
        name = f"claim-{os.getpid()}-{number}"
    return os.open(name, _MAKE, 0o644, dir_fd=directory), name


def _unlocked(file: int) -> bool:
    """Whether the one who made this file is dead."""
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _decode(file: int) -> _Written:
    """Read a claim, twice where it was written meanwhile. Raises OSError, ValueError."""
    for _ in range(2):
        checksum, _, document = os.pread(file, _MOST_BYTES, 0).partition(b"\n")[0].partition(b" ")
        if checksum == b"%08x" % zlib.crc32(document):
            return msgspec.json.decode(document, type=_Written)
    raise ValueError("no claim")
