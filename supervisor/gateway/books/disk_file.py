"""A file of a book on disk, to be sent whole or in part."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from supervisor.gateway.speech.shelf import PIECE_BYTES

_PIECES: Final = 8
"""Pieces that are read at once: these files are sent to players, which take a lot."""


class DiskFile:
    """An open file. What replaces it meanwhile does not disturb who reads it."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        told = os.fstat(self._descriptor)
        self.size = told.st_size
        self.tag = f"{told.st_ino:x}-{told.st_mtime_ns:x}-{told.st_size:x}"

    async def pieces(self, start: int, stop: int) -> AsyncIterator[bytes]:
        """Its bytes from `start` to before `stop`. Raises OSError."""
        while start < stop:
            wanted = min(PIECE_BYTES * _PIECES, stop - start)
            piece = await asyncio.to_thread(os.pread, self._descriptor, wanted, start)
            if not piece:
                raise OSError("a file of a book ends too early")
            start += len(piece)
            yield piece

    def close(self) -> None:
        """Close it."""
        os.close(self._descriptor)
