"""The files in an EPUB, which is a ZIP archive: found and unpacked within bounds.

Names are keys and never paths on this machine, so none can lead out of the archive. What an archive
promises of its sizes is not believed: unpacking stops at the bound.
"""

from __future__ import annotations

import io
import posixpath
import zipfile
import zlib
from typing import Final
from urllib.parse import unquote, urlsplit

from supervisor.books.book import BookError

_MOST_FILES: Final = 20_000
_MOST_UNPACKED: Final = 400_000_000
"""Bytes that are unpacked of one archive, in all."""
FILE_BYTES: Final = 40_000_000
"""Bytes of one file: more than any chapter or picture has."""
_ENCRYPTED: Final = 0x1


class Archive:
    """An EPUB's files by name. Raises BookError for what is no archive."""

    def __init__(self, data: bytes) -> None:
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
            raise BookError(
                "broken_document", f"this EPUB is damaged: {error}; get the file anew"
            ) from None
        infos = self._zip.infolist()
        if len(infos) > _MOST_FILES:
            raise BookError("too_large", f"this EPUB holds {len(infos):,} files: it is no book")
        self._files = {info.filename: info for info in infos if not info.is_dir()}
        self._by_small_letters = {name.lower(): name for name in self._files}
        self._unpacked = 0

    def find(self, name: str) -> str | None:
        """The name of a file as the archive has it, for one in letters of any case."""
        return name if name in self._files else self._by_small_letters.get(name.lower())

    def read(self, name: str) -> bytes | None:
        """A file's bytes; None where there is no such file, or its bytes are damaged.

        Raises BookError for what cannot be a book's.
        """
        known = self.find(name)
        if known is None:
            return None
        info = self._files[known]
        if info.flag_bits & _ENCRYPTED:
            raise BookError(
                "protected_document", "this EPUB is locked with a password: unlock it first"
            )
        try:
            with self._zip.open(info) as file:
                data = file.read(FILE_BYTES + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError):
            return None
        self._unpacked += len(data)
        if len(data) > FILE_BYTES or self._unpacked > _MOST_UNPACKED:
            raise BookError("too_large", "this EPUB unpacks to more than a book can be")
        return data


def resolved(base: str, reference: str) -> tuple[str, str]:
    """A reference in the file `base` as a name in the archive and a fragment; the name is empty
    where it leads out of the archive.
    """
    try:
        parts = urlsplit(reference.strip())
    except ValueError:
        return "", ""
    if parts.scheme or parts.netloc:
        return "", ""
    path = unquote(parts.path)
    name = base if not path else posixpath.normpath(posixpath.join(posixpath.dirname(base), path))
    outside = name.startswith(("../", "/")) or name == ".."
    return "" if outside else name, unquote(parts.fragment)
