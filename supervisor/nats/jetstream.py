"""Requests to JetStream: the administration's, and messages that a stream confirms.

A request is answered within 1.5 s or counts as unanswered; one that may be repeated is, under the
same id, until its time is over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final, TypeVar

import msgspec

from supervisor.nats.connection import PATIENCE_S, Connection
from supervisor.nats.errors import FleetError, code_of

_AGAIN_S: Final = 0.1

MSG_ID: Final = "Nats-Msg-Id"
EXPECTED_SEQUENCE: Final = "Nats-Expected-Last-Subject-Sequence"


class _Error(msgspec.Struct, frozen=True):
    code: int = 0
    err_code: int = 0
    description: str = ""


class Stored(msgspec.Struct, frozen=True):
    """What a stream says of a message: its number, and whether it had it already."""

    seq: int = 0
    duplicate: bool = False
    error: _Error | None = None


class _Reply(msgspec.Struct, frozen=True):
    error: _Error | None = None


_Answer = TypeVar("_Answer")

_stored = msgspec.json.Decoder(Stored)
_reply = msgspec.json.Decoder(_Reply)


async def ask(
    connection: Connection,
    what: str,
    body: Mapping[str, Any] | None = None,
    within: float = PATIENCE_S,
) -> dict[str, Any]:
    """The answer of `$JS.API.<what>`, repeated until `within` seconds are over. Only for what may
    be done twice. Raises FleetError.
    """
    payload = msgspec.json.encode(body) if body is not None else b""

    async def once(patience: float) -> dict[str, Any]:
        answer = await connection.request(f"$JS.API.{what}", payload, patience=patience)
        _raise(_reply.decode(answer.data).error)
        document: dict[str, Any] = msgspec.json.decode(answer.data)
        return document

    return await _repeated(once, within)


async def store(
    connection: Connection,
    subject: str,
    payload: bytes,
    headers: Mapping[str, str] | None = None,
    within: float = PATIENCE_S,
) -> Stored:
    """Publish to a stream and return what it confirms; repeated, under the same headers, until
    `within` seconds are over. Without a `Nats-Msg-Id` or an expected sequence a repetition may be
    stored twice. Raises FleetError.
    """

    async def once(patience: float) -> Stored:
        answer = await connection.request(subject, payload, headers, patience)
        stored = _stored.decode(answer.data)
        _raise(stored.error)
        return stored

    return await _repeated(once, within)


async def _repeated(
    once: Callable[[float], Coroutine[Any, Any, _Answer]], within: float
) -> _Answer:
    loop = asyncio.get_running_loop()
    end = loop.time() + within
    while True:
        patience = max(_AGAIN_S, min(PATIENCE_S, end - loop.time()))
        try:
            return await once(patience)
        except FleetError as error:
            if not error.transient or loop.time() + _AGAIN_S >= end:
                raise
        await asyncio.sleep(_AGAIN_S)


def _raise(error: _Error | None) -> None:
    if error is not None:
        code = code_of(error.err_code, error.code, error.description)
        raise FleetError(code, error.description, error.err_code)
