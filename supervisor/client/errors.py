"""Exceptions of the client: one family, told apart by what a caller can do next.

`SupervisorError` catches all of it; `code` is the wire's word for the cause
(docs/PROTOCOL.md has the table).
"""

from __future__ import annotations

from collections.abc import Mapping

from supervisor.wire.client import Error


class SupervisorError(Exception):
    """Base of all errors of this package; the text is one line for a user.

    `retryable` says that the same request may succeed later, `retry_after_ms` when at the
    earliest, where the supervisor knows. `field` names the field of the request that is wrong, if
    one is; `text` is the text.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str,
        retryable: bool = False,
        retry_after_ms: int | None = None,
        field: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.retryable = retryable
        self.retry_after_ms = retry_after_ms
        self.field = field


class NoSupervisor(SupervisorError):
    """No supervisor is reachable; nothing was accepted."""

    def __init__(self, message: str, *, code: str = "no_supervisor") -> None:
        super().__init__(message, code=code, retryable=True)


class SupervisorStarting(NoSupervisor):
    """A supervisor is there, and does not take clients yet: it loads its engines."""


class SupervisorGone(NoSupervisor):
    """The supervisor was there and went away; a plain job that it had accepted is lost."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="supervisor_gone")


class ProtocolError(SupervisorError):
    """Client and supervisor do not understand each other: another version, or a defect."""


class BadRequest(SupervisorError):
    """The request itself is wrong: text, engine, voice, a value or a job id."""


class Refused(SupervisorError):
    """The request is right, but is not taken (`draining`, `engine_unavailable`)."""


class Busy(Refused):
    """The queue is full; try again after `retry_after_ms`."""


class JobFailed(SupervisorError):
    """An accepted job ended without its audio (`failed`, `expired`, `poison`)."""


class JobCancelled(JobFailed):
    """The job was cancelled, by this client or from elsewhere."""


class WaitTimeout(SupervisorError, TimeoutError):
    """The caller's own timeout passed. A job that it can still name goes on."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="timeout", retryable=True)


_CLASSES: Mapping[str, type[SupervisorError]] = {
    "bad_message": ProtocolError,
    "bad_version": ProtocolError,
    "bad_text": BadRequest,
    "empty_text": BadRequest,
    "text_too_long": BadRequest,
    "unknown_engine": BadRequest,
    "unknown_voice": BadRequest,
    "unknown_language": BadRequest,
    "out_of_range": BadRequest,
    "conflict": BadRequest,
    "not_found": BadRequest,
    "engine_unavailable": Refused,
    "journal_unavailable": Refused,
    "draining": Refused,
    "busy": Busy,
    "cancelled": JobCancelled,
    "expired": JobFailed,
    "failed": JobFailed,
    "poison": JobFailed,
}


def from_wire(error: Error) -> SupervisorError:
    """The exception for an ERROR message.

    An ERROR for an accepted job is always a JobFailed, whatever its code; else an unknown code, of
    a later version, is a Refused.
    """
    accepted = error.id is None and error.job is not None
    kind = _CLASSES.get(error.code, Refused)
    if accepted and not issubclass(kind, JobFailed):
        kind = JobFailed
    return kind(
        error.message,
        code=error.code,
        retryable=error.retryable,
        retry_after_ms=error.retry_after_ms,
        field=error.field,
    )
