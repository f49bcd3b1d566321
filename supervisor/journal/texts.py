"""Texts of durable jobs that are still open: a file for each, to which pieces and cuts are added.

A text comes in pieces, thousands of them, so it is no column of a table (`store`). Each record says
how long it is and has a checksum: what a killed supervisor or a damaged disk leaves behind the last
sound one is cut off. The text moves to the table when it is whole; then the file is overwritten and
removed, as it is when its job ends.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from supervisor.core.jobs.job import MOST_LEFT_OUT
from supervisor.core.jobs.parts import Part, line_of, part_of
from supervisor.core.jobs.request import Unread
from supervisor.files import PRIVATE, sync_directory
from supervisor.logs import get_logger
from supervisor.speech import LeftOut

_SUFFIX: Final = ".text"
_HEAD_BYTES: Final = 8
"""Length of a record and its checksum, 4 bytes each."""

log = get_logger(__name__)


class Piece(msgspec.Struct, frozen=True, array_like=True, tag="piece"):
    """More of a text, from its byte `at` on. `flush`: all so far is spoken; `last`: it is whole."""

    at: int
    body: bytes
    flush: bool
    last: bool


class Cut(msgspec.Struct, frozen=True, array_like=True, tag="cut"):
    """The next parts of a text, a line each, up to so many of its characters; `left_out` of it."""

    taken: int
    lines: tuple[str, ...]
    left_out: tuple[LeftOut, ...]


class OpenText(msgspec.Struct, frozen=True):
    """What a file has: the parts so far, what of the text they leave out, and what is not cut."""

    parts: tuple[Part, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    unread: Unread = Unread()


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Piece | Cut).decode


class JournalTexts:
    """Files under `directory`. `durable`: what is added survives a power loss."""

    def __init__(self, directory: Path, *, durable: bool) -> None:
        self._directory = directory
        self._durable = durable

    def add(self, job: str, record: Piece | Cut) -> None:
        """Add a record. Raises OSError, and leaves the file as it was."""
        payload = _encode(record)
        head = len(payload).to_bytes(4, "little") + zlib.crc32(payload).to_bytes(4, "little")
        path = self._path(job)
        new = not path.exists()
        if new:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(path, flags, PRIVATE)
        try:
            before = os.fstat(descriptor).st_size
            try:
                _write(descriptor, head + payload)
                if self._durable:
                    os.fsync(descriptor)
            except OSError:
                os.ftruncate(descriptor, before)
                raise
        finally:
            os.close(descriptor)
        if new and self._durable:
            sync_directory(self._directory)

    def read(self, job: str) -> OpenText:
        """What was added so far; all behind the last sound record is cut off. Raises OSError."""
        try:
            data = self._path(job).read_bytes()
        except FileNotFoundError:
            return OpenText()
        parts: list[Part] = []
        left_out: list[LeftOut] = []
        text = bytearray()
        taken = flushed = end = 0
        ended = False
        for at, record in _records(data):
            if isinstance(record, Cut):
                parts += map(part_of, record.lines)
                left_out += record.left_out
                taken = record.taken
            elif record.at == len(text):
                text += record.body
                ended = ended or record.last
                flushed = len(text) if record.flush or record.last else flushed
            else:
                break
            end = at
        if end < len(data):
            what = "journal: the text of job %s ends with %d bytes that were not written whole"
            log.warning(what, job, len(data) - end, extra={"data": {"job": job}})
            os.truncate(self._path(job), end)
        # What is no UTF-8 stays as it is: the job ends when that is read.
        characters = text.decode("utf-8", "surrogateescape")
        body = characters[taken:].encode("utf-8", "surrogateescape")
        at = len(text) - len(body)
        unread = Unread(body, taken, len(text), max(0, flushed - at), ended)
        return OpenText(tuple(parts), tuple(left_out[:MOST_LEFT_OUT]), unread)

    def forget(self, job: str) -> None:
        """Overwrite and remove a text; what cannot be removed now is at the next start."""
        with suppress(OSError):
            _remove(self._path(job))

    def keep_only(self, jobs: set[str]) -> None:
        """Remove the texts of all jobs but these."""
        with suppress(OSError):
            for path in self._directory.iterdir():
                if path.name.removesuffix(_SUFFIX) not in jobs or path.suffix != _SUFFIX:
                    with suppress(OSError):
                        _remove(path)

    def _path(self, job: str) -> Path:
        return self._directory / f"{job}{_SUFFIX}"


def cut_record(taken: int, parts: tuple[Part, ...], left_out: tuple[LeftOut, ...]) -> Cut:
    """The record of a cut."""
    return Cut(taken, tuple(map(line_of, parts)), left_out)


def _records(data: bytes) -> Iterator[tuple[int, Piece | Cut]]:
    """The sound records from the begin on, each with the byte behind it."""
    at = 0
    while at + _HEAD_BYTES <= len(data):
        size = int.from_bytes(data[at : at + 4], "little")
        payload = data[at + _HEAD_BYTES : at + _HEAD_BYTES + size]
        checksum = int.from_bytes(data[at + 4 : at + _HEAD_BYTES], "little")
        if len(payload) < size or zlib.crc32(payload) != checksum:
            return
        try:
            record = _decode(payload)
        except msgspec.MsgspecError:
            return
        at += _HEAD_BYTES + size
        yield at, record


def _write(descriptor: int, data: bytes) -> None:
    """Write all of it: a disk that is nearly full may take a part."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _remove(path: Path) -> None:
    """Overwrite a file, as the database does with a text that it deletes, and remove it."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        os.pwrite(descriptor, bytes(os.fstat(descriptor).st_size), 0)
    finally:
        os.close(descriptor)
    path.unlink()
