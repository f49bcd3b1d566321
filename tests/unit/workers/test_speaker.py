"""What a worker answers: audio, or in which of three ways there is none."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from supervisor.speech import Ends, Pauses, Speech
from supervisor.wire.worker import MAX_PACKET_BYTES, Piece, Run, decode_piece, encode
from workers.engine_set import EngineSet
from workers.engines.base import EngineInfo, Spoken, Terminated, WordTime
from workers.speaker import Speaker


class Scripted:
    """An engine set and its only session: answers with audio, or raises."""

    def __init__(
        self, answer: NDArray[np.float32] | Spoken | Exception, *, silent_ends: bool = False
    ) -> None:
        self._answer, self._silent_ends = answer, silent_ends
        self.asked: list[str] = []

    def session(self, _engine: str, _voice: str, *, reproducible: bool) -> Scripted:
        """Itself."""
        del reproducible
        return self

    def sample_rate(self, _engine: str, _voice: str) -> int:
        """That of every voice."""
        return 24_000

    def info(self, _engine: str) -> EngineInfo:
        """Of an engine whose samples stay as they are."""
        return EngineInfo("noop", 24_000, "tone", (), "", silent_ends=self._silent_ends)

    def fingerprint(self, _engine: str, _voice: str, _session: object) -> str:
        """It has none."""
        return ""

    def is_single(self, _engine: str, _session: object) -> bool:
        """Nobody asks how many threads it has."""
        return False

    def synthesize(self, text: str, _speech: Speech) -> NDArray[np.float32] | Spoken:
        """As scripted."""
        self.asked.append(text)
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
    ends: tuple[socket.socket, socket.socket],
    answer: NDArray[np.float32] | Spoken | Exception,
    *,
    text: str = "Hello.",
    after: Ends = "sentence",
    silent_ends: bool = False,
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
        text=text,
        ends=after,
        silence_s=Pauses().after(after, 1.0),
    )
    ours.send(encode(run))
    ours.shutdown(socket.SHUT_WR)
    Speaker(theirs, cast("EngineSet", Scripted(answer, silent_ends=silent_ends))).serve()
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


def test_samples_with_times_are_the_samples(ends: tuple[socket.socket, socket.socket]) -> None:
    """An engine that tells when its words are heard is heard like any other."""
    samples = np.full(240, 0.5, np.float32)
    ((_, audio),) = spoken(ends, Spoken(samples, (WordTime(0, 5, 0.0, 0.01),)))
    assert audio == samples.tobytes()


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


def test_silence_is_what_ends_with_the_segment_where_the_engine_leaves_some() -> None:
    """Whatever the model left; and samples of another engine stay, but for what a text asks for."""
    sound = np.full(2_400, 0.5, np.float32)
    samples = np.pad(sound, (8_000, 12_000))

    def after(end: Ends, *, silent_ends: bool) -> float:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours, theirs:
            packets = spoken((ours, theirs), samples, after=end, silent_ends=silent_ends)
        audio = np.frombuffer(b"".join(part for _, part in packets), "<f4")
        heard = np.flatnonzero(audio)
        assert silent_ends is not np.array_equal(audio[: samples.size], samples)
        return (audio.size - int(heard[-1]) - 1) / 24_000

    kinds: tuple[Ends, ...] = ("phrase", "clause", "sentence", "heading", "paragraph", 0.7)
    heard = [after(end, silent_ends=True) for end in kinds]
    assert heard == pytest.approx([0.03, 0.15, 0.55, 0.75, 0.95, 0.65], abs=0.011)
    untouched = [after(end, silent_ends=False) for end in kinds]
    assert untouched == pytest.approx([0.5] * 5 + [1.2])


def test_a_silence_alone_asks_no_engine(ends: tuple[socket.socket, socket.socket]) -> None:
    """It is as long as the text asks for, and nothing is heard in it."""
    packets = spoken(ends, RuntimeError("was asked"), text="", after=0.5)
    assert not any(piece.error for piece, _ in packets)
    assert b"".join(part for _, part in packets) == bytes(12_000 * 4)
