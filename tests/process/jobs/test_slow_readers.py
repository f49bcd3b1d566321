"""Readers who do not take their audio: what they leave with the supervisor is bounded."""

from __future__ import annotations

from contextlib import ExitStack

from supervisor.wire import client as wire
from tests.fixtures.processes import rss_mb
from tests.supervised import Supervised, Wire, eventually

READERS = 64
BOUND_MB = 8
SLACK_MB = 40
"""For 64 connections, their texts and stories, and the allocator."""

TEXT = b"A sentence of some length, as books have them, and a little more of it. " * 1000
"""About 2 MiB of audio of the engine `noop` could be held of it."""

SETTINGS = {
    "engines.default": "noop",
    "engines.preload": ["noop"],
    "broker.max_held_audio_mb": BOUND_MB,
    "broker.max_client_held_audio_mb": 4,
    "admission.max_work_s": 1e6,
}


def test_many_slow_readers_do_not_grow_the_supervisor() -> None:
    """64 of them took 128 MB when each job was bounded and their sum was not. One who reads
    is served beside them, and they are when they read at last.
    """
    with Supervised(SETTINGS) as supervised, ExitStack() as stack:
        with supervised.wire() as peer:
            peer.send(wire.Submit("warm", credit=1 << 30, seed=1), TEXT)
            assert isinstance(peer.receive()[0], wire.Accepted)
            end, audio = peer.outcome()
            assert isinstance(end, wire.End)
            assert len(audio) > 2 << 20
        before = rss_mb(supervised.pid)
        readers = [stack.enter_context(supervised.wire()) for _ in range(READERS)]
        jobs = [slow(reader) for reader in readers]

        def at_rest() -> bool:
            counts = supervised.status()["jobs"]
            return bool(counts["segments_waiting"] == counts["segments_running"] == 0)

        eventually(at_rest, "everybody holds his share", 60.0)
        # What is held stays; what was used on the way there is given back in its own time.
        eventually(
            lambda: rss_mb(supervised.pid) - before < BOUND_MB + SLACK_MB,
            f"little more memory with {READERS} slow readers",
        )
        with supervised.wire() as good:
            good.send(wire.Submit("good", credit=1 << 30), TEXT)
            assert isinstance(good.receive()[0], wire.Accepted)
            assert isinstance(good.outcome()[0], wire.End)
        for reader, job in zip(readers[:8], jobs, strict=False):
            reader.send(wire.Credit(job, 1 << 30))
        for reader in readers[:8]:
            end, heard = reader.outcome()
            assert isinstance(end, wire.End)
            assert heard == audio


def slow(reader: Wire) -> str:
    """Hand in a long text and take nothing of it."""
    reader.send(wire.Submit("slow", credit=0, seed=1), TEXT)
    accepted, _body = reader.receive()
    assert isinstance(accepted, wire.Accepted), accepted
    return accepted.job
