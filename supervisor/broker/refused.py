"""Refusals: why a request does not become a job, as its client is told."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from supervisor.wire.client import Error, ErrorCode

_SHOWN_CHARS = 64


class Refused(Exception):
    """A request that is refused; the client gets the reason, and the field that is wrong."""

    def __init__(
        self,
        code: ErrorCode,
        message: str,
        *,
        field: str | None = None,
        retry_after_ms: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code: ErrorCode = code
        self.field = field
        self.retry_after_ms = retry_after_ms

    @property
    def retryable(self) -> bool:
        """Whether the same request may succeed later."""
        return self.retry_after_ms is not None

    def answer(self, id: str) -> Error:
        """The ERROR message for the request that its client named `id`."""
        return Error(
            self.code,
            str(self),
            id=id,
            retryable=self.retryable,
            retry_after_ms=self.retry_after_ms,
            field=self.field,
        )


def bad_text(code: ErrorCode, message: str) -> Refused:
    """A refusal because of the text."""
    return Refused(code, message, field="text")


def shown(name: str) -> str:
    """The name for a message: quoted, and cut where it is longer than any real one."""
    return repr(name if len(name) <= _SHOWN_CHARS else f"{name[:_SHOWN_CHARS]}…")


def nearest(name: str, names: Sequence[str]) -> str:
    """'; nearest: a, b' from the names that look alike, or a few of all if none does."""
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    return f"; nearest: {', '.join(near)}" if near else f"; there are: {', '.join(names[:8])}"
