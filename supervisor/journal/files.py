"""The files of the journal: their names, and the moves among them.

A database that is damaged or of an older version is renamed to `journal.sqlite.before`, with its
log, and its rows are copied into a new one. A supervisor that is killed meanwhile leaves it there,
and the next one copies again. Damaged files are kept for good as `journal.sqlite.damaged-TIME`, as
they may be all that is left of a job; the operator may remove them.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

LOG: Final = "-wal"
"""Suffix of SQLite's write-ahead log."""
_INDEX: Final = "-shm"
_BEFORE: Final = ".before"
_COPY: Final = ".copy"
_DAMAGED: Final = ".damaged-"


class JournalFiles:
    """The files of the database at `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.before = _beside(path, _BEFORE)
        """The database whose rows are to be copied."""
        self.copy = _beside(path, _COPY)
        """A copy of `before` that may be changed to read its rows."""

    def lock(self) -> int:
        """Lock the files against other supervisors, until the returned descriptor is closed.

        SQLite's own lock goes with a file, and files are moved. Raises OSError, as BlockingIOError
        where another supervisor has the lock.
        """
        descriptor = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise
        except OSError:  # A file system without such locks: SQLite's own is left.
            pass
        return descriptor

    def clear_up(self) -> None:
        """Finish the moves of a supervisor that was killed during them."""
        self.drop(self.copy)
        log, its = _beside(self.path, LOG), _beside(self.before, LOG)
        if self.before.exists() and not self.path.exists() and log.exists() and not its.exists():
            log.replace(its)

    def step_back(self) -> Path | None:
        """Rename the database to `before`; if there is one, keep it aside and return where."""
        if self.before.exists():
            return self.keep_aside(self.path)
        # The log goes last: a database without its log would be taken for a whole one.
        _move(self.path, self.before)
        return None

    def make_view(self) -> Path:
        """Link a second name to `before`: SQLite removes the log of a database that it has read."""
        self.drop(self.copy)
        for ending in ("", LOG):
            if _beside(self.before, ending).exists():
                try:
                    os.link(_beside(self.before, ending), _beside(self.copy, ending))
                except OSError:  # A file system without links.
                    return self.make_copy()
        return self.copy

    def make_copy(self) -> Path:
        """Copy `before` to `copy`."""
        self.drop(self.copy)
        for ending in ("", LOG):
            if _beside(self.before, ending).exists():
                _copy(_beside(self.before, ending), _beside(self.copy, ending))
        return self.copy

    def drop(self, path: Path) -> None:
        """Remove a database and its log."""
        for each in (path, _beside(path, LOG), _beside(path, _INDEX)):
            with suppress(FileNotFoundError):
                each.unlink()

    def keep_aside(self, path: Path) -> Path:
        """Keep a database that cannot be used, with its log; returns where."""
        aside = self._new_aside()
        _move(path, aside)
        return aside

    def set_aside_no_files(self) -> list[Path]:
        """Move away what is no file in the place of one; returns where to."""
        moved = []
        for ending in ("", LOG, _INDEX):
            path = _beside(self.path, ending)
            if path.is_dir():
                moved.append(path.replace(_beside(self._new_aside(), ending)))
        return moved

    def keep_log(self, *, whole: bool) -> Path:
        """Keep a damaged log aside: move the `whole`, or copy it, for part is still to be read."""
        log, aside = _beside(self.path, LOG), _beside(self._new_aside(), LOG)
        if whole:
            return log.replace(aside)
        _copy(log, aside)
        return aside

    def _new_aside(self) -> Path:
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        name, number = f"{_DAMAGED}{stamp}", 1
        while any(p.name.startswith(self.path.name + name) for p in kept_aside(self.path)):
            number += 1
            name = f"{_DAMAGED}{stamp}-{number}"
        return _beside(self.path, name)


def kept_aside(path: Path) -> list[Path]:
    """Damaged files that were kept beside the database at `path`, the oldest first."""
    try:
        names = sorted(os.listdir(path.parent))
    except OSError:
        return []
    return [path.parent / name for name in names if name.startswith(path.name + _DAMAGED)]


def _move(path: Path, to: Path) -> None:
    """Move a database with its log, the database first."""
    if path.exists():
        path.replace(to)
    log = _beside(path, LOG)
    if log.exists() and log.stat().st_size:
        log.replace(_beside(to, LOG))
    else:
        log.unlink(missing_ok=True)
    with suppress(OSError):
        _beside(path, _INDEX).unlink()


def _copy(path: Path, to: Path) -> None:
    """Copy a file with its permissions."""
    descriptor = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as file, path.open("rb") as source:
        shutil.copyfileobj(source, file)


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)
