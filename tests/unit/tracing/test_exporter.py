"""The queue of traces and its thread, with collectors that do as the test tells them."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

import pytest

from supervisor.core.jobs.request import TraceContext
from supervisor.core.jobs.spans import Span, Trace
from supervisor.tracing import exporter
from supervisor.tracing.exporter import BATCH_SPANS, QUEUE_SPANS, Exporter, NotSentError, Timed
from tests.supervised import eventually

SPAN = Span("job", 1.0, 2.0)


def trace(spans: int = 5) -> Trace:
    """A trace of so many spans."""
    return Trace(TraceContext("", "", 1.0), SPAN, (SPAN,) * (spans - 1))


class Scripted:
    """A collector that first waits for `may_go`, and fails while `reason` is set."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.taken: list[Timed] = []
        self.may_go = threading.Event()
        self.may_go.set()
        self.reason: str | None = None
        self.error: Exception | None = None
        self.closed = threading.Event()

    def send(self, traces: Sequence[Timed]) -> int:
        self.batches.append(sum(len(timed.trace) for timed in traces))
        assert self.may_go.wait(20)
        if self.error is not None:
            raise self.error
        if self.reason is not None:
            raise NotSentError(self.reason)
        self.taken += traces
        return self.batches[-1]

    def close(self) -> None:
        self.closed.set()


@pytest.fixture
def collector() -> Scripted:
    """One that takes everything."""
    return Scripted()


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches do not wait to be filled."""
    monkeypatch.setattr(exporter, "LINGER_S", 0.01)


@pytest.fixture(autouse=True)
def _heard(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the supervisor's logger says can be looked at."""
    monkeypatch.setattr(logging.getLogger("supervisor"), "propagate", True)
    caplog.set_level(logging.INFO, "supervisor")


def ended(sending: Exporter) -> None:
    """Let it end, and see that it did."""
    sending.finish(20.0)
    eventually(lambda: all(thread.name != "tracing" for thread in threading.enumerate()), "its end")


def test_what_is_put_in_arrives_in_order(collector: Scripted) -> None:
    """Together where it came together, with what makes Unix time of its own, and counted."""
    sending = Exporter(lambda: collector)
    for spans in (1, 2, 3):
        sending.put(trace(spans))
    ended(sending)
    assert [len(timed.trace) for timed in collector.taken] == [1, 2, 3]
    ahead = time.time_ns() - time.monotonic_ns()
    assert all(abs(timed.ahead_ns - ahead) < 1e9 for timed in collector.taken)
    assert (sending.exported, sending.lost, sending.problem) == (6, 0, None)
    assert collector.closed.is_set()


def test_a_batch_is_bounded(collector: Scripted) -> None:
    """No message grows without end, however much waits."""
    collector.may_go.clear()
    sending = Exporter(lambda: collector)
    for _ in range(100):
        sending.put(trace())
    collector.may_go.set()
    ended(sending)
    assert max(collector.batches) < BATCH_SPANS + 5
    assert sending.exported == 500


def test_a_slow_collector_costs_a_bounded_queue_and_one_line(
    collector: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    """What finds no room is dropped and counted, at once; later there is room again."""
    collector.may_go.clear()
    sending = Exporter(lambda: collector)
    for _ in range(QUEUE_SPANS):
        sending.put(trace())
    assert sending.lost == 4 * QUEUE_SPANS + QUEUE_SPANS % 5
    assert [r.levelname for r in caplog.records] == ["WARNING"]
    assert "the collector is too slow: 4095 spans wait for it" in caplog.text
    collector.may_go.set()
    eventually(lambda: sending.exported == 4095, "all that fitted was sent")
    sending.put(trace())
    ended(sending)
    assert sending.exported == 4100
    assert sending.lost == 4 * QUEUE_SPANS + QUEUE_SPANS % 5


def test_a_collector_that_is_gone_is_said_once_and_counted(
    collector: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    """Each batch is tried once and lost; that it is back is said, too."""
    collector.reason = "connection refused"
    sending = Exporter(lambda: collector)
    for number in range(1, 4):
        sending.put(trace())
        eventually(lambda number=number: sending.lost == 5 * number, "it is lost")  # type: ignore[misc]
    assert sending.problem == "connection refused"
    said = "tracing: spans are lost and counted: connection refused; jobs go on"
    assert [record.getMessage() for record in caplog.records] == [said]
    collector.reason = None
    sending.put(trace())
    ended(sending)
    assert (sending.exported, sending.lost) == (5, 15)
    assert caplog.records[-1].getMessage() == "tracing: the collector takes traces again"


@pytest.mark.parametrize("error", [ValueError("its text"), RecursionError()])
def test_a_library_that_fails_ends_nothing(
    collector: Scripted, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    """Whatever it raises, the thread goes on; its message is not ours to pass on."""
    collector.error = error
    sending = Exporter(lambda: collector)
    sending.put(trace())
    eventually(lambda: sending.lost == 5, "it is lost")
    collector.error = None
    sending.put(trace())
    ended(sending)
    assert sending.exported == 5
    assert type(error).__name__ in caplog.text
    assert "its text" not in caplog.text


def test_a_connection_that_cannot_even_be_made(caplog: pytest.LogCaptureFixture) -> None:
    """Such as with a wrong variable: said once, and everything is lost and counted."""

    def connect() -> Scripted:
        raise ValueError("OTEL_SOMETHING is no number")

    sending = Exporter(connect)
    for _ in range(3):
        sending.put(trace())
    ended(sending)
    assert (sending.exported, sending.lost) == (0, 15)
    assert [r.getMessage() for r in caplog.records if "OTEL_SOMETHING" in r.getMessage()]
    assert len(caplog.records) == 1


def test_the_end_waits_for_what_is_on_its_way(collector: Scripted) -> None:
    """Up to the time that it is given."""
    collector.may_go.clear()
    sending = Exporter(lambda: collector)
    sending.put(trace())
    sending.finish(20.0)
    threading.Timer(0.05, collector.may_go.set).start()
    sending.join()
    assert sending.exported == 5


def stuck(collector: Scripted) -> Exporter:
    """An exporter whose collector does not answer."""
    collector.may_go.clear()
    sending = Exporter(lambda: collector)
    sending.put(trace())
    eventually(lambda: collector.batches, "it is sent")
    sending.put(trace())
    return sending


def gone(collector: Scripted) -> Exporter:
    """One whose collector has failed, and now does not answer."""
    collector.reason = "gone"
    sending = Exporter(lambda: collector)
    sending.put(trace())
    eventually(lambda: sending.problem, "it has failed")
    collector.may_go.clear()
    sending.put(trace())
    return sending


@pytest.mark.parametrize(("begin", "at_most"), [(stuck, 0.2), (gone, 0.0)])
def test_the_end_is_not_held_up(
    collector: Scripted, begin: Callable[[Scripted], Exporter], at_most: float
) -> None:
    """By one that does not answer it is, as long as was allowed; by a known failure not at all.

    What is left when it answers at last is lost, and counted.
    """
    sending = begin(collector)
    waited: list[float | None] = []
    join = sending._thread.join
    sending._thread.join = waited.append  # type: ignore[method-assign, assignment]
    sending.finish(at_most)
    sending.join()
    assert all(timeout is not None and timeout <= at_most for timeout in waited)
    assert len(waited) == (at_most > 0)
    lost, until = sending.lost, time.monotonic() + at_most
    eventually(lambda: time.monotonic() > until, "the time is over")
    collector.may_go.set()
    join(20)
    assert not sending._thread.is_alive()
    assert sending.lost > lost
