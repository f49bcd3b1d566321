"""W3C trace context in SUBMIT: two header values, passed on unparsed.

`supervisor.tracing` parses them. A value that cannot be a header is left out, for no job
is refused because of its trace.
"""

from __future__ import annotations

MAX_CHARS = 512
"""Longest `traceparent` or `tracestate` that is carried; W3C asks for as much of the latter."""


def header_or_none(value: str | None) -> str | None:
    """Return the value if it may be a header's, else None."""
    return value if value and len(value) <= MAX_CHARS and value.isascii() else None
