"""The collector that speaks OTLP over HTTP, by OpenTelemetry's exporter.

Loaded only where traces are sent, in the exporter's thread. Address (unless the settings
have one), headers, certificates, timeout, compression, resource and sampler come from
OpenTelemetry's standard environment.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    get_current_span,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from supervisor import __version__
from supervisor.core.jobs.spans import Span, Trace
from supervisor.tracing.exporter import NotSentError, Timed
from supervisor.tracing.session import BoundedSession

_SCOPE = InstrumentationScope("tts-supervisor", __version__)
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_UNSET = Status(StatusCode.UNSET)


class OtlpCollector:
    """Sends spans to `endpoint`, or the environment's. `instance`: of the supervisor's run."""

    def __init__(self, endpoint: str | None, instance: str) -> None:
        # It would write each failure, and what clients sent as a trace context, to stderr.
        library = logging.getLogger("opentelemetry")
        library.addHandler(logging.NullHandler())
        library.propagate = False
        self._session = BoundedSession()
        self._exporter = OTLPSpanExporter(endpoint, session=self._session)
        self._provider = TracerProvider(resource=_resource(instance), shutdown_on_exit=False)
        self._propagator = TraceContextTextMapPropagator()

    def send(self, traces: Sequence[Timed]) -> int:
        """Send the traces that the sampler lets through. Raises NotSentError."""
        spans = [span for timed in traces for span in self._spans(*timed)]
        if spans and self._exporter.export(spans) is not SpanExportResult.SUCCESS:
            raise NotSentError(self._session.problem)
        return len(spans)

    def close(self) -> None:
        """Close the connection to the collector."""
        self._session.close()

    def _spans(self, trace: Trace, ahead_ns: int) -> Iterator[ReadableSpan]:
        """Convert a trace to OpenTelemetry's spans, in its caller's trace or in one of its own."""
        given = trace.context
        context = self._propagator.extract(
            {"traceparent": given.traceparent, "tracestate": given.tracestate}
        )
        caller = get_current_span(context).get_span_context()
        ids = self._provider.id_generator
        trace_id = caller.trace_id if caller.is_valid else ids.generate_trace_id()
        verdict = self._provider.sampler.should_sample(
            context, trace_id, trace.job.name, SpanKind.SERVER, trace.job.attributes
        )
        if verdict.decision is not Decision.RECORD_AND_SAMPLE:
            return

        def place() -> SpanContext:
            span_id = ids.generate_span_id()
            return SpanContext(trace_id, span_id, False, _SAMPLED, verdict.trace_state)  # noqa: FBT003

        def told(
            span: Span, place: SpanContext, parent: SpanContext | None, kind: SpanKind
        ) -> ReadableSpan:
            return ReadableSpan(
                span.name,
                place,
                parent,
                self._provider.resource,
                span.attributes,
                kind=kind,
                status=_UNSET if span.error is None else Status(StatusCode.ERROR, span.error),
                start_time=ahead_ns + round(span.start * 1e9),
                end_time=ahead_ns + round(span.end * 1e9),
                instrumentation_scope=_SCOPE,
            )

        job = place()
        yield told(trace.job, job, caller if caller.is_valid else None, SpanKind.SERVER)
        for part in trace.parts:
            yield told(part, place(), job, SpanKind.INTERNAL)


def _resource(instance: str) -> Resource:
    """The resource attributes of the sender; the environment's take precedence."""
    found = Resource.create()
    ours = {"service.version": __version__, "service.instance.id": instance}
    if str(found.attributes.get("service.name", "")).startswith("unknown_service"):
        ours["service.name"] = "tts-supervisor"
    return found.merge(Resource(ours))
