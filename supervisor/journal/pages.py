"""Read rows directly off the pages of a database whose tree is damaged.

SQLite finds a row by descending a tree; without its upper pages it cannot reach the leaves, though
they may be intact. Every leaf is marked as one, so all can be found in one pass. Only for schema
version 2 and later: there deleted rows are overwritten, so none is read by mistake, and checksums
show what is garbage.
The format: https://www.sqlite.org/fileformat2.html
"""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import Any, Final

from supervisor.journal.schema import PAGE_BYTES

_LEAF: Final = 13
"""The first byte of a page with rows of a table."""
_INDEX: Final = {2: (12, 4), 10: (8, 0)}
"""By the first byte of an index page: where its cells are listed, and what they begin with."""
_LOCAL_MOST: Final = PAGE_BYTES - 35
_LOCAL_LEAST: Final = (PAGE_BYTES - 12) * 32 // 255 - 23
_OVERFLOW_BYTES: Final = PAGE_BYTES - 4
"""Bytes of a row on an overflow page, which begins with the number of the next one."""
_INTEGERS: Final = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
"""Bytes of an integer, by the type of a value."""


class Pages:
    """Pages of the file at `path`, which must not change meanwhile. Raises OSError."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDONLY)
        self._places: dict[int, tuple[int, int]] = {}
        self.names: dict[int, bytes] = {}
        """Ids by rowid, as found on index pages, including rows that are on no leaf."""
        self._size = os.fstat(self._file).st_size
        for page in range(2, self._size // PAGE_BYTES + 1):
            data = self._page(page)
            if data[0] == _LEAF:
                self._note(page, data)
            elif data[0] in _INDEX:
                self._note_names(data)

    @property
    def numbers(self) -> list[int]:
        """The rowids of the rows on all leaves."""
        return sorted(self._places)

    def fetch(self, number: int) -> tuple[Any, ...] | None:
        """The values of a row, None if it cannot be read."""
        if number not in self._places:
            return None
        page, offset = self._places[number]
        try:
            return _values(self._payload(self._page(page), offset))
        except (IndexError, ValueError, struct.error):
            return None

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _page(self, number: int) -> bytes:
        return os.pread(self._file, PAGE_BYTES, (number - 1) * PAGE_BYTES) if number else b""

    def _note(self, page: int, data: bytes) -> None:
        for offset in _cells(data, 8):
            try:
                _size, after = _varint(data, offset)
                number, _after = _varint(data, after)
            except IndexError:
                continue
            self._places.setdefault(number, (page, offset))

    def _note_names(self, data: bytes) -> None:
        listed, before = _INDEX[data[0]]
        for offset in _cells(data, listed):
            try:
                size, start = _varint(data, offset + before)
                name, number = _values(data[start : start + size])
            except (IndexError, ValueError, struct.error):
                continue
            if isinstance(name, bytes) and isinstance(number, int):
                self.names.setdefault(number, name)

    def _payload(self, data: bytes, offset: int) -> bytes:
        """A row's bytes: the beginning from its page, the rest from its overflow pages."""
        size, offset = _varint(data, offset)
        _number, offset = _varint(data, offset)
        if size > self._size:
            raise ValueError("a row is larger than its file")
        local = size
        if size > _LOCAL_MOST:
            local = _LOCAL_LEAST + (size - _LOCAL_LEAST) % _OVERFLOW_BYTES
            local = local if local <= _LOCAL_MOST else _LOCAL_LEAST
        parts, missing = [data[offset : offset + local]], size - local
        link = data[offset + local : offset + local + 4] if missing else b""
        while missing > 0:
            linked = self._page(int.from_bytes(link, "big"))
            if len(linked) < PAGE_BYTES:
                raise ValueError("a row goes on where the file has ended")
            link = linked[:4]
            parts.append(linked[4 : 4 + missing])
            missing -= _OVERFLOW_BYTES
        return b"".join(parts)


def _cells(data: bytes, listed: int) -> list[int]:
    """Offsets of the cells of a page."""
    count = int.from_bytes(data[3:5], "big")
    listing = data[listed : listed + 2 * count]
    return [int.from_bytes(listing[at : at + 2], "big") for at in range(0, len(listing), 2)]


def _values(record: bytes) -> tuple[Any, ...]:
    end, at = _varint(record, 0)
    types = []
    while at < end:
        kind, at = _varint(record, at)
        types.append(kind)
    values: list[Any] = []
    for kind in types:
        size = _INTEGERS.get(kind, 8 if kind == 7 else max(0, kind - 12) // 2)
        data = record[at : at + size]
        if len(data) < size:
            raise ValueError("a row is cut off")
        at += size
        values.append(_value(kind, data))
    return tuple(values)


def _value(kind: int, data: bytes) -> Any:  # noqa: ANN401 - what SQLite stores
    if kind in _INTEGERS:
        return int.from_bytes(data, "big", signed=True)
    if kind == 7:
        return struct.unpack(">d", data)[0]
    return data if kind >= 12 else {8: 0, 9: 1}.get(kind)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of up to nine bytes, and the place after it. Raises IndexError."""
    value = 0
    for length in range(8):
        byte = data[at + length]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + length + 1
    return value << 8 | data[at + 8], at + 9
