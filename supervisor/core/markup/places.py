"""Places in a text that is read as bytes: the character at a byte, the line and column of one."""

from __future__ import annotations

from bisect import bisect_right


class Places:
    """Remembers which part of the source each stretch of bytes was.

    `begin`: where in the source the first of them begins.
    """

    def __init__(self, source: str, begin: int) -> None:
        self._source = source
        self._chars = [begin]
        self._bytes = [0]
        self.bytes = 0
        """Bytes so far."""

    def add(self, at: int, written: bytes) -> None:
        """The source from `at` on was written as these bytes."""
        self._chars.append(at)
        self._bytes.append(self.bytes)
        self.bytes += len(written)

    def char(self, byte: int) -> int:
        """Which character of the source begins at this byte."""
        part = bisect_right(self._bytes, max(byte, 0)) - 1
        left = max(byte, 0) - self._bytes[part]
        written = self._source[self._chars[part] : self._chars[part] + left].encode(
            "utf-8", "replace"
        )
        return self._chars[part] + len(written[:left].decode("utf-8", "ignore"))

    def line_and_column(self, at: int) -> str:
        """For people, who count from 1."""
        line = self._source.count("\n", 0, at) + 1
        return f"line {line}, column {at - self._source.rfind(chr(10), 0, at)}"
