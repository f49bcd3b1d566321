"""Frames of the client wire: [magic+major, header] or [magic+major, header, body].

Every malformed message is found here and raised as `WireError`; well-formed ones are
handled elsewhere. Headers are msgpack maps; a header whose first byte is `{` is JSON,
and its sender is answered in JSON.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from supervisor.wire.client import ErrorCode, Message, Reply, Request

MAGIC = b"TTS\x01"
"""Three bytes of magic and one of major version."""

MAX_HEADER_BYTES = 16 * 1024
"""Longest header of a request."""

MAX_REPLY_HEADER_BYTES = 1 << 20
"""Longest header of a reply: REPORT grows with the number of workers, WELCOME with the voices."""

MAX_CHUNK_BYTES = 64 * 1024
"""Longest body of CHUNK and END, by which a chunk may exceed the last byte of credit."""

Body = bytes | memoryview
Frames = list[Body]

_encode_msgpack = msgspec.msgpack.Encoder().encode
_encode_json = msgspec.json.Encoder().encode
_request_msgpack = msgspec.msgpack.Decoder(Request).decode
_request_json = msgspec.json.Decoder(Request).decode
_reply_msgpack = msgspec.msgpack.Decoder(Reply).decode
_reply_json = msgspec.json.Decoder(Reply).decode


class WireError(Exception):
    """A message that breaks the protocol; `code` goes to the peer."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code: ErrorCode = code


class DecodedRequest(NamedTuple):
    """One decoded request; `json`: its sender is answered in JSON."""

    message: Request
    body: Body
    json: bool


class DecodedReply(NamedTuple):
    """One decoded reply."""

    message: Reply
    body: Body


def encode(message: Message, body: Body | None = None, *, json: bool = False) -> Frames:
    """Frames of one message, ready for `send_multipart`; an absent body is no frame."""
    header = _encode_json(message) if json else _encode_msgpack(message)
    return [MAGIC, header] if body is None else [MAGIC, header, body]


def decode_request(frames: Sequence[Body]) -> DecodedRequest:
    """Read a client's message. Raises WireError (`bad_version`, `bad_message`)."""
    header, body = _open(frames, MAX_HEADER_BYTES)
    json = header[:1] == b"{"
    try:
        message = (_request_json if json else _request_msgpack)(header)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise WireError("bad_message", f"unreadable header: {error}") from None
    return DecodedRequest(message, body, json)


def decode_reply(frames: Sequence[Body]) -> DecodedReply:
    """Read the supervisor's message. Raises WireError (`bad_version`, `bad_message`)."""
    header, body = _open(frames, MAX_REPLY_HEADER_BYTES)
    try:
        message = (_reply_json if header[:1] == b"{" else _reply_msgpack)(header)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise WireError("bad_message", f"unreadable header: {error}") from None
    return DecodedReply(message, body)


def _open(frames: Sequence[Body], max_header_bytes: int) -> tuple[Body, Body]:
    """Check the envelope; return header and body (empty where there is none)."""
    if not 2 <= len(frames) <= 3:
        raise WireError("bad_message", f"expected 2 or 3 frames, got {len(frames)}")
    magic, header = frames[0], frames[1]
    if magic != MAGIC:
        if len(magic) == len(MAGIC) and bytes(magic[:3]) == MAGIC[:3]:
            theirs = int.from_bytes(magic[3:], "big")
            raise WireError("bad_version", f"protocol major {theirs} is not {MAGIC[3]}")
        raise WireError("bad_message", "the first frame is not the protocol's magic")
    if len(header) > max_header_bytes:
        raise WireError("bad_message", f"header of {len(header)} bytes is over {max_header_bytes}")
    return header, frames[2] if len(frames) == 3 else b""
