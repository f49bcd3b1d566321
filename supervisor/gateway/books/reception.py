"""A document that is sent comes into a file: as the body itself, or as a field of a form."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping
from typing import IO, Final, NamedTuple

from aiohttp import BodyPartReader, web

from supervisor.gateway.bodies import allow_body, body_is_here
from supervisor.gateway.errors import ApiError

_STALL_S: Final = 30.0
"""Seconds in which nothing may come."""
_LONGEST_S: Final = 3600.0
_PIECE: Final = 256 * 1024
_FIELD_BYTES: Final = 4096
_FIELDS: Final = frozenset(["name", "model", "voice", "speed", "language"])
_FILE: Final = "file"


class Received(NamedTuple):
    """A document that has come: an open file at its begin, the fields of the form that it came in,
    and the digest of its bytes.
    """

    file: IO[bytes]
    fields: Mapping[str, str]
    digest: str


async def receive(request: web.Request, most_bytes: int, file: IO[bytes]) -> Received:
    """Write the document that a request brings into `file`. Raises ApiError, OSError."""
    if (request.content_length or 0) > most_bytes + _FIELD_BYTES * len(_FIELDS):
        raise _too_large(most_bytes)
    await allow_body(request)
    fields: dict[str, str] = {}
    try:
        async with asyncio.timeout(_LONGEST_S):
            if request.content_type == "multipart/form-data":
                await _form(request, file, fields, most_bytes)
            else:
                await _write(_pieces(request), file, most_bytes)
    except TimeoutError:
        raise ApiError(
            408, "the file did not come in time", code="timeout", headers={"Connection": "close"}
        ) from None
    except web.RequestPayloadError as error:
        raise ApiError(400, f"the body cannot be read: {error}", code="bad_body") from None
    body_is_here(request)
    return Received(file, fields, await asyncio.to_thread(_digest, file))


async def _form(
    request: web.Request, file: IO[bytes], fields: dict[str, str], most_bytes: int
) -> None:
    """Take the form apart. Raises ApiError."""
    found = False
    try:
        reader = await request.multipart()
        async for part in reader:
            if not isinstance(part, BodyPartReader):
                continue
            if part.name == _FILE and not found:
                found = True
                fields.setdefault("name", part.filename or "")
                await _write(_parts(part), file, most_bytes)
            elif part.name in _FIELDS:
                fields[part.name] = await _field(part)
    except (ApiError, OSError, web.RequestPayloadError):
        raise
    except Exception as error:  # noqa: BLE001 (aiohttp's readers raise of all kinds)
        what = f"the form cannot be read ({type(error).__name__})"
        raise ApiError(400, what, code="bad_body") from None
    if not found:
        text = f"send the book as the body, or as the field `{_FILE}` of a form"
        raise ApiError(400, text, code="bad_body", param=_FILE)


async def _field(part: BodyPartReader) -> str:
    value = b""
    async for piece in _parts(part):
        value += piece
        if len(value) > _FIELD_BYTES:
            raise ApiError(400, f"{part.name} is too long", code="bad_value", param=part.name)
    return value.decode(errors="replace").strip()


async def _pieces(request: web.Request) -> AsyncIterator[bytes]:
    while True:
        async with asyncio.timeout(_STALL_S):
            piece = await request.content.readany()
        if not piece:
            return
        yield piece


async def _parts(part: BodyPartReader) -> AsyncIterator[bytes]:
    while True:
        async with asyncio.timeout(_STALL_S):
            piece = await part.read_chunk(_PIECE)
        if not piece:
            return
        yield piece


async def _write(pieces: AsyncIterator[bytes], file: IO[bytes], most_bytes: int) -> None:
    """Write pieces as they come, some at a time, in a thread."""
    waiting = bytearray()
    taken = 0
    async for piece in pieces:
        taken += len(piece)
        if taken > most_bytes:
            raise _too_large(most_bytes)
        waiting += piece
        if len(waiting) >= _PIECE:
            await asyncio.to_thread(file.write, bytes(waiting))
            waiting.clear()
    await asyncio.to_thread(file.write, bytes(waiting))


def _digest(file: IO[bytes]) -> str:
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    file.seek(0)
    return digest


def _too_large(most_bytes: int) -> ApiError:
    text = f"the file has more than {most_bytes:,} bytes (http.max_book_file_mb)"
    return ApiError(413, text, code="too_large", param=_FILE)
