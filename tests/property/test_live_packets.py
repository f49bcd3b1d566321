"""Packets of a conversation: whatever a network loses, doubles or reorders, messages arrive in
order, each once and whole, and all of them once the network is well again.
"""

from __future__ import annotations

import random
from collections import deque

from hypothesis import given, settings
from hypothesis import strategies as st

from supervisor.client.live.packets import MAX_PAYLOAD_BYTES, Packets
from supervisor.wire.codec import MAGIC, Frames

_LENGTHS = st.sampled_from([0, 4, 1000, MAX_PAYLOAD_BYTES - 3, MAX_PAYLOAD_BYTES + 1, 300_000])
_MESSAGES = st.lists(st.tuples(st.booleans(), _LENGTHS), max_size=25)
_FAULTS = st.tuples(*[st.integers(0, 40)] * 3)
"""Percent of packets that are lost, doubled, and held back."""


class _Network:
    """Carries packets from one end to the other, badly until it is `well`."""

    def __init__(self, faults: tuple[int, int, int], chance: random.Random) -> None:
        self._faults, self._chance = faults, chance
        self._held: deque[bytes] = deque()
        self.well = False

    def carry(self, source: Packets, target: Packets, now: float) -> list[Frames]:
        """Carry all that is there; returns the messages that are whole by it."""
        arrived: list[Frames] = []
        packets = [*self._held, *source.outbox]
        self._held.clear()
        source.outbox.clear()
        for packet in packets:
            lost, doubled, held = (
                not self.well and self._chance.randrange(100) < fault for fault in self._faults
            )
            if lost:
                continue
            if held:
                self._held.append(packet)
                continue
            for _copy in range(1 + doubled):
                arrived += target.receive(packet, now)
        return arrived


def _frames(number: int, with_body: bool, length: int) -> Frames:
    body = bytes([number % 251]) * length
    return [MAGIC, b"%d" % number, body] if with_body else [MAGIC, b"%d" % number + body]


def _plain(messages: list[Frames]) -> list[list[bytes]]:
    return [[bytes(frame) for frame in frames] for frames in messages]


@settings(max_examples=60, deadline=None)
@given(ours=_MESSAGES, theirs=_MESSAGES, faults=_FAULTS, seed=st.integers(0, 1 << 32))
def test_what_is_sent_arrives_in_order_and_once(
    ours: list[tuple[bool, int]],
    theirs: list[tuple[bool, int]],
    faults: tuple[int, int, int],
    seed: int,
) -> None:
    """A conversation over a bad network is the one over a good one."""
    chance = random.Random(seed)
    left, right = Packets(0.0), Packets(0.0)
    there, back = _Network(faults, chance), _Network(faults, chance)
    sent = [_frames(n, *message) for n, message in enumerate(ours)]
    answered = [_frames(n, *message) for n, message in enumerate(theirs)]
    got: list[Frames] = []
    got_back: list[Frames] = []
    to_send, to_answer = deque(sent), deque(answered)
    for step in range(160):
        now = step * 0.1
        if step == 40:  # Sooner than either end gives the other up.
            there.well = back.well = True
        if to_send and chance.random() < 0.5:
            left.send(to_send.popleft(), now)
        if to_answer and chance.random() < 0.5:
            right.send(to_answer.popleft(), now)
        got += there.carry(left, right, now)
        got_back += back.carry(right, left, now)
        left.tick(now, awaiting=step < 120)
        right.tick(now)
        assert _plain(got) == _plain(sent[: len(got)])
        assert _plain(got_back) == _plain(answered[: len(got_back)])
    assert left.over == right.over == ""
    assert len(got) == len(sent)
    assert len(got_back) == len(answered)
    assert left.unconfirmed_bytes == right.unconfirmed_bytes == 0


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=80) | st.binary(max_size=60).map(lambda b: b"TT\x01" + b)))
def test_what_anybody_sends_ends_at_most_this_conversation(packets: list[bytes]) -> None:
    """No packet raises, or is answered by many."""
    end = Packets(0.0)
    end.send([MAGIC, b"header"], 0.0)
    for packet in packets:
        end.receive(packet, 0.0)
        assert len(end.outbox) <= 3 * len(packets) + 3
        end.outbox.clear()


def test_who_takes_nothing_is_left() -> None:
    """Signs of life alone keep nobody's audio waiting."""
    ours, theirs = Packets(0.0), Packets(0.0)
    while not ours.full:
        ours.send([MAGIC, b"header", bytes(60_000)], 0.0)
    ours.outbox.clear()
    for second in range(1, 20):
        theirs.ping(float(second))
        for packet in theirs.outbox:
            ours.receive(packet, float(second))
        theirs.outbox.clear()
        ours.tick(float(second))
    assert ours.over == "the other end takes nothing"
    assert ours.unconfirmed_bytes == 0


def test_answers_that_nobody_takes_are_not_kept_for_ever() -> None:
    """However small they are."""
    ours = Packets(0.0)
    for _ in range(10_000):
        ours.send([MAGIC, b"error"], 0.0)
        ours.outbox.clear()
    assert ours.over == "the other end takes nothing"


def test_a_message_without_an_end_ends_the_conversation() -> None:
    """It would fill the memory."""
    end = Packets(0.0)
    for number in range(100):
        other = Packets(0.0)
        other.send([MAGIC, b"h", bytes(MAX_PAYLOAD_BYTES)], 0.0)
        more = bytearray(other.outbox[0])
        more[4:12] = number.to_bytes(8, "big")
        end.receive(bytes(more), 0.0)
    assert "without an end" in end.over
