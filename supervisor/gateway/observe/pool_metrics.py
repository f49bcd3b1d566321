"""The pool's metrics for Prometheus, out of the status document.

One row for each value: its place in the document, its name, what it means. A value
that the supervisor does not know, or does not report, has no sample: never a zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

Document = Mapping[str, Any]

_STATS = ("allocation", "allocation_stats")
_SYSTEM = ("allocation", "system_info")


class _Row(NamedTuple):
    """A value at `place`, a path of keys. A name that ends in `_total` is a counter's."""

    name: str
    place: tuple[str, ...]
    help: str


class _Labelled(NamedTuple):
    """A mapping at `place`: each of its keys is a value of `label`."""

    name: str
    place: tuple[str, ...]
    label: str
    help: str


class _OfWorker(NamedTuple):
    """A value that each worker has."""

    name: str
    key: str
    help: str


_VALUES = (
    _Row("tts_cores_leased", (*_STATS, "current_allocation", "allocated_cores"), "Cores held."),
    _Row("tts_cores_decided", (*_STATS, "current_allocation", "decided_cores"), "Cores wanted."),
    _Row(
        "tts_cores_usable",
        (*_SYSTEM, "effective_cpus", "usable_count"),
        "Cores that affinity, cpuset and quota allow.",
    ),
    _Row("tts_cores", (*_SYSTEM, "total_cpu_cores"), "Cores of the machine."),
    _Row(
        "tts_utilization_percent",
        (*_STATS, "current_allocation", "utilization_percent"),
        "Utilization of the leased cores, last sample.",
    ),
    _Row(
        "tts_utilization_average_percent",
        (*_STATS, "average_utilization"),
        "Utilization that decisions are made from.",
    ),
    _Row(
        "tts_starved_by_others_percent",
        (*_STATS, "starved_by_others_percent"),
        "Share of the CPU time that the workers wanted which other programs had.",
    ),
    _Row("tts_cpu_target_percent", (*_STATS, "thresholds", "cpu_target"), "Grows above."),
    _Row(
        "tts_scale_down_percent", (*_STATS, "thresholds", "scale_down_threshold"), "Shrinks below."
    ),
    _Row("tts_demand", (*_STATS, "demand"), "Segments in flight, smoothed."),
    _Row("tts_cooldown_seconds", (*_STATS, "cooldown_remaining_s"), "Until the next decision."),
    _Row("tts_reallocations_total", (*_STATS, "reallocations"), "Changes of the cores held."),
    _Row("tts_temperature_celsius", (*_SYSTEM, "temperature_c"), "Hottest sensor."),
    _Row("tts_jobs_queued", ("jobs", "queued"), "Jobs that wait for their first worker."),
    _Row("tts_jobs_running", ("jobs", "running"), "Jobs whose segments are being spoken."),
    _Row("tts_segments_waiting", ("jobs", "segments_waiting"), "Segments that wait for a worker."),
    _Row("tts_segments_running", ("jobs", "segments_running"), "Segments being spoken."),
    _Row("tts_segments_spoken_total", ("jobs", "spoken"), "Segments that were spoken."),
    _Row("tts_segments_retried_total", ("jobs", "retried"), "Segments given to another worker."),
    _Row("tts_segments_stale_total", ("jobs", "stale"), "Answers of workers that came too late."),
    _Row("tts_flows", ("queue", "flows"), "Clients that have work waiting or running."),
    _Row(
        "tts_flow_work_seconds_max",
        ("queue", "largest_flow_work_s"),
        "Predicted work of the client who has most of it.",
    ),
    _Row("tts_queue_seconds", ("queue", "oldest_wait_s"), "Age of the job that waits longest."),
    _Row("tts_worker_restarts_total", ("pool", "restarts"), "Workers that ended unasked."),
    _Row("tts_journal_writable", ("journal", "writable"), "1: durable jobs are written down."),
    _Row(
        "tts_journal_damaged_rows_total",
        ("journal", "damaged_rows"),
        "Jobs that a damaged journal lost, in part or in whole.",
    ),
    _Row("tts_trace_spans_total", ("tracing", "exported_spans"), "Spans the collector took."),
    _Row("tts_trace_spans_lost_total", ("tracing", "lost_spans"), "Spans that it did not take."),
)

_MAPPINGS = (
    _Labelled(
        "tts_decisions_total", (*_STATS, "decision_counts"), "reason", "Decisions by their reason."
    ),
    _Labelled(
        "tts_throttling", (*_SYSTEM, "throttling"), "kind", "The kernel's throttling counters."
    ),
)

_OUTCOMES = ("done", "failed", "cancelled", "expired", "quarantined")

_OF_WORKERS = (
    _OfWorker("tts_worker_segments_total", "segments_done", "Segments spoken."),
    _OfWorker("tts_worker_threads", "intra_op_threads", "Threads of its session."),
    _OfWorker("tts_worker_session_generation", "session_generation", "Sessions built so far."),
    _OfWorker("tts_worker_session_build_seconds", "session_build_s", "What the last one took."),
    _OfWorker("tts_worker_pss_megabytes", "pss_mb", "Its share of memory, proportional."),
)

_WORKER_STATES = ("starting", "idle", "busy", "draining", "stopping")

_HISTOGRAMS = (
    _Row("tts_job_wait_seconds", ("timings", "wait_s"), "From acceptance to the first segment."),
    _Row("tts_job_first_audio_seconds", ("timings", "first_audio_s"), "To the first audio."),
    _Row("tts_segment_real_time_factor", ("timings", "real_time_factor"), "Synthesis per audio."),
)


class PoolCollector(Collector):
    """Gives Prometheus what `document` returns at that moment, None where nothing is known."""

    def __init__(self, document: Callable[[], Document | None]) -> None:
        self._document = document

    def collect(self) -> Iterator[Metric]:
        """Every value that the document has."""
        document = self._document()
        yield GaugeMetricFamily(
            "tts_supervisor_up",
            "Whether the supervisor answers.",
            value=0.0 if document is None else 1.0,
        )
        if document is None:
            return
        for row in _VALUES:
            value = _number(_at(document, row.place))
            if value is not None:
                yield _family(row.name, row.help, value)
        for mapping in _MAPPINGS:
            yield _by_label(mapping, _at(document, mapping.place) or {})
        yield from _jobs(document.get("jobs", {}))
        yield from _workers(document.get("workers", []))
        for row in _HISTOGRAMS:
            histogram = _at(document, row.place)
            if histogram is not None:
                yield _histogram(row, histogram)

    def describe(self) -> Iterator[Metric]:
        """Nothing: the names depend on the document."""
        return iter(())


def _family(name: str, help: str, value: float) -> Metric:
    if name.endswith("_total"):
        return CounterMetricFamily(name, help, value=value)
    return GaugeMetricFamily(name, help, value=value)


def _labelled(name: str, help: str, labels: tuple[str, ...]) -> Any:  # noqa: ANN401
    """A family with labels; counters and gauges share no base class that has `add_metric`."""
    kind = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
    return kind(name, help, labels=labels)


def _by_label(mapping: _Labelled, values: Document) -> Metric:
    family = _labelled(mapping.name, mapping.help, (mapping.label,))
    for key, found in values.items():
        value = _number(found)
        if value is not None:
            family.add_metric([str(key)], value)
    metric: Metric = family
    return metric


def _jobs(jobs: Document) -> Iterator[Metric]:
    family = CounterMetricFamily("tts_jobs_ended", "Jobs by outcome.", labels=["outcome"])
    for outcome in _OUTCOMES:
        if outcome in jobs:
            family.add_metric([outcome], jobs[outcome])
    yield family


def _workers(workers: list[Document]) -> Iterator[Metric]:
    states = GaugeMetricFamily("tts_workers", "Workers by state.", labels=["state"])
    known = [worker["state"] for worker in workers]
    for state in dict.fromkeys([*_WORKER_STATES, *known]):
        states.add_metric([state], known.count(state))
    yield states
    for of_worker in _OF_WORKERS:
        family = _labelled(of_worker.name, of_worker.help, ("slot",))
        for worker in workers:
            value = _number(worker.get(of_worker.key))
            if value is not None:
                family.add_metric([str(worker["slot"])], value)
        yield family


def _histogram(row: _Row, histogram: Document) -> Metric:
    """`histogram`: {"buckets": {upper bound: observations up to it}, "sum", "count"}."""
    buckets = list(histogram["buckets"].items())
    family = HistogramMetricFamily(row.name, row.help)
    family.add_metric([], [*buckets, ("+Inf", histogram["count"])], histogram["sum"])
    return family


def _at(document: Document, place: tuple[str, ...]) -> Any:  # noqa: ANN401 - what stands there
    found: Any = document
    for key in place:
        if not isinstance(found, Mapping):
            return None
        found = found.get(key)
    return found


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
