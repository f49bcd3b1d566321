"""A real supervisor, real clients, and the traces of their jobs as a collector gets them."""

from __future__ import annotations

import signal
import time

import pytest

from supervisor.client import Client
from supervisor.wire import client as wire
from tests.fixtures.collector import ERROR, SERVER, Collector, Seen
from tests.process.tracing.conftest import Traced
from tests.supervised import Wire, eventually

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
SPAN_ID = "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE_ID}-{SPAN_ID}-01"

TEXT = "The fox is quick. " * 40


def check(spans: list[Seen]) -> dict[str, list[Seen]]:
    """The spans by name, if they are one well-formed trace."""
    job, *parts = spans
    assert (job.name, job.kind) == ("job", SERVER)
    assert {span.trace_id for span in spans} == {job.trace_id}
    assert len({span.span_id for span in spans}) == len(spans)
    assert all(job.start <= part.start <= part.end <= job.end for part in parts)
    named: dict[str, list[Seen]] = {}
    for span in spans:
        named.setdefault(span.name, []).append(span)
    assert set(named) <= {"job", "admission", "queue", "segment", "release"}
    assert named["admission"][0].start == job.start
    assert named["admission"][0].end == named["queue"][0].start
    assert {len(named[name]) for name in named if name != "segment"} == {1}
    return named


def ended(peer: Wire, submit: wire.Submit, text: bytes) -> tuple[str, str]:
    """Run a job to its end; returns its id and its outcome."""
    peer.send(submit, text)
    accepted, _body = peer.receive()
    assert isinstance(accepted, wire.Accepted)
    end, _audio = peer.outcome()
    return accepted.job, end.code if isinstance(end, wire.Error) else "done"


def test_a_job_of_the_python_client_is_part_of_its_trace(traced: Traced, sent: Collector) -> None:
    """One trace under the caller's span, with a span for each segment, at the time it was."""
    before = time.time()
    with Client(traced.endpoint) as client:
        job = client.submit(TEXT, traceparent=TRACEPARENT, tracestate="congo=t61rcWkgMzE")
        audio = job.result()
    after = time.time()
    named = check(sent.trace(job.id))
    root = named["job"][0]
    assert (root.trace_id, root.parent_id, root.state) == (TRACE_ID, SPAN_ID, "congo=t61rcWkgMzE")
    assert before - 0.01 <= root.start <= root.end <= after + 0.01
    assert root.status != ERROR
    said = root.attributes
    assert said["tts.job.outcome"] == "done"
    assert (said["tts.engine"], said["tts.voice"]) == ("stunts", "tone")
    assert said["tts.audio_s"] == pytest.approx(audio.duration)
    assert said["tts.segments"] == len(named["segment"]) > 2
    assert said["tts.segments_left_out"] == 0
    attempts = [span.attributes for span in named["segment"]]
    assert sorted(a["tts.segment.index"] for a in attempts) == list(range(len(attempts)))
    assert {a["tts.segment.outcome"] for a in attempts} == {"spoken"}
    epochs = {worker["epoch"] for worker in traced.status()["workers"]}
    assert {a["tts.worker.epoch"] for a in attempts} <= epochs
    assert min(span.start for span in named["segment"]) == named["queue"][0].end
    assert sum(a["tts.segment.characters"] for a in attempts) == said["tts.characters"]
    assert sent.resource["service.instance.id"] == traced.status()["supervisor"]["epoch"]
    assert not any(b"quick" in body for body in sent.bodies), "no text leaves the supervisor"


def test_a_job_over_http_is_part_of_its_request_s_trace(traced: Traced, sent: Collector) -> None:
    """The gateway hands the headers on; `tracestate` may come in several lines."""
    answer = traced.gateway.ask(
        "/v1/audio/speech",
        {"input": "Hello there.", "response_format": "pcm"},
        headers={"traceparent": TRACEPARENT, "tracestate": "a=1 , b=2"},
    )
    assert answer.status == 200
    root = check(sent.trace(answer.headers["X-Job-Id"]))["job"][0]
    assert (root.trace_id, root.parent_id, root.state) == (TRACE_ID, SPAN_ID, "a=1,b=2")


@pytest.mark.parametrize(
    "traceparent", ["nonsense", "", TRACEPARENT.upper(), "ff" + TRACEPARENT[2:], "\xe9", "0" * 7000]
)
def test_a_bad_traceparent_begins_a_new_trace(
    traced: Traced, sent: Collector, traceparent: str
) -> None:
    """Over HTTP and over the wire the job is done as if there were none, in a trace of its own."""
    answer = traced.gateway.ask(
        "/v1/audio/speech",
        {"input": "Hello there.", "response_format": "pcm"},
        headers={"traceparent": traceparent, "tracestate": "a=1"},
    )
    assert answer.status == 200
    with traced.wire() as peer:
        job, outcome = ended(peer, wire.Submit("a", traceparent=traceparent), b"Hello there.")
    assert outcome == "done"
    roots = [check(sent.trace(id))["job"][0] for id in (answer.headers["X-Job-Id"], job)]
    assert [root.parent_id for root in roots] == ["", ""]
    assert len({TRACE_ID, *(root.trace_id for root in roots)}) == 3


def test_a_cancelled_job_is_an_error(traced: Traced, sent: Collector) -> None:
    """And so is the attempt that was interrupted for it."""
    with traced.wire() as peer:
        peer.send(wire.Submit("a"), b"Hold.")
        accepted, _body = peer.receive()
        assert isinstance(accepted, wire.Accepted)
        traced.begun("holding")
        peer.send(wire.Cancel(accepted.job))
        error, _audio = peer.outcome()
        assert isinstance(error, wire.Error)
    named = check(sent.trace(accepted.job))
    root, attempt = named["job"][0], named["segment"][0]
    assert (root.status, root.message) == (ERROR, "cancelled: cancelled by the client")
    assert (attempt.status, attempt.message) == (ERROR, "interrupted")
    assert "release" not in named


def test_a_text_that_ends_worker_after_worker_is_an_error(traced: Traced, sent: Collector) -> None:
    """Each attempt is there with the worker that it ended."""
    with traced.wire() as peer:
        job, code = ended(peer, wire.Submit("a"), b"Die.")
    assert code == "poison"
    named = check(sent.trace(job))
    assert (named["job"][0].status, named["job"][0].message) == (ERROR, "quarantined")
    assert [span.message for span in named["segment"]] == ["worker lost"] * 3
    assert [span.attributes["tts.segment.attempt"] for span in named["segment"]] == [1, 2, 3]
    assert len({span.attributes["tts.worker.epoch"] for span in named["segment"]}) == 3


def test_what_an_engine_cannot_speak_is_an_error(traced: Traced, sent: Collector) -> None:
    """The attempt was refused; the engine's message, which quotes the text, stays here."""
    with traced.wire() as peer:
        job, code = ended(peer, wire.Submit("a"), b"Fail.")
    assert code == "failed"
    named = check(sent.trace(job))
    assert (named["job"][0].status, named["job"][0].message) == (ERROR, "failed")
    assert [span.message for span in named["segment"]] == ["refused"]
    assert not any(b"Fail." in body for body in sent.bodies)


def test_a_job_that_is_found_by_its_key_is_one_trace(traced: Traced, sent: Collector) -> None:
    """Whoever asks again, from whatever trace, has asked for the same job."""
    with traced.wire() as peer:
        first = ended(peer, wire.Submit("a", seed=1, key="k"), b"Hello there.")
        again = wire.Submit("b", seed=1, key="k", traceparent=TRACEPARENT)
        assert ended(peer, again, b"Hello there.") == first
        other, _outcome = ended(peer, wire.Submit("c", seed=1), b"Hello there.")
    sent.trace(other)
    assert check(sent.trace(first[0]))["job"][0].trace_id != TRACE_ID
    assert sum(span.attributes.get("tts.job.id") == first[0] for span in sent.spans) == 1


def test_what_was_sent_is_counted(traced: Traced, sent: Collector) -> None:
    """In the status, and for Prometheus."""
    with traced.wire() as peer:
        job, _outcome = ended(peer, wire.Submit("a"), b"Hello there.")
    sent.trace(job)
    eventually(lambda: traced.status()["tracing"]["exported_spans"] >= 4, "they are counted")
    said = traced.status()["tracing"]
    assert (said["enabled"], said["lost_spans"], said["problem"]) == (True, 0, None)

    def metrics() -> str:
        return traced.gateway.ask("/metrics").body.decode()

    eventually(
        lambda: f"tts_trace_spans_total {float(said['exported_spans'])}" in metrics(),
        "the same number in the metrics",
    )
    assert "tts_trace_spans_lost_total 0.0" in metrics()


def test_a_durable_job_keeps_its_trace_over_the_end_of_its_supervisor(sent: Collector) -> None:
    """The next supervisor tells it, from where it took over."""
    supervised = Traced(sent.url).start()
    with supervised:
        with supervised.wire() as peer:
            peer.send(wire.Submit("a", durable=True, traceparent=TRACEPARENT), b"Hold.")
            accepted, _body = peer.receive()
            assert isinstance(accepted, wire.Accepted)
            supervised.begun("holding")
        supervised.stop(signal.SIGKILL)
        supervised.go()
        supervised.start()
        job, *parts = sent.trace(accepted.job)
        assert (job.trace_id, job.parent_id) == (TRACE_ID, SPAN_ID)
        assert job.attributes["tts.job.recovered"] is True
        assert [part.name for part in parts] == ["queue", "segment", "release"]
        assert job.start <= parts[0].start <= parts[1].start < parts[1].end <= job.end
        assert supervised.stop() == 0


def test_what_is_queued_is_sent_before_the_end(sent: Collector) -> None:
    """A drain waits for the traces of the last jobs, which have not waited long enough to go."""
    with Traced(sent.url) as supervised:
        with supervised.wire() as peer:
            jobs = [ended(peer, wire.Submit("a"), b"Hello there.")[0] for _ in range(5)]
        assert supervised.stop() == 0
        told = {span.attributes.get("tts.job.id") for span in sent.spans}
        assert set(jobs) <= told
