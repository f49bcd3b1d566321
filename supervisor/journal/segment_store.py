"""Cached segments on disk: one file each, read and written by a thread of its own.

Nothing depends on them. A file that is torn, damaged or gone is a segment that has to be spoken
again, and a full disk is a segment that is not kept. A file has the name of its key, which tells
neither text nor owner, and ends with a digest of all that is before it. What was used longest ago
goes first.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import queue
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec

from supervisor.core.jobs import events as e
from supervisor.core.jobs.audio import Pcm, Stored, Worded, with_words
from supervisor.core.jobs.repeats import KEY_BYTES
from supervisor.core.jobs.segment_cache import Spoken
from supervisor.files import PRIVATE, replace_file
from supervisor.logs import RepeatedWarning, get_logger
from supervisor.speech import Word

DIRECTORY: Final = "segments"

_FORMAT: Final = 1
_DIGEST_BYTES: Final = 16
_LENGTH_BYTES: Final = 4
_MOST_WAITING: Final = 64
"""With so much waiting for the disk, no segment is kept."""
_FOUND_AT_ONCE: Final = 4096

log = get_logger(__name__)


class _Header(msgspec.Struct, frozen=True, array_like=True):
    """What stands before the audio. `at`: Unix seconds at which it was made."""

    format: int
    key: bytes
    made_by: str
    exact: bool
    seconds: float
    at: float
    sizes: tuple[int, ...]
    words: tuple[Word, ...]


class DamagedError(ValueError):
    """A file that is no whole segment."""


def pack(key: bytes, spoken: Spoken, at: float) -> list[bytes | memoryview]:
    """The parts of a file; `at`: Unix seconds at which the segment was made."""
    words: tuple[Word, ...] = ()
    audio: list[bytes | memoryview] = []
    for piece in spoken.pieces:
        if isinstance(piece, Worded):
            words = piece.words
            audio.append(piece.pcm)
        elif not isinstance(piece, Stored):
            audio.append(piece)
    header = msgspec.msgpack.encode(
        _Header(
            format=_FORMAT,
            key=key,
            made_by=spoken.made_by,
            exact=spoken.exact,
            seconds=spoken.seconds,
            at=at,
            sizes=tuple(map(len, audio)),
            words=words,
        )
    )
    parts = [len(header).to_bytes(_LENGTH_BYTES, "little"), header, *audio]
    digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    for part in parts:
        digest.update(part)
    return [*parts, digest.digest()]


def unpack(key: bytes, data: bytes, now: float, wall: float) -> Spoken:
    """The segment in a file; `now` and `wall` are the same moment, monotonic and in Unix seconds.

    Raises DamagedError.
    """
    end = len(data) - _DIGEST_BYTES
    view = memoryview(data)
    if end < _LENGTH_BYTES or hashlib.blake2b(
        view[:end], digest_size=_DIGEST_BYTES
    ).digest() != bytes(view[end:]):
        raise DamagedError("it is cut off or damaged")
    start = _LENGTH_BYTES + int.from_bytes(view[:_LENGTH_BYTES], "little")
    try:
        header = msgspec.msgpack.decode(view[_LENGTH_BYTES:start], type=_Header)
    except msgspec.MsgspecError:
        raise DamagedError("it is of another version") from None
    if header.format != _FORMAT or header.key != key or start + sum(header.sizes) != end:
        raise DamagedError("it is another segment, or of another version")
    pieces: list[bytes | memoryview] = []
    for size in header.sizes:
        pieces.append(view[start : start + size])
        start += size
    audio: tuple[Pcm, ...] = with_words(tuple(pieces), header.words)
    at = now - max(0.0, wall - header.at)
    return Spoken(audio, header.made_by, header.exact, header.seconds, at)


def remove_all(directory: Path) -> int:
    """Remove the segments in a state directory; returns how many there were. Raises OSError.

    File by file: the directory may be a link to another disk, or the place where one is mounted.
    """
    path = directory / DIRECTORY
    removed = 0
    for entry in list(os.scandir(path)) if path.is_dir() else ():
        if not entry.is_dir(follow_symlinks=False):
            Path(entry.path).unlink(missing_ok=True)
            removed += _key_of(entry.name) is not None
    with suppress(OSError):
        path.rmdir()
    return removed


class SegmentStore:
    """The segments in `directory`, up to a number of bytes; `tell` takes the events."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        directory: Path,
        tell: Callable[[e.Event], None],
    ) -> None:
        self.bytes = 0
        """Bytes of the files that are known."""
        self._loop = loop
        self._path = directory / DIRECTORY
        self._tell = tell
        self._most = 0
        self._sizes: OrderedDict[bytes, int] = OrderedDict()
        """By key, what was used last at the end. The thread's alone."""
        self._problems = RepeatedWarning(log, time.monotonic)
        self._queue: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self.effects: Mapping[type, Callable[[Any], None]] = {
            e.ReadCached: self._read,
            e.WriteCached: self._write,
            e.ClearCached: self._clear,
        }
        """The handler of each job command for cached segments on disk."""

    def configure(self, most: int) -> None:
        """Keep so many bytes at most; with 0 nothing is left of what was kept before."""
        if most == self._most and (most or not self._path.exists()):
            return
        opened, self._most = bool(self._most), most
        if not most:
            self._do(self._remove_all)
        else:
            self._do(partial(self._fit if opened else self._open, most))

    def close(self) -> None:
        """End the thread; what waits to be written is dropped."""
        if self._thread is not None:
            self._most = 0
            self._queue.put(None)
            self._thread.join()

    # -- commands, on the event loop ----------------------------------------------------

    def _read(self, command: e.ReadCached) -> None:
        self._do(lambda: self._answer(command))

    def _write(self, command: e.WriteCached) -> None:
        at = time.time() - max(0.0, self._loop.time() - command.spoken.at)
        if self._queue.qsize() < _MOST_WAITING:
            self._do(lambda: self._store(command.key, command.spoken, at))

    def _clear(self, _command: e.ClearCached) -> None:
        if self._most:
            self._do(self._remove_all)

    def _do(self, work: Callable[[], None]) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="segments", daemon=True)
            self._thread.start()
        self._queue.put(work)

    # -- the thread ---------------------------------------------------------------------

    def _run(self) -> None:
        while (work := self._queue.get()) is not None:
            try:
                work()
            except OSError as error:
                what = error.strerror or str(error)
                self._problems.warn(what, f"cache: {self._path} cannot be used: {what}")

    def _open(self, most: int) -> None:
        """Find what is there, and tell of it."""
        self._make_directory()
        found: list[tuple[float, bytes, int]] = []
        for entry in os.scandir(self._path):
            with suppress(OSError):
                key = _key_of(entry.name)
                if key is None:  # What a killed writer left.
                    (self._path / entry.name).unlink()
                else:
                    stat = entry.stat(follow_symlinks=False)
                    found.append((stat.st_mtime, key, stat.st_size))
        self._sizes = OrderedDict((key, size) for _used, key, size in sorted(found))
        self.bytes = sum(self._sizes.values())
        self._fit(most)
        keys = list(self._sizes)
        for first in range(0, len(keys), _FOUND_AT_ONCE):
            self._told(keys[first : first + _FOUND_AT_ONCE])

    def _told(self, keys: list[bytes]) -> None:
        self._call(lambda: self._tell(e.CachedFound(self._loop.time(), tuple(keys))))

    def _answer(self, command: e.ReadCached) -> None:
        spoken = None
        try:
            spoken = self._load(command.key)
        finally:
            self._call(lambda: self._tell(e.CachedRead(self._loop.time(), command.maker, spoken)))

    def _load(self, key: bytes) -> Spoken | None:
        path = self._path / key.hex()
        try:
            data = path.read_bytes()
            spoken = unpack(key, data, self._loop.time(), time.time())
        except FileNotFoundError:
            self._forget(key)
            return None
        except DamagedError as error:
            self._problems.warn(f"{error}", f"cache: a segment is spoken again: {error}")
            self._remove(key)
            return None
        self._used(key, len(data))
        with suppress(OSError):
            os.utime(path)
        return spoken

    def _store(self, key: bytes, spoken: Spoken, at: float) -> None:
        most = self._most
        if not most:
            return
        parts = pack(key, spoken, at)
        size = sum(map(len, parts))
        if size > most:
            return
        self._fit(most - size)
        self._make_directory()  # Another supervisor, or a cleaner, may have removed it.
        with replace_file(
            self._path / key.hex(), durable=False, mode=PRIVATE, sole_writer=True
        ) as file:
            for part in parts:
                file.write(part)
        self._used(key, size)
        self._problems.resolved("cache: segments are kept on disk again")
        self._told([key])

    def _make_directory(self) -> None:
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _fit(self, most: int) -> None:
        """Remove what was used longest ago until so many bytes are left."""
        while self.bytes > most:
            self._remove(next(iter(self._sizes)))

    def _remove_all(self) -> None:
        self._sizes.clear()
        self.bytes = 0
        remove_all(self._path.parent)

    def _remove(self, key: bytes) -> None:
        self._forget(key)
        with suppress(OSError):
            (self._path / key.hex()).unlink()

    def _used(self, key: bytes, size: int) -> None:
        """Note a file that is there, as the one that was used last."""
        self._forget(key)
        self._sizes[key] = size
        self.bytes += size

    def _forget(self, key: bytes) -> None:
        self.bytes -= self._sizes.pop(key, 0)

    def _call(self, function: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # The loop may be closed already.
            self._loop.call_soon_threadsafe(function)


def _key_of(name: str) -> bytes | None:
    """The key that a file is named by."""
    try:
        key = bytes.fromhex(name)
    except ValueError:
        return None
    return key if len(key) == KEY_BYTES and key.hex() == name else None
