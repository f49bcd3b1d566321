"""What a worker answers: audio, or in which of three ways there is none."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from supervisor.speech import Speech
from supervisor.wire.worker import MAX_PACKET_BYTES, Piece, Run, decode_piece, encode
from workers.engine_set import EngineSet
from workers.engines.base import Terminated
from workers.speaker import Speaker


class Scripted:
    """An engine set and its only session: answers with audio, or raises."""

    def __init__(self, answer: NDArray[np.float32] | Exception) -> None:
        self._answer = answer

    def session(self, _engine: str, *, reproducible: bool) -> Scripted:
        """Itself."""
        del reproducible
        return self

    def synthesize(self, *_: Any) -> NDArray[np.float32]:
        """As scripted."""
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The supervisor's end of the work channel, and the worker's."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        yield ours, theirs


def spoken(
    ends: tuple[socket.socket, socket.socket], answer: NDArray[np.float32] | Exception
) -> list[tuple[Piece, bytes]]:
    """All packets that come back for one segment."""
    ours, theirs = ends
    run = Run(
        job="j",
        segment=0,
        attempt=0,
        epoch=1,
        speech=Speech(engine="noop", voice="tone", seed=1),
        reproducible=False,
        text="Hello.",
    )
    ours.send(encode(run))
    ours.shutdown(socket.SHUT_WR)
    Speaker(theirs, cast("EngineSet", Scripted(answer))).serve()
    theirs.shutdown(socket.SHUT_WR)
    found = []
    while packet := ours.recv(MAX_PACKET_BYTES):
        piece, part = decode_piece(packet)
        found.append((piece, bytes(part)))
    return found


def test_audio_comes_in_packets_of_which_the_last_says_so(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    """Together they are the samples, and none is marked as anything else."""
    samples = np.arange(40_000, dtype=np.float32)
    packets = spoken(ends, samples)
    assert [piece.last for piece, _ in packets] == [False] * (len(packets) - 1) + [True]
    assert len(packets) > 1
    assert b"".join(part for _, part in packets) == samples.tobytes()
    assert not any(piece.error or piece.terminated or piece.unreadable for piece, _ in packets)


@pytest.mark.parametrize(
    ("raised", "terminated", "unreadable"),
    [
        (Terminated(), True, False),
        (ValueError("no such letter"), False, True),
        (ValueError("interrupted"), False, True),
        (RuntimeError("interrupted"), False, False),
    ],
)
def test_why_there_is_no_audio_is_told_by_its_kind(
    ends: tuple[socket.socket, socket.socket],
    raised: Exception,
    terminated: bool,
    unreadable: bool,
) -> None:
    """Whatever words an engine finds for it: only a segment that was stopped was stopped."""
    ((piece, audio),) = spoken(ends, raised)
    assert (piece.last, piece.terminated, piece.unreadable) == (True, terminated, unreadable)
    assert piece.error
    assert audio == b""
