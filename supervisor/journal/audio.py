"""The audio of durable jobs: one file for each segment, in one directory for each job.

A file is written atomically (`supervisor.files`). It ends with its own length, for a power loss
may leave the name of a file without its content. The words of a segment, where there are any, lie
in a file of their own, which is written first: without it the audio is sent without them.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from supervisor.core.jobs.audio import Stored, Worded
from supervisor.core.jobs.timings import SAMPLE_BYTES
from supervisor.files import PRIVATE, replace_file, sync_directory
from supervisor.logs import get_logger
from supervisor.speech import Word

_LENGTH_BYTES = 8
_SUFFIX = ".pcm"
_WORDS_SUFFIX = ".words"

_encode_words = msgspec.msgpack.Encoder().encode
_decode_words = msgspec.msgpack.Decoder(tuple[Word, ...]).decode

log = get_logger(__name__)


class JournalAudio:
    """Files under `directory`. `durable`: a file survives a power loss once it is written."""

    def __init__(self, directory: Path, *, durable: bool) -> None:
        self._directory = directory
        self._durable = durable

    def write(
        self, job: str, segment: int, pieces: Iterable[bytes | memoryview | Worded]
    ) -> Stored:
        """Store the audio of one segment. Raises OSError, without leaving its file."""
        directory = self._directory / job
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        size = 0
        words = False
        with replace_file(
            directory / f"{segment}{_SUFFIX}",
            durable=self._durable,
            mode=PRIVATE,
            sole_writer=True,
        ) as file:
            for piece in pieces:
                if isinstance(piece, Worded):
                    self._write_words(directory / f"{segment}{_WORDS_SUFFIX}", piece.words)
                    words = True
                    size += file.write(piece.pcm)
                else:
                    size += file.write(piece)
            file.write(size.to_bytes(_LENGTH_BYTES, "little"))
        if self._durable:
            sync_directory(self._directory)
        return Stored(job, segment, 0, size, words)

    def _write_words(self, path: Path, words: tuple[Word, ...]) -> None:
        with replace_file(path, durable=self._durable, mode=PRIVATE, sole_writer=True) as file:
            file.write(_encode_words(words))

    def read(self, stored: Stored) -> bytes | Worded:
        """Read stored audio, with its words where it has them. Raises OSError."""
        path = self._directory / stored.job / f"{stored.segment}{_SUFFIX}"
        with open(path, "rb", buffering=0) as file:
            pcm = os.pread(file.fileno(), stored.size, stored.start)
        if len(pcm) != stored.size:
            raise OSError(None, f"{path} is cut off")
        if not stored.words:
            return pcm
        try:
            return Worded(pcm, _decode_words(path.with_suffix(_WORDS_SUFFIX).read_bytes()))
        except (OSError, msgspec.DecodeError) as error:
            log.warning("journal: the words of %s cannot be read: %s", path, error)
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
        present = set(names)
        for name in names:
            number, dot, suffix = name.partition(".")
            if dot + suffix == _SUFFIX and number.isdecimal():
                size = self._size(self._directory / job / name)
                if size is not None:
                    words = f"{number}{_WORDS_SUFFIX}" in present
                    yield Stored(job, int(number), 0, size, words)

    def cut_off(self, job: str, segments: int) -> None:
        """Remove the audio of all segments but the first so many, which other ones will follow."""
        directory = self._directory / job
        with suppress(OSError):
            for name in os.listdir(directory):
                number = name.partition(".")[0]
                if number.isdecimal() and int(number) >= segments:
                    with suppress(OSError):
                        (directory / name).unlink()

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
