"""What a client is told about its text."""

from __future__ import annotations

import msgspec


class MarkupError(ValueError):
    """A text is not what it is called; the message is one line that says where and what to do."""


class Told(msgspec.Struct, frozen=True, gc=False):
    """Something that was read through and not understood: `what`, as `<foo>`, and where it begins,
    in characters of the client's text.
    """

    what: str
    at: int
