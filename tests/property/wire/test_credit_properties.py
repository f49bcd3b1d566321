"""Credit between the client's protocol machine and a sender that keeps to the rules."""

from __future__ import annotations

import random
import struct
from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from supervisor.client.protocol import Conversation
from supervisor.client.records import JobRecord
from supervisor.wire import client as wire
from supervisor.wire.codec import MAX_CHUNK_BYTES, Frames, decode_request, encode


class Sender:
    """The supervisor's side of one job: sends while credit is above zero, END with the last."""

    def __init__(self, chunks: list[bytes]) -> None:
        self.chunks = deque(chunks)
        self.total = sum(map(len, chunks))
        self.credit = 0
        self.sent = 0

    def send(self) -> Frames | None:
        """The next message, None while it has to wait for credit."""
        if self.chunks and self.credit <= 0:
            return None
        body = self.chunks.popleft() if self.chunks else None
        offset, self.sent = self.sent, self.sent + len(body or b"")
        self.credit -= len(body or b"")
        if self.chunks:
            return encode(wire.Chunk("j", 0, offset), body)
        return encode(wire.End("j", self.total, 1), body)


def accepted(window: int, sender: Sender) -> tuple[Conversation, JobRecord]:
    """A conversation with one job that `sender` serves."""
    talk = Conversation(0.0, credit=window)
    record = talk.submit("Hello.", 0.0)
    talk.outbox.clear()
    sender.credit = window
    talk.receive(encode(wire.Accepted(record.request, "j", 1, 24_000, 7)), 0.0)
    return talk, record


@given(
    lengths=st.lists(st.integers(1, MAX_CHUNK_BYTES // 4), max_size=40),
    window=st.integers(1, 1 << 18),
    seed=st.integers(0, 1000),
)
def test_all_audio_arrives_whatever_the_pace(lengths: list[int], window: int, seed: int) -> None:
    """No order of sending and taking stalls, loses, reorders, or holds more than the window
    and one chunk.
    """
    chunks = [struct.pack("<f", index) * length for index, length in enumerate(lengths)]
    sender = Sender(chunks)
    talk, record = accepted(window, sender)
    pace, taken = random.Random(seed), bytearray()
    while not (record.ended and not record.ready):
        frames = sender.send() if pace.random() < 0.5 and not record.ended else None
        if frames is not None:
            talk.receive(frames, 0.0)
        elif (body := talk.take(record)) is not None:
            taken += body
        else:
            assert sender.credit > 0 or not sender.chunks, "stalled: nothing to take, no credit"
        held = record.received - record.taken
        assert held < window + MAX_CHUNK_BYTES
        while talk.outbox:
            grant = decode_request(talk.outbox.popleft()).message
            assert isinstance(grant, wire.Credit)
            sender.credit += grant.bytes
    assert record.error is None
    assert bytes(taken) == b"".join(chunks)
