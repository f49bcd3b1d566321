"""The audio of durable jobs: one file for each segment, in one directory for each job.

A file is written atomically (`supervisor.files`). It ends with its own length, for a power loss
may leave the name of a file without its content.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from supervisor.core.jobs.audio import Stored
from supervisor.core.jobs.timings import SAMPLE_BYTES
from supervisor.files import PRIVATE, replace_file, sync_directory
from supervisor.logs import get_logger

_LENGTH_BYTES = 8
_SUFFIX = ".pcm"

log = get_logger(__name__)


class JournalAudio:
    """Files under `directory`. `durable`: a file survives a power loss once it is written."""

    def __init__(self, directory: Path, *, durable: bool) -> None:
        self._directory = directory
        self._durable = durable

    def write(self, job: str, segment: int, pieces: Iterable[bytes | memoryview]) -> Stored:
        """Store the audio of one segment. Raises OSError, without leaving a file."""
        directory = self._directory / job
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        size = 0
        with replace_file(
            directory / f"{segment}{_SUFFIX}",
            durable=self._durable,
            mode=PRIVATE,
            sole_writer=True,
        ) as file:
            for piece in pieces:
                size += file.write(piece)
            file.write(size.to_bytes(_LENGTH_BYTES, "little"))
        if self._durable:
            sync_directory(self._directory)
        return Stored(job, segment, 0, size)

    def read(self, stored: Stored) -> bytes:
        """Read stored audio. Raises OSError."""
        path = self._directory / stored.job / f"{stored.segment}{_SUFFIX}"
        with open(path, "rb", buffering=0) as file:
            pcm = os.pread(file.fileno(), stored.size, stored.start)
        if len(pcm) != stored.size:
            raise OSError(None, f"{path} is cut off")
        return pcm

    def segments(self, job: str) -> Iterator[Stored]:
        """Stored segments of a job, whole files only; what cannot be read does not count."""
        try:
            names = os.listdir(self._directory / job)
        except FileNotFoundError:
            return
        except OSError as error:
            what = "journal: the audio of job %s cannot be read: %s"
            log.warning(what, job, error, extra={"data": {"job": job}})
            return
        for name in names:
            number, dot, suffix = name.partition(".")
            if dot + suffix == _SUFFIX and number.isdecimal():
                size = self._size(self._directory / job / name)
                if size is not None:
                    yield Stored(job, int(number), 0, size)

    def forget(self, job: str) -> None:
        """Remove the audio of a job; what cannot be removed now is an orphan at the next start."""
        shutil.rmtree(self._directory / job, ignore_errors=True)

    @staticmethod
    def _size(path: Path) -> int | None:
        """Bytes of audio in a file, None if it is not whole or cannot be read."""
        try:
            with open(path, "rb", buffering=0) as file:
                size = os.fstat(file.fileno()).st_size - _LENGTH_BYTES
                if size < 0:
                    return None
                length = os.pread(file.fileno(), _LENGTH_BYTES, size)
        except OSError as error:
            log.warning("journal: %s cannot be read: %s", path, error)
            return None
        whole = int.from_bytes(length, "little") == size and size % SAMPLE_BYTES == 0
        return size if whole else None
