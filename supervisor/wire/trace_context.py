"""What of a W3C trace context travels with SUBMIT: two header values, as they came.

Nothing here reads them; that is for whoever makes spans of the job. A value that
cannot be a header is left out, for no job is refused because of its trace.
"""

from __future__ import annotations

MAX_CHARS = 512
"""Longest `traceparent` or `tracestate` that is carried; W3C asks for as much of the latter."""


def carried(value: str | None) -> str | None:
    """The value if it may be a header's, else None."""
    return value if value and len(value) <= MAX_CHARS and value.isascii() else None
