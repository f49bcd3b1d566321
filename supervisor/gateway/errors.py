"""Errors as OpenAI's clients expect them: one envelope, and the status that fits.

`{"error": {"message", "type", "param", "code"}}`. One table maps the supervisor's error codes to
status and type; docs/HTTP.md repeats it for users.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple

import msgspec
from aiohttp import web

from supervisor.client import NoSupervisor, SupervisorError, WaitTimeout
from supervisor.wire.client import ErrorCode

RETRY_AFTER_S = 1
"""Seconds that a client is told to wait where the supervisor gives no figure."""

INVALID = "invalid_request_error"
SERVER = "server_error"


class ErrorDetail(msgspec.Struct, frozen=True):
    """`message` is for people, `code` for programs; `param` is the field at fault."""

    message: str
    type: str
    param: str | None
    code: str | None


class Error(msgspec.Struct, frozen=True):
    """Body of every error response."""

    error: ErrorDetail


class ApiError(Exception):
    """Exception that becomes an error response."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        type: str = INVALID,
        code: str | None = None,
        param: str | None = None,
        retry_after_s: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.type = type
        self.code = code
        self.param = param
        self.headers = dict(headers or {})
        if retry_after_s is not None:
            self.headers["Retry-After"] = str(retry_after_s)

    @property
    def detail(self) -> ErrorDetail:
        """What is told of it."""
        return ErrorDetail(str(self), self.type, self.param, self.code)

    def document(self) -> dict[str, dict[str, str | None]]:
        """Body of the response: an `Error`."""
        document: dict[str, dict[str, str | None]] = msgspec.to_builtins(Error(self.detail))
        return document

    def response(self) -> web.Response:
        """The HTTP response."""
        return web.json_response(self.document(), status=self.status, headers=self.headers)


class _Kind(NamedTuple):
    """HTTP form of one of the supervisor's error codes."""

    status: int
    type: str


_PARAMS: Mapping[str, str] = {"text": "input", "engine": "model", "volume": "volume_multiplier"}
"""OpenAI's names of fields that have another name here."""

_KINDS: Mapping[ErrorCode, _Kind] = {
    "bad_message": _Kind(400, INVALID),
    "bad_version": _Kind(503, SERVER),
    "bad_text": _Kind(400, INVALID),
    "empty_text": _Kind(400, INVALID),
    "text_too_long": _Kind(413, INVALID),
    "out_of_range": _Kind(400, INVALID),
    "unknown_engine": _Kind(404, INVALID),
    # As OpenAI has it; and routers between servers (LiteLLM) take one that answers 404 for one that
    # lacks the model, and send nobody's requests there for a while.
    "unknown_voice": _Kind(400, INVALID),
    "unknown_language": _Kind(400, INVALID),
    "engine_unavailable": _Kind(503, SERVER),
    "journal_unavailable": _Kind(503, SERVER),
    "busy": _Kind(429, "rate_limit_error"),
    "draining": _Kind(503, SERVER),
    "conflict": _Kind(409, INVALID),
    "not_found": _Kind(404, INVALID),
    "cancelled": _Kind(503, SERVER),
    "expired": _Kind(503, SERVER),
    "failed": _Kind(500, SERVER),
    "poison": _Kind(500, SERVER),
}

_OF_A_FLEET: Mapping[str, _Kind] = {
    "fleet_unavailable": _Kind(503, SERVER),
    "forbidden": _Kind(503, SERVER),
    "result_lost": _Kind(410, INVALID),
}

_BY_CODE: Mapping[str, _Kind] = {
    **{str(code): kind for code, kind in _KINDS.items()},
    **_OF_A_FLEET,
}
"""The same for a code of any supervisor, which may be a later one."""


def from_supervisor(error: SupervisorError) -> ApiError:
    """The supervisor's error as a response."""
    kind = _BY_CODE.get(error.code, _Kind(500, SERVER))
    if isinstance(error, NoSupervisor | WaitTimeout):
        kind = _Kind(503, SERVER)
    retry = None
    if kind.status in (429, 503):
        retry = max(1, math.ceil((error.retry_after_ms or RETRY_AFTER_S * 1000) / 1000))
    return ApiError(
        kind.status,
        str(error),
        type=kind.type,
        code=error.code,
        param=None if error.field is None else _PARAMS.get(error.field, error.field),
        retry_after_s=retry,
    )


def from_http(error: web.HTTPException) -> ApiError:
    """The HTTP library's error as a response: no such path, wrong method, too large a body."""
    headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
    match error:
        case web.HTTPNotFound():
            reason = "there is nothing at this address; OpenAI's API has its base at /v1"
            return ApiError(404, reason, code="unknown_url")
        case web.HTTPMethodNotAllowed():
            allowed = ", ".join(sorted(error.allowed_methods))
            text = f"{error.method} is not possible here, only {allowed}"
            return ApiError(405, text, code="method_not_allowed", headers=headers)
        case web.HTTPRequestEntityTooLarge():
            return ApiError(413, "the request is too large", code="request_too_large")
    return ApiError(error.status, error.reason, headers=headers)


def refusal(error: ApiError) -> bytes:
    """The error as bytes of a whole HTTP response, for a connection that gets no handler."""
    body = json.dumps(error.document()).encode()
    head = [
        f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}",
        "Content-Type: application/json; charset=utf-8",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *(f"{name}: {value}" for name, value in error.headers.items()),
    ]
    return "\r\n".join([*head, "", ""]).encode() + body
