"""Traces as they arrive at a collector, over real HTTP; and what a collector may not do to us."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest

from supervisor import __version__
from supervisor.core.jobs.request import TraceContext
from supervisor.core.jobs.spans import Span, Trace
from supervisor.tracing import session
from supervisor.tracing.exporter import NotSentError, Timed
from supervisor.tracing.otlp import OtlpCollector
from tests.fixtures.collector import ERROR, SERVER, Answer, Collector, collector, take

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
SPAN_ID = "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE_ID}-{SPAN_ID}-01"
AHEAD = 1_700_000_000 * 10**9


def timed(traceparent: str = "", tracestate: str = "") -> Timed:
    """A trace of three spans."""
    context = TraceContext(traceparent, tracestate, 1.0)
    parts = (Span("queue", 1.25, 1.5), Span("segment", 1.5, 2.0, {"n": 1}, "worker lost"))
    job = Span("job", 1.0, 3.0, {"id": "j", "n": 2, "s": 0.5, "durable": True}, "failed")
    return Timed(Trace(context, job, parts), AHEAD)


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever OpenTelemetry is told where the tests run."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "5")
    for name in ("OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES", "OTEL_TRACES_SAMPLER"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def there() -> Iterator[Collector]:
    """A collector."""
    with collector() as listening:
        yield listening


def test_spans_arrive_as_they_are_told(there: Collector) -> None:
    """Names, nesting, times, attributes of each type, and what led to nothing."""
    assert OtlpCollector(there.url, "epoch").send([timed()]) == 3
    job, queue, segment = there.spans
    assert (job.name, job.parent_id, job.kind) == ("job", "", SERVER)
    assert (job.start, job.end) == pytest.approx((1_700_000_001.0, 1_700_000_003.0))
    assert job.attributes == {"id": "j", "n": 2, "s": 0.5, "durable": True}
    assert (job.status, job.message) == (ERROR, "failed")
    assert [s.parent_id for s in (queue, segment)] == [job.span_id] * 2
    assert {s.trace_id for s in there.spans} == {job.trace_id}
    assert (queue.status, queue.message) == (0, "")
    assert (segment.status, segment.message) == (ERROR, "worker lost")
    assert segment.end - segment.start == pytest.approx(0.5)
    assert there.resource["service.name"] == "tts-supervisor"
    assert there.resource["service.version"] == __version__
    assert there.resource["service.instance.id"] == "epoch"


def test_a_job_is_part_of_its_caller_s_trace(there: Collector) -> None:
    """With the caller's span above it, and the state that came along."""
    OtlpCollector(there.url, "e").send([timed(TRACEPARENT, "congo=t61rcWkgMzE , rojo=1")])
    job = there.spans[0]
    assert (job.trace_id, job.parent_id) == (TRACE_ID, SPAN_ID)
    assert {span.state for span in there.spans} == {"congo=t61rcWkgMzE,rojo=1"}


@pytest.mark.parametrize(
    "traceparent",
    [
        "",
        "nonsense",
        TRACEPARENT.upper(),
        f"00-{'0' * 32}-{SPAN_ID}-01",
        f"00-{TRACE_ID}-{'0' * 16}-01",
        f"ff-{TRACE_ID}-{SPAN_ID}-01",
        f"{TRACEPARENT}-more",
        TRACEPARENT[:-1],
        "\x1b[2J\n%s%d",
    ],
)
def test_what_is_no_traceparent_begins_a_new_trace(
    there: Collector, traceparent: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """As the recommendation has it; and nobody's terminal gets to see what it was."""
    OtlpCollector(there.url, "e").send([timed(traceparent, "a=1"), timed(traceparent, "a=1")])
    first, second = (span for span in there.spans if span.name == "job")
    assert first.parent_id == second.parent_id == ""
    assert TRACE_ID != first.trace_id != second.trace_id
    assert first.state == ""
    assert capfd.readouterr() == ("", "")


def test_a_later_version_of_the_header_is_read_as_far_as_it_is_known(there: Collector) -> None:
    """Which is what the recommendation asks of this version's readers."""
    OtlpCollector(there.url, "e").send([timed(f"cc-{TRACE_ID}-{SPAN_ID}-01-what-the-future-holds")])
    assert there.spans[0].trace_id == TRACE_ID


def test_a_wrong_tracestate_costs_only_itself(
    there: Collector, capfd: pytest.CaptureFixture[str]
) -> None:
    """The job stays in its caller's trace."""
    OtlpCollector(there.url, "e").send([timed(TRACEPARENT, "\x1b[2J no list")])
    assert (there.spans[0].trace_id, there.spans[0].state) == (TRACE_ID, "")
    assert capfd.readouterr() == ("", "")


def test_a_caller_who_does_not_sample_is_followed(there: Collector) -> None:
    """Nothing is sent for it; the other jobs of the batch are."""
    outlet = OtlpCollector(there.url, "e")
    unsampled = timed(f"00-{TRACE_ID}-{SPAN_ID}-00")
    assert outlet.send([unsampled]) == 0
    assert there.paths == []
    assert outlet.send([unsampled, timed()]) == 3


def test_the_standard_environment_is_honoured(
    there: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Address, headers, name and sampler: whoever runs a collector knows these variables."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", there.url.removesuffix("/v1/traces"))
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-key=secret")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "narrator")
    OtlpCollector(None, "e").send([timed()])
    assert there.paths == ["/v1/traces"]
    assert there.headers["x-key"] == "secret"
    assert there.resource["service.name"] == "narrator"
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_always_off")
    assert OtlpCollector(None, "e").send([timed()]) == 0
    assert OtlpCollector(None, "e").send([timed(TRACEPARENT)]) == 3


def test_a_connection_is_kept(there: Collector) -> None:
    """Reading no more than the beginning of an answer does not cost a connection each time."""
    ports = set()

    def note(handler: BaseHTTPRequestHandler) -> None:
        ports.add(handler.client_address)
        take(handler)

    there.answer = note
    outlet = OtlpCollector(there.url, "e")
    for _ in range(3):
        outlet.send([timed()])
    outlet.close()
    assert len(ports) == 1


def status(code: int, **headers: str) -> Answer:
    """An answer with this status and no body."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code, "\x1b[2J a reason of its own")
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def garbage(handler: BaseHTTPRequestHandler) -> None:
    """No HTTP at all."""
    handler.wfile.write(b"\x1b[2J what?\r\n\r\n")
    handler.close_connection = True


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    """Close the connection without a word."""
    handler.connection.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (status(400), "the collector answers with status 400"),
        (status(401), "the collector answers with status 401"),
        (status(500), "the collector answers with status 500"),
        (status(503, Retry_After="3600"), "the collector answers with status 503"),
        (status(302, Location="http://127.0.0.1:1/"), "the collector answers with status 302"),
        (garbage, "no answer from the collector (BadStatusLine)"),
        (hang_up, "no answer from the collector (RemoteDisconnected)"),
    ],
    ids=["400", "401", "500", "busy for an hour", "elsewhere", "garbage", "hangs up"],
)
def test_a_collector_that_does_not_take_them(
    there: Collector,
    answer: Answer,
    says: str,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One line says why, in our words, and the library keeps its own to itself.

    What may pass is tried again, within the timeout of the environment.
    """
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.5")
    there.answer = answer
    with pytest.raises(NotSentError) as failure:
        OtlpCollector(there.url, "e").send([timed()])
    assert str(failure.value) == says
    assert capfd.readouterr() == ("", "")


def test_nobody_listens(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's word for it is in the message."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.1")
    with pytest.raises(NotSentError, match="Connection refused"):
        OtlpCollector("http://127.0.0.1:1/v1/traces", "e").send([timed()])
    assert capfd.readouterr() == ("", "")


def test_an_answer_without_an_end_is_not_read(there: Collector) -> None:
    """A collector that sends for ever is answered by hanging up: memory does not grow."""
    sent = 0

    def endless(handler: BaseHTTPRequestHandler) -> None:
        nonlocal sent
        handler.send_response(200)
        handler.send_header("Content-Length", str(1 << 40))
        handler.end_headers()
        try:
            while True:
                sent += handler.wfile.write(bytes(1 << 16))
        except OSError:
            handler.close_connection = True

    there.answer = endless
    assert OtlpCollector(there.url, "e").send([timed()]) == 3
    assert sent < 16 << 20, "what the kernel's buffers took"


def test_one_that_takes_its_time_is_given_up(
    there: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the timeout of the environment, and the batch is lost."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.2")

    def wait(handler: BaseHTTPRequestHandler) -> None:
        handler.rfile.read(1)  # until the client leaves

    there.answer = wait
    with pytest.raises(NotSentError, match=r"no answer from the collector \(TimeoutError\)"):
        OtlpCollector(there.url, "e").send([timed()])


def test_the_library_is_quiet_and_others_are_not() -> None:
    """Only OpenTelemetry's own logger is silenced."""
    OtlpCollector("http://127.0.0.1:1/v1/traces", "e").close()
    assert not logging.getLogger("opentelemetry").propagate
    assert logging.getLogger("supervisor.other").propagate
    assert session.ANSWER_BYTES < 1 << 16
