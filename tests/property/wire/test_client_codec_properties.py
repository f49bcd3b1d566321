"""The codec on frames that nobody foresaw."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.wire import client
from supervisor.wire.codec import (
    MAGIC,
    MAX_HEADER_BYTES,
    Body,
    WireError,
    decode_reply,
    decode_request,
    encode,
)

OPS = sorted(str(kind.__struct_config__.tag) for kind in client.Message.__subclasses__())
FIELDS = sorted(
    {name for kind in client.Message.__subclasses__() for name in kind.__struct_fields__}
)

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=20)
    | st.binary(max_size=20)
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
near_headers = st.dictionaries(st.sampled_from(FIELDS), values, max_size=6).flatmap(
    lambda fields: st.sampled_from(OPS).map(lambda op: {"op": op, **fields})
)
"""Maps that look like headers: right names, any values."""

magics = st.sampled_from([MAGIC, MAGIC, MAGIC, b"TTS\x02", b"TTS", b""]) | st.binary(max_size=6)
headers = (
    st.binary(max_size=200)
    | st.binary(max_size=200).map(lambda rest: b"{" + rest)
    | near_headers.map(msgspec.msgpack.encode)
    | near_headers.map(msgspec.json.encode)
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A good header with one byte changed, or its end cut off."""
    header = bytearray(draw(near_headers.map(msgspec.msgpack.encode)))
    position = draw(st.integers(0, len(header) - 1))
    if draw(st.booleans()):
        del header[position:]
    else:
        header[position] = draw(st.integers(0, 255))
    return bytes(header)


frame_lists = st.one_of(
    st.lists(st.binary(max_size=50), max_size=5),
    st.tuples(magics, headers | damaged()).map(list),
    st.tuples(magics, headers | damaged(), st.binary(max_size=50)).map(list),
)


@given(frame_lists)
def test_arbitrary_frames_raise_nothing_but_wire_errors(frames: list[Body]) -> None:
    """Whatever a peer sends is a message or a WireError that can be sent back, never a crash."""
    for decode in (decode_request, decode_reply):
        code = "none"
        try:
            decode(frames)
        except WireError as error:
            code = error.code
            encode(client.Error(code, str(error)), json=True)
        assert code in {"none", "bad_message", "bad_version"}


@given(st.integers(MAX_HEADER_BYTES + 1, MAX_HEADER_BYTES * 4), st.sampled_from([b"{", b"\x81"]))
def test_a_header_over_the_limit_is_refused_unread(length: int, start: bytes) -> None:
    """Work for one message is bounded: a long header is refused for its length alone."""
    with pytest.raises(WireError, match=f"header of {length} bytes is over {MAX_HEADER_BYTES}"):
        decode_request([MAGIC, start + b" " * (length - 1)])


names = st.text(max_size=30)
numbers = st.integers(-(2**63), 2**63 - 1)
finite = st.floats(allow_nan=False, allow_infinity=False)
messages: st.SearchStrategy[client.Message] = st.one_of(
    st.builds(client.Hello, client=names),
    st.builds(
        client.Submit,
        id=names,
        engine=st.none() | names,
        voice=st.none() | names,
        speed=finite,
        seed=st.none() | numbers,
        credit=numbers,
        progress=st.booleans(),
        priority=numbers,
        deadline_ms=st.none() | numbers,
        key=st.none() | names,
        durable=st.booleans(),
        on_behalf=st.none() | names,
        words=st.booleans(),
        open=st.booleans(),
    ),
    st.builds(client.Append, job=names, id=names, flush=st.booleans()),
    st.builds(client.Finish, job=names, id=names),
    st.builds(client.Credit, job=names, bytes=numbers),
    st.builds(client.Cancel, job=names),
    st.builds(client.Attach, id=names, job=names, offset=numbers, credit=numbers),
    st.builds(client.Status, id=names),
    st.builds(client.Jobs, id=names, job=st.none() | names, limit=numbers),
)


@given(messages, st.none() | st.binary(max_size=100), st.booleans())
def test_a_request_comes_out_as_it_went_in(
    message: client.Message, body: bytes | None, json: bool
) -> None:
    """Encoding loses nothing, in either encoding, with or without a body."""
    decoded = decode_request(encode(message, body, json=json))
    assert decoded.message == message
    assert decoded.body == (body or b"")
    assert decoded.json == json
