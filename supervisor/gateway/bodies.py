"""Requests with a body: read within bounds of size and time, and checked against a record."""

from __future__ import annotations

import asyncio
import re
from typing import TypeVar

import msgspec
from aiohttp import web

from supervisor.gateway.errors import ApiError

BODY_TIMEOUT_S = 30.0
"""How long a client may take to send a body."""

T = TypeVar("T")

_PLACE = re.compile(r" - at `\$\.(\w+)")
_MISSING = re.compile(r"missing required field `(\w+)`")


async def read_body(request: web.Request) -> bytes:
    """The whole body. Raises ApiError 408, 413 or 400 for one that cannot be read."""
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            return await request.read()
    except TimeoutError:
        raise ApiError(
            408, "the body did not come in time", code="timeout", headers={"Connection": "close"}
        ) from None
    except web.RequestPayloadError as error:
        raise ApiError(400, f"the body cannot be read: {error}", code="bad_body") from None


def parse(body: bytes, kind: type[T]) -> T:
    """The record that a JSON body holds; what it does not know is ignored. Raises ApiError."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        place = _PLACE.search(str(error)) or _MISSING.search(str(error))
        param = place[1] if place else None
        raise ApiError(400, str(error), code="bad_value", param=param) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ApiError(400, f"the body is no JSON: {error}", code="bad_json") from None
