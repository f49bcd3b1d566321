"""A running segment gives way to a sentence: it is stopped in its worker, and spoken again."""

from __future__ import annotations

from supervisor.wire import client as wire
from tests.supervised import Supervised, Wire, eventually

SETTINGS = {
    "engines.default": "hibari",
    "engines.preload": ["hibari"],
    "performance.dynamic_cpu_allocation.enabled": False,
    "performance.dynamic_cpu_allocation.max_cores": 1,
    "segments.first_max_chars": 2_000,
    "segments.max_chars": 2_000,
    "classes.preempt_left_s": 0.01,
}
LONG = b"word " * 380
"""One segment, a second of work."""


def submit(peer: Wire, number: int, request_class: str | None) -> str:
    """Hand in the long text; returns the job when it is accepted."""
    name = f"long-{number}"
    asked = wire.Submit(name, seed=7, credit=1 << 40, progress=True, request_class=request_class)
    peer.send(asked, LONG)
    accepted, _body = peer.receive()
    assert isinstance(accepted, wire.Accepted)
    return accepted.job


def test_an_interrupted_segment_is_the_same_audio_and_costs_no_worker() -> None:
    """To the sample, with a seed; the sentence is there first, the worker is the same process."""
    with Supervised(SETTINGS) as supervised, supervised.wire() as peer, supervised.wire() as other:
        (worker,) = supervised.workers(1)
        submit(peer, 0, None)
        end, audio = peer.outcome()
        assert isinstance(end, wire.End)

        def interrupted() -> bool:
            """It may have had half of its time by the time that the sentence comes."""
            job = submit(peer, 1, "batch")
            while not isinstance(peer.receive()[0], wire.Started):
                pass
            other.send(wire.Submit("now", credit=1 << 40), b"Now.")
            assert isinstance(other.outcome()[0], wire.End)
            other.send(wire.Jobs("look", job=job))
            told = other.receive()[0]
            assert isinstance(told, wire.Report)
            story = [line["event"] for line in told.status["story"]]
            again, same = peer.outcome()
            assert isinstance(again, wire.End)
            assert same == audio
            assert again.retried == 0
            return "interrupted" in story

        eventually(interrupted, "a segment that gives way", timeout=60.0)
        status = supervised.status()
        assert status["classes"]["preempted"] >= 1
        assert status["classes"]["thrown_away_s"] > 0
        assert status["classes"]["batch"]["first_audio_s"]["count"] >= 1
        assert status["pool"]["restarts"] == 0
        assert [each["pid"] for each in supervised.workers(1)] == [worker["pid"]]
        assert status["jobs"]["retried"] == 0
