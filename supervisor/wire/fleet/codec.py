"""Records of a fleet as bytes: msgpack maps, each with the schema by which it was written.

Fields that a reader does not know are ignored, so fields may be added within a schema. What cannot
be read is raised as one of two errors: written by a newer version, which another host may read, or
broken, which nobody can.
"""

from __future__ import annotations

from typing import Final, TypeVar

import msgspec

SCHEMA: Final = 1
"""The schema of the records that this version writes, and the newest that it reads."""

MAX_BYTES: Final = 1 << 20
"""Longest record: NATS' own default for a message."""


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of every record."""

    schema: int = SCHEMA


class Unreadable(Exception):
    """Bytes that are no record; the text is one line for a log."""


class NewerSchema(Exception):
    """A record of a newer version than this one."""

    def __init__(self, schema: int) -> None:
        super().__init__(
            f"written by schema {schema}, and this version reads {SCHEMA}; upgrade this host"
        )
        self.schema = schema


class _Any(msgspec.Struct):
    schema: int = SCHEMA


T = TypeVar("T", bound=Record)

_encode = msgspec.msgpack.Encoder().encode
_read_schema = msgspec.msgpack.Decoder(_Any).decode
_decoders: dict[type[Record], msgspec.msgpack.Decoder[Record]] = {}


def encode(record: Record) -> bytes:
    """A record as bytes."""
    return _encode(record)


def decode(data: bytes | memoryview, kind: type[T]) -> T:
    """Read a record of this kind. Raises NewerSchema, Unreadable."""
    if len(data) > MAX_BYTES:
        raise Unreadable(f"{len(data)} bytes are too many for a {kind.__name__}")
    try:
        schema = _read_schema(data).schema
        if schema > SCHEMA:
            raise NewerSchema(schema)
        if schema < 1:
            raise Unreadable(f"{schema} is no schema of a {kind.__name__}")
        decoder = _decoders.setdefault(kind, msgspec.msgpack.Decoder(kind))
        record = decoder.decode(data)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise Unreadable(f"no {kind.__name__}: {error}") from None
    if not isinstance(record, kind):
        raise Unreadable(f"no {kind.__name__}")
    return record
