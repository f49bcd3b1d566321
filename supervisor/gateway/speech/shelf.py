"""Finished files: audio that is made whole before it is sent, on disk and never in memory.

A file has no name on the disk, so it is gone with the process, whatever ends that. It is there for
as long as somebody holds it: who makes it, who sends it, and for a while the shelf, which keeps it
for those who come again for a part of it. All files together have a bound (`http.max_files_mb`),
and what is kept makes room for what is being made.
"""

from __future__ import annotations

import asyncio
import os
import resource
import secrets
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

from supervisor.audio.formats import AudioFormat
from supervisor.config.paths import cache_directory
from supervisor.config.sections.http import Http
from supervisor.gateway.errors import SERVER, ApiError
from supervisor.logs import get_logger

KEPT_FILES: Final = 256
"""Most files that are kept: each is an open one. Where few may be open, an eighth of these."""

PIECE_BYTES: Final = 32 * 1024
"""Bytes that are read at once, so that a slow reader holds little memory."""

_NAME_BYTES: Final = 16
_RETRY_S: Final = 60

log = get_logger(__name__)


class FinishedFile:
    """A file on the shelf. `stream` is written to while it is made, `size` counts the bytes."""

    def __init__(self, shelf: Shelf, format: AudioFormat, owner: str | None) -> None:
        self.format = format
        self.owner = owner
        self.tag = secrets.token_urlsafe(_NAME_BYTES)
        self.name = f"{self.tag}.{format.name}"
        self.stream: IO[bytes] = tempfile.TemporaryFile(  # noqa: SIM115 - closed by who lets go last
            dir=shelf.directory()
        )
        self.size = 0
        self._shelf = shelf
        self._holders = 0

    @contextmanager
    def held(self) -> Iterator[FinishedFile]:
        """Within the block the file is there; it is deleted when nobody holds it any more."""
        self.hold()
        try:
            yield self
        finally:
            self.let_go()

    def hold(self) -> None:
        """One more holds it."""
        self._holders += 1

    def let_go(self) -> None:
        """One fewer does."""
        self._holders -= 1
        if not self._holders:
            self._shelf.count(-self.size)
            with suppress(OSError):  # What could not be written is dropped.
                self.stream.close()

    @property
    def shared(self) -> bool:
        """Whether more than one holds it."""
        return self._holders > 1

    def measure(self) -> None:
        """Count what was written since the last call. Raises ApiError where there is no room."""
        size = os.fstat(self.stream.fileno()).st_size
        grown, self.size = size - self.size, size
        self._shelf.count(grown)
        most = self.format.most_bytes
        if most is not None and size > most:
            text = f"a {self.format.name} file cannot be that long; choose flac or mp3"
            raise ApiError(413, text, code="file_too_large", param="response_format")
        self._shelf.make_room(self)

    async def pieces(self, start: int, stop: int) -> AsyncIterator[bytes]:
        """Its bytes from `start` to before `stop`. Raises OSError."""
        descriptor = self.stream.fileno()
        while start < stop:
            wanted = min(PIECE_BYTES, stop - start)
            piece = await asyncio.to_thread(os.pread, descriptor, wanted, start)
            if not piece:
                raise OSError("a finished file ends too early")
            start += len(piece)
            yield piece


class Shelf:
    """All finished files of this gateway."""

    def __init__(self, settings: Http) -> None:
        self.kept_s = settings.files_kept_s
        self._most_bytes = settings.max_files_mb * 1_000_000
        self._bytes = 0
        self._kept: dict[str, FinishedFile] = {}
        self._directory: Path | None = None

    @contextmanager
    def file(self, format: AudioFormat, owner: str | None = None) -> Iterator[FinishedFile]:
        """A new file to be written. `owner`: the client that it is for, if others are not to get
        it. Raises ApiError.
        """
        try:
            file = FinishedFile(self, format, owner)
        except OSError as error:
            raise no_disk(error) from error
        with file.held():
            yield file

    def keep(self, file: FinishedFile) -> bool:
        """Keep a file for a while; False where none is kept. The oldest make room."""
        if self.kept_s == 0:
            return False
        file.hold()
        self._kept[file.name] = file
        while len(self._kept) > _most_files():
            self.drop(next(iter(self._kept)))
        asyncio.get_running_loop().call_later(self.kept_s, self.drop, file.name)
        return True

    def drop(self, name: str) -> None:
        """Keep this file no longer, if it is kept."""
        file = self._kept.pop(name, None)
        if file is not None:
            file.let_go()

    def find(self, name: str, owner: str | None) -> FinishedFile | None:
        """A file that is kept; None if there is none, or it is somebody else's."""
        file = self._kept.get(name)
        return file if file is not None and file.owner == owner else None

    def count(self, grown: int) -> None:
        """Count bytes that files have more, or fewer, than before."""
        self._bytes += grown

    def make_room(self, file: FinishedFile) -> None:
        """Drop what is kept until all is within the bound. Raises ApiError where that is not
        enough for this file.
        """
        if file.size > self._most_bytes:
            text = (
                f"the file has more than {self._most_bytes:,} bytes (http.max_files_mb): take it "
                "as a stream, in parts, or compressed"
            )
            raise ApiError(413, text, code="file_too_large", param="stream")
        unused = [kept for kept in self._kept.values() if not kept.shared] if self._over else []
        while self._over and unused:
            self.drop(unused.pop(0).name)
        if self._over:
            text = "other files take all the room that there is (http.max_files_mb): take a stream"
            raise ApiError(503, text, type=SERVER, code="no_room", retry_after_s=_RETRY_S)

    @property
    def _over(self) -> bool:
        return self._bytes > self._most_bytes

    def directory(self) -> Path:
        """Where the files are: the cache directory, which is on a disk where /tmp may be memory;
        else the one for temporary files.
        """
        if self._directory is None:
            cache = cache_directory(os.environ)
            try:
                cache.mkdir(mode=0o700, parents=True, exist_ok=True)
                with tempfile.TemporaryFile(dir=cache):
                    self._directory = cache
            except OSError:
                self._directory = Path(tempfile.gettempdir())
                log.info("gateway: finished files are made in %s", self._directory)
        return self._directory

    def close(self) -> None:
        """Keep nothing any more."""
        for name in list(self._kept):
            self.drop(name)


def _most_files() -> int:
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return KEPT_FILES if soft == resource.RLIM_INFINITY else min(KEPT_FILES, soft // 8)


def no_disk(error: OSError) -> ApiError:
    """The error of a file that cannot be written."""
    log.warning("gateway: a finished file could not be written: %s", error)
    return ApiError(
        507,
        f"the gateway cannot write the file: {error.strerror}; take it as a stream",
        type=SERVER,
        code="disk_full",
        param="stream",
        headers={"X-Should-Retry": "false"},  # OpenAI's clients would have all spoken again.
    )
