"""Request bodies: read within bounds of size and time, and checked against a record."""

from __future__ import annotations

import asyncio
import functools
from typing import Final, TypeVar

import msgspec
from aiohttp import hdrs, web

from supervisor.gateway.connections.connection import connection_of
from supervisor.gateway.errors import ApiError

BODY_TIMEOUT_S = 30.0
"""Seconds that a client may take to send a body."""

SETTINGS_BYTES: Final = 128 * 1024
"""Longest body that holds settings: more of them than there are."""

_CONTINUE: Final = "100-continue"

T = TypeVar("T", bound=msgspec.Struct)
V = TypeVar("V")

_SAID_CHARS = 300
"""Of what is wrong with a body; it may quote the body, which has megabytes."""


async def when_wanted(request: web.Request) -> None:
    """Answer `Expect: 100-continue` only when the handler begins to read the body.

    So a client that is refused by its head never sends the body. Raises HTTPExpectationFailed for
    anything else that is expected.
    """
    if request.headers.get(hdrs.EXPECT, "").lower() != _CONTINUE:
        raise web.HTTPExpectationFailed


async def read_body(request: web.Request, most: int | None = None) -> bytes:
    """Read the whole body, of `most` bytes or as many as `http.max_request_bytes` allows.

    Raises ApiError 408, 413 or 400 for one that cannot be read.
    """
    bound = request.client_max_size if most is None else most
    if (request.content_length or 0) > bound:
        raise _too_large(bound)
    await allow_body(request)
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            body = await _read(request, bound)
    except TimeoutError:
        raise ApiError(
            408, "the body did not come in time", code="timeout", headers={"Connection": "close"}
        ) from None
    except web.RequestPayloadError as error:
        raise ApiError(400, f"the body cannot be read: {error}", code="bad_body") from None
    body_is_here(request)
    return body


async def allow_body(request: web.Request) -> None:
    """Tell a client that waits for it to send the body now."""
    if request.version >= (1, 1) and request.headers.get(hdrs.EXPECT, "").lower() == _CONTINUE:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # The answer itself has not begun.


def body_is_here(request: web.Request) -> None:
    """Note that the whole body has come: the connection works from here on."""
    connection = connection_of(request)
    if connection is not None and connection.slot is not None:
        connection.slot.mark_busy()


async def _read(request: web.Request, bound: int) -> bytes:
    body = bytearray()
    while part := await request.content.readany():
        body += part
        if len(body) > bound:
            raise _too_large(bound)
    return bytes(body)


def _too_large(bound: int) -> ApiError:
    return ApiError(413, f"the body has more than {bound:,} bytes", code="request_too_large")


def parse(body: bytes, kind: type[T]) -> T:
    """Decode a JSON body into a record; unknown fields are ignored, and a field that may be left
    out is so, too, where it is null. Raises ApiError.
    """
    try:
        given = msgspec.structs.asdict(msgspec.json.decode(body, type=_or_null(kind)))
        return kind(**{name: value for name, value in given.items() if value is not None})
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _not_this(error, _field_at_fault(body, kind)) from None


def parse_as(body: bytes, decoder: msgspec.json.Decoder[V]) -> V:
    """Decode a JSON body that is no object. Raises ApiError."""
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _not_this(error) from None


def _not_this(error: Exception, param: str | None = None) -> ApiError:
    if isinstance(error, msgspec.ValidationError):
        return ApiError(400, _short(str(error)), code="bad_value", param=param)
    return ApiError(400, f"the body is no JSON: {_short(str(error))}", code="bad_json")


@functools.cache
def _or_null(kind: type[msgspec.Struct]) -> type[msgspec.Struct]:
    """The same record, in which what may be left out may be null."""
    fields = msgspec.structs.fields(kind)
    return msgspec.defstruct(
        kind.__name__,
        [
            (each.name, each.type) if each.required else (each.name, each.type | None, None)
            for each in fields
        ],
        rename={each.name: each.encode_name for each in fields},
        kw_only=True,
    )


def _field_at_fault(body: bytes, kind: type[msgspec.Struct]) -> str | None:
    """The first field of a body with a wrong value, or else one that is missing; None where the
    body is no object.
    """
    try:
        given = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    fields = {field.encode_name: field for field in msgspec.structs.fields(_or_null(kind))}
    wrong = (
        name
        for name, value in given.items()
        if name in fields and not _fits(value, fields[name].type)
    )
    missing = (name for name, field in fields.items() if field.required and name not in given)
    return next(wrong, None) or next(missing, None)


def _fits(value: msgspec.Raw, kind: object) -> bool:
    try:
        msgspec.json.decode(value, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _short(said: str) -> str:
    """Both ends of a message: the fault stands at the beginning, its place at the end."""
    if len(said) <= _SAID_CHARS:
        return said
    half = _SAID_CHARS // 2
    return f"{said[:half]}…{said[-half:]}"
