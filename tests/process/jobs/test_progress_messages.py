"""STARTED: for who asks for `progress`, and nobody else."""

from __future__ import annotations

from supervisor.wire import client as wire
from tests.supervised import Supervised

TEXT = b"One sentence. Then a second one. And a third."


def messages(running: Supervised, *, progress: bool) -> list[wire.Message]:
    """All that a job's client is sent, up to END."""
    with running.wire() as peer:
        peer.send(wire.Submit("a", engine="noop", progress=progress), TEXT)
        told = [peer.receive()[0]]
        while not isinstance(told[-1], wire.End | wire.Error):
            told.append(peer.receive()[0])
    return told


def test_started_comes_for_each_segment_before_its_audio(running_supervisor: Supervised) -> None:
    """On the wire: the job's name and the segment's number, and no audio of a segment before."""
    told = messages(running_supervisor, progress=True)
    accepted = told[0]
    assert isinstance(accepted, wire.Accepted)
    started = [message for message in told if isinstance(message, wire.Started)]
    assert started == [wire.Started(accepted.job, number) for number in range(3)]
    for chunk in (message for message in told if isinstance(message, wire.Chunk)):
        assert told.index(wire.Started(accepted.job, chunk.segment)) < told.index(chunk)


def test_who_does_not_ask_hears_nothing_of_it(running_supervisor: Supervised) -> None:
    """The default: audio and the end alone."""
    told = messages(running_supervisor, progress=False)
    assert {type(message) for message in told} <= {wire.Accepted, wire.Chunk, wire.End}
    assert isinstance(told[-1], wire.End)
