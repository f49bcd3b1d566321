"""Our queue of traces beside OpenTelemetry's `BatchSpanProcessor`: what each costs and loses.

Run from the project's root: `python -m scripts.span_processor_cost`. Both have the same bounds
and the same exporter, which sends nothing. The figures go into docs/DEPENDENCIES.md.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from statistics import median

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from supervisor.core.jobs.request import TraceContext
from supervisor.core.jobs.spans import Span, Trace
from supervisor.tracing.exporter import BATCH_SPANS, LINGER_S, QUEUE_SPANS, Exporter, Timed
from supervisor.tracing.otlp import OtlpCollector

SPANS = 5
ROUNDS = 400
FLOOD_JOBS = 2_000
TRACE = Trace(
    TraceContext("", "", 1.0),
    Span("job", 1.0, 2.0, {"engine": "hibari", "voice": "amber", "characters": 80}),
    tuple(Span(name, 1.0, 2.0) for name in ("admission", "queue", "segment", "release")),
)


class Sink(SpanExporter):
    """Takes all spans once it may, for either side."""

    def __init__(self) -> None:
        self.may_go = threading.Event()
        self.seen: Counter[int] = Counter()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """As the processor calls it."""
        self.may_go.wait()
        self.seen.update(span.context.trace_id for span in spans if span.context)
        return SpanExportResult.SUCCESS

    def send(self, traces: Sequence[Timed]) -> int:
        """As our queue calls it."""
        self.may_go.wait()
        self.seen.update({id(timed): len(timed.trace) for timed in traces})
        return sum(len(timed.trace) for timed in traces)

    def close(self) -> None:
        """Nothing to let go of."""

    def verdict(self) -> str:
        """How many traces came whole, and in part."""
        whole = sum(spans == SPANS for spans in self.seen.values())
        return f"{whole} traces whole, {len(self.seen) - whole} in part"


def main() -> int:
    """Print all figures."""
    ours, theirs = Sink(), Sink()
    exporter = Exporter(lambda: ours)
    processor = BatchSpanProcessor(theirs, QUEUE_SPANS, LINGER_S * 1e3, BATCH_SPANS)
    collector = OtlpCollector("http://127.0.0.1:9/v1/traces", "here")

    def put() -> None:
        exporter.put(TRACE)

    def on_end() -> None:
        for span in collector._spans(TRACE, 0):  # noqa: SLF001 (the work that moves to the loop)
            processor.on_end(span)

    for what, sink, hand_over in (("ours", ours, put), ("BatchSpanProcessor", theirs, on_end)):
        sink.may_go.set()
        print(f"{what}: {_cost_us(hand_over):.1f} µs on the event loop for a job")
        time.sleep(2 * LINGER_S)
        sink.seen.clear()
        sink.may_go.clear()
        for _ in range(FLOOD_JOBS):
            hand_over()
        begun = time.monotonic()
        if sink is ours:
            exporter.finish(0.5)
            exporter.join()
        else:
            processor.shutdown()  # type: ignore[no-untyped-call] # the library's
        print(f"  a collector that hangs holds the end up for {time.monotonic() - begun:.1f} s")
    print(f"ours: lost and counted: {exporter.lost}")
    for what, sink in (("ours", ours), ("BatchSpanProcessor", theirs)):
        sink.may_go.set()
        time.sleep(2 * LINGER_S)
        print(f"{what}: of a flood of {FLOOD_JOBS}: {sink.verdict()}")
    return 0


def _cost_us(hand_over: Callable[[], None]) -> float:
    taken = []
    for _ in range(ROUNDS):
        begun = time.thread_time_ns()
        hand_over()
        taken.append((time.thread_time_ns() - begun) / 1e3)
    return median(taken)


if __name__ == "__main__":
    sys.exit(main())
