"""The codec against the golden vectors that belong to docs/PROTOCOL.md."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from supervisor.wire import client
from supervisor.wire.codec import (
    MAGIC,
    MAX_REPLY_HEADER_BYTES,
    WireError,
    decode_reply,
    decode_request,
    encode,
)

VECTORS = Path(__file__).parents[2] / "vectors"


def vectors(name: str) -> list[Any]:
    """The vectors of one file as pytest parameters, named as they are."""
    rows = json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))
    return [pytest.param(row, id=row["name"]) for row in rows]


def frames_of(vector: dict[str, Any]) -> list[bytes]:
    """The vector's bytes as they travel."""
    return [bytes.fromhex(frame) for frame in vector["frames"]]


def record_of(message: client.Message) -> dict[str, Any]:
    """All fields of a message by their names on the wire, defaults included, and its op."""
    described = msgspec.structs.fields(type(message))
    fields = {field.encode_name: getattr(message, field.name) for field in described}
    return {"op": message.__struct_config__.tag, **msgspec.json.decode(msgspec.json.encode(fields))}


@pytest.mark.parametrize("vector", vectors("requests"))
def test_a_request_is_read_as_the_vector_says(vector: dict[str, Any]) -> None:
    """Bytes of the vector give its record, its body, and the encoding to answer in."""
    request = decode_request(frames_of(vector))
    assert record_of(request.message) == vector["record"]
    assert bytes(request.body).hex() == vector["body"]
    assert request.json == (vector["encoding"] == "json")


@pytest.mark.parametrize("vector", vectors("replies"))
def test_a_reply_is_read_as_the_vector_says(vector: dict[str, Any]) -> None:
    """Bytes of the vector give its record and its body, in both encodings."""
    reply = decode_reply(frames_of(vector))
    assert record_of(reply.message) == vector["record"]
    assert bytes(reply.body).hex() == vector["body"]


@pytest.mark.parametrize(
    "vector",
    [p for p in vectors("requests") + vectors("replies") if p.values[0].get("canonical", True)],
)
def test_a_record_is_written_as_the_vector_says(vector: dict[str, Any]) -> None:
    """What this version writes has not changed by a byte (other vectors are other peers' ways)."""
    frames = frames_of(vector)
    try:
        message: client.Message = decode_request(frames).message
    except WireError:
        message = decode_reply(frames).message
    body = frames[2] if len(frames) == 3 else None
    assert encode(message, body, json=vector["encoding"] == "json") == frames


@pytest.mark.parametrize("vector", vectors("malformed"))
def test_a_malformed_request_gets_its_code(vector: dict[str, Any]) -> None:
    """Every way of being wrong is a WireError with the code that the peer is told."""
    with pytest.raises(WireError) as caught:
        decode_request(frames_of(vector))
    assert caught.value.code == vector["error"]
    assert "\n" not in str(caught.value)


def test_every_op_has_a_vector_in_both_encodings() -> None:
    """Nobody adds an op without bytes that pin it down."""
    rows = [p.values[0] for p in vectors("requests") + vectors("replies")]
    seen = {(row["record"]["op"], row["encoding"]) for row in rows}
    ops = {kind.__struct_config__.tag for kind in client.Message.__subclasses__()}
    assert seen == {(op, encoding) for op in ops for encoding in ("msgpack", "json")}


def test_a_memoryview_is_read_like_bytes() -> None:
    """Frames may be views of a receive buffer: nothing depends on their type."""
    frames = encode(client.Submit(id="1"), b"Hello.")
    assert decode_request([memoryview(frame) for frame in frames]).message == client.Submit(id="1")


def test_a_report_may_be_longer_than_a_request() -> None:
    """A machine with hundreds of workers has a status document over the request limit."""
    report = client.Report("1", {"workers": ["x" * 100] * 1000})
    assert decode_reply(encode(report)).message == report
    with pytest.raises(WireError, match="over 1048576"):
        decode_reply([MAGIC, b"{" + b" " * MAX_REPLY_HEADER_BYTES])
