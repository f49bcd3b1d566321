"""Audio that no row of the journal names: kept aside for a while, and logged when removed.

It remains when the journal was moved away or replaced by an older one, or when a supervisor was
killed while it removed a job. It moves to `audio.orphaned`, a directory for each job as before, and
back when the journal knows its job again. It is removed after the time for which results are kept,
or by the operator.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Container, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from supervisor.logs import get_logger

ASIDE = ".orphaned"
"""Suffix of the directory of orphans."""

log = get_logger(__name__)


class OrphanUsage(NamedTuple):
    """Space that orphans take: jobs, each with a directory, and bytes."""

    jobs: int = 0
    bytes: int = 0


class Orphans:
    """Audio without a job, beside the directory `audio`; what cannot be moved stays there."""

    def __init__(self, audio: Path) -> None:
        self._audio = audio
        self.path = audio.with_name(audio.name + ASIDE)
        """The directory of orphans."""
        self.usage = OrphanUsage()
        """Their number and size, as of the last look."""

    def adopt(self, job: str) -> None:
        """Move the audio of a job that the journal knows back to it."""
        with suppress(OSError):
            if not (self._audio / job).exists():
                (self.path / job).rename(self._audio / job)

    def put_aside(self, known: Container[str], retention_s: float, *, new: bool) -> None:
        """Move audio without a job here. `new`: the journal has just been made."""
        moved, size = 0, 0
        in_its_place = self._audio.exists() and not self._audio.is_dir()
        for path in [self._audio] if in_its_place else list(_inside(self._audio)):
            if path.name in known:
                continue
            with suppress(OSError):
                path.rmdir()
                continue
            try:
                size += _bytes(path)
                self._move(path)
                moved += 1
            except OSError as error:
                log.warning("journal: %s belongs to no job and cannot be moved: %s", path, error)
        if moved:
            log.warning(
                "journal: audio of %d jobs that the journal does not know, %.1f MB, was moved to "
                "%s; it is removed after %g s, or by you%s",
                moved,
                size / 1e6,
                self.path,
                retention_s,
                _NEW if new else "",
            )
        self._look()

    def expire(self, retention_s: float) -> None:
        """Remove orphans that are older than `retention_s`."""
        removed, size, now = 0, 0, time.time()
        for path in list(_inside(self.path)):
            with suppress(OSError):
                if now - path.lstat().st_mtime >= retention_s:
                    size += _bytes(path)
                    _remove(path)
                    removed += 1
        if removed:
            log.warning(
                "journal: audio of %d jobs that the journal does not know, %.1f MB, was removed "
                "from %s after %g s",
                removed,
                size / 1e6,
                self.path,
                retention_s,
            )
        self._look()

    def _move(self, path: Path) -> None:
        self.path.mkdir(mode=0o700, exist_ok=True)
        target, number = self.path / path.name, 1
        while target.exists():
            number += 1
            target = self.path / f"{path.name}-{number}"
        path.rename(target)
        os.utime(target)

    def _look(self) -> None:
        there = list(_inside(self.path))
        self.usage = OrphanUsage(len(there), sum(map(_bytes, there)))
        with suppress(OSError):
            self.path.rmdir()  # when it is empty


_NEW = (
    ". The journal is new: if the old one was moved away, stop the supervisor and put it back, "
    "and it has its audio again"
)


def _inside(directory: Path) -> Iterator[Path]:
    with suppress(OSError):
        yield from directory.iterdir()


def _bytes(path: Path) -> int:
    """Bytes of a file, or of the files in a directory."""
    size = 0
    for each in (path, *_inside(path)) if path.is_dir() else (path,):
        with suppress(OSError):
            status = each.lstat()
            size += status.st_size if not each.is_dir() else 0
    return size


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
