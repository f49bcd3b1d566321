"""Messages between a process that has a text read and the reading process, which reads it.

They travel over one stream between parent and child, each as its length and a packed record. The
first is a `Setup`, answered with the `Catalogue`; then each `Read` has one `Readings`, in order.
"""

from __future__ import annotations

from typing import Final

import msgspec

from supervisor.wire.worker import Catalogue, Setup, encode

LENGTH_BYTES: Final = 4
LONGEST_BYTES: Final = 64 << 20
"""Longest record: far beyond the segments of one `Read` and all that is said for them."""


class _Record(msgspec.Struct, frozen=True, array_like=True, tag=True, gc=False):
    pass


class Read(_Record, frozen=True, kw_only=True):
    """Read these segments in this voice of this engine, in its own language or in that one of its
    others. `number` comes back with the answer.
    """

    number: int
    engine: str
    voice: str
    texts: tuple[str, ...]
    language: str | None = None


class Said(_Record, frozen=True, kw_only=True):
    """How one segment is read: its words, its phonemes in the engine's alphabet, and the stretches
    of it of which nothing is said.

    `error`: why it cannot be read, in one line; `unreadable`: the text is to blame, not the engine.
    """

    spoken: str = ""
    phonemes: str = ""
    skipped: tuple[str, ...] = ()
    error: str | None = None
    unreadable: bool = False


class Readings(_Record, frozen=True):
    """Answer to the `Read` of this number: each of its segments, in order."""

    number: int
    said: tuple[Said, ...]


def framed(record: Setup | Catalogue | Read | Readings) -> bytes:
    """A record as it stands in the stream: its length, then itself."""
    packed = encode(record)
    return len(packed).to_bytes(LENGTH_BYTES, "big") + packed


def length(head: bytes) -> int:
    """Bytes of the record that follows these. Raises ValueError for one that nobody sends."""
    size = int.from_bytes(head, "big")
    if size > LONGEST_BYTES:
        raise ValueError(f"a record of {size} bytes, more than {LONGEST_BYTES}")
    return size


decode_read = msgspec.msgpack.Decoder(Read).decode
decode_answer = msgspec.msgpack.Decoder(Catalogue | Readings).decode
