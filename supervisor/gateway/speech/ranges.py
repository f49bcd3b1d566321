"""Ranges of a file that a client asks for (RFC 9110, section 14): one range of bytes at a time.

What is no such range, several at once included, is ignored as the RFC allows: the client gets the
whole file.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_RANGE: Final = re.compile(r"bytes=(\d{0,100})-(\d{0,100})", re.ASCII | re.IGNORECASE)


class OutsideError(ValueError):
    """The range begins behind the end of the file."""


class Span(NamedTuple):
    """Bytes from `start` to before `stop`."""

    start: int
    stop: int

    def of(self, size: int) -> str:
        """The value of Content-Range, of a file of `size` bytes."""
        return f"bytes {self.start}-{self.stop - 1}/{size}"


def asked_span(asked: str | None, size: int) -> Span | None:
    """The part of a file of `size` bytes that the header Range asks for; None for all of it.

    Raises OutsideError.
    """
    found = _RANGE.fullmatch((asked or "").strip())
    if found is None or found[0].endswith("=-"):
        return None
    first, last = found.groups()
    if not first:
        return _inside(Span(max(0, size - int(last)), size))
    if last and int(last) < int(first):
        return None
    return _inside(Span(int(first), min(int(last) + 1, size) if last else size))


def _inside(span: Span) -> Span:
    if span.start >= span.stop:
        raise OutsideError
    return span
