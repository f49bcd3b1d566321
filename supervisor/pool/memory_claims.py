"""Memory claims: bytes that workers which start now will take, told to the supervisors beside us.

A worker that was just started has not taken its memory yet, so it still shows as available to
every supervisor of the host. For `CLAIM_S` its bytes stand in a file of ours in the lease directory
(`leases`, which makes it), locked for as long as this process lives, and are taken off what is
available. Whoever writes first and reads afterwards has two that start at once see each other.

Any user can write to the directory, so files of others are bounded and never waited for: no link
is followed, no pipe is opened, and what is not a claim counts as nothing.
"""

from __future__ import annotations

import fcntl
import math
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

CLAIM_S = 10.0
"""Time after which a started worker has taken its memory."""

_PREFIX = "memory-"
_MOST_FILES = 64
_MOST_BYTES = 4096
_FLAGS = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


class _Claim(msgspec.Struct):
    """Bytes, until a second of the host's monotonic clock, which all its processes share."""

    bytes: int
    until: int


class MemoryClaims:
    """Our claims and those of others; without a directory that can be used ours alone."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._name = f"{_PREFIX}{os.getpid()}-{os.urandom(4).hex()}"
        self._file = -1
        self._claims: dict[int, int] = {}
        """Bytes by the second until which they are claimed."""

    @property
    def own(self) -> int:
        """Bytes that we claim now."""
        now = time.monotonic()
        return sum(size for until, size in self._claims.items() if until > now)

    def claim(self, size: int) -> None:
        """Claim so many bytes from now on; fewer than none where a worker did not start."""
        now = time.monotonic()
        self._claims = {until: each for until, each in self._claims.items() if until > now}
        until = math.ceil(now + CLAIM_S)
        self._claims[until] = self._claims.get(until, 0) + size
        with suppress(OSError):
            self._write()

    def others(self) -> int:
        """Bytes that other supervisors claim now."""
        now, found = time.monotonic(), 0
        with suppress(OSError), self._opened() as directory:
            names = [name for name in os.listdir(directory) if name.startswith(_PREFIX)]
            for name in names[:_MOST_FILES]:
                if name != self._name:
                    with suppress(OSError, msgspec.MsgspecError):
                        found += self._read(name, directory, now)
        return found

    def close(self) -> None:
        """Give our claims up."""
        if self._file < 0:
            return
        with suppress(OSError), self._opened() as directory:
            os.unlink(self._name, dir_fd=directory)
        os.close(self._file)
        self._file = -1

    @contextmanager
    def _opened(self) -> Iterator[int]:
        directory = os.open(self._directory, _FLAGS | os.O_RDONLY | os.O_DIRECTORY)
        try:
            yield directory
        finally:
            os.close(directory)

    def _write(self) -> None:
        if self._file < 0:
            self._make()
        claims = [_Claim(size, until) for until, size in self._claims.items()]
        # Who meets half of it takes it for no claim, and looks again with the next sample.
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, msgspec.json.encode(claims), 0)

    def _make(self) -> None:
        """Make the file under another name: one without a lock counts as left behind."""
        fresh = f"new-{self._name}"
        with self._opened() as directory:
            flags = _FLAGS | os.O_RDWR | os.O_CREAT | os.O_EXCL
            file = os.open(fresh, flags, 0o644, dir_fd=directory)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.rename(fresh, self._name, src_dir_fd=directory, dst_dir_fd=directory)
            except OSError:
                os.close(file)
                raise
        self._file = file

    @staticmethod
    def _read(name: str, directory: int, now: float) -> int:
        found = os.open(name, _FLAGS | os.O_RDONLY, dir_fd=directory)
        try:
            if not stat.S_ISREG(os.fstat(found).st_mode):
                return 0
            if _is_left_behind(found):
                os.unlink(name, dir_fd=directory)  # Another user's stays, and means nothing.
                return 0
            claims = msgspec.json.decode(os.pread(found, _MOST_BYTES, 0), type=list[_Claim])
        finally:
            os.close(found)
        # Nobody claims for longer than we do: a file with another time is no claim of this boot.
        latest = now + CLAIM_S + 1
        return max(0, sum(claim.bytes for claim in claims if now < claim.until <= latest))


def _is_left_behind(file: int) -> bool:
    """Whether nobody holds its lock: its supervisor has ended."""
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    fcntl.flock(file, fcntl.LOCK_UN)
    return True
