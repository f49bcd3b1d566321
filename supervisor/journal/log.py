"""Check SQLite's write-ahead log before SQLite reads it, for SQLite does not report damage there.

SQLite reads a log up to the first frame whose checksum is wrong, and takes the rest for the remains
of a power loss. If a whole transaction follows, the log is damaged, not cut off.
The format: https://www.sqlite.org/fileformat.html#walformat
"""

from __future__ import annotations

import struct
from pathlib import Path

_HEADER = struct.Struct(">8I")
_FRAME = struct.Struct(">6I")
_MAGIC = 0x377F0682
"""The last bit gives the byte order of the checksums."""


def committed(log: Path) -> int | None:
    """The number of the last frame that ends a transaction, 0 for none, None if it is unknown.

    Raises OSError.
    """
    with log.open("rb") as file:
        header = file.read(_HEADER.size)
        if len(header) < _HEADER.size:
            return 0
        magic, _version, page, _sequence, *salts, _sum, _second_sum = _HEADER.unpack(header)
        if magic & ~1 != _MAGIC or not _intact(header, little=magic == _MAGIC):
            return None
        step = _FRAME.size + page
        frames = (log.stat().st_size - _HEADER.size) // step if page else 0
        last = 0
        for number in range(1, frames + 1):
            _page, size, *rest = _FRAME.unpack(file.read(_FRAME.size))
            if size and rest[:2] == salts:
                last = number
            file.seek(page, 1)
        return last


def _intact(header: bytes, *, little: bool) -> bool:
    order = "<" if little else ">"
    one = two = 0
    words = struct.unpack(f"{order}6I", header[:24])
    for first, second in zip(words[::2], words[1::2], strict=True):
        one = (one + first + two) & 0xFFFFFFFF
        two = (two + second + one) & 0xFFFFFFFF
    return (one, two) == struct.unpack(">2I", header[24:])
