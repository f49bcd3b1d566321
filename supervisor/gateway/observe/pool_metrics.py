"""The pool's metrics for Prometheus, out of the supervisor's status.

Each row of `pool_rows` is one metric, and so are the states of workers and the outcomes of jobs.
A value that the status does not have gets no sample: never a zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from supervisor.gateway.observe.pool_rows import (
    HISTOGRAMS,
    MAPPINGS,
    OF_CLASSES,
    OF_WORKERS,
    VALUES,
    Histogram,
    Labelled,
)
from supervisor.wire.status import WORKER_STATES, Distribution, Status, WorkerStatus


class PoolCollector(Collector):
    """Collector over the status that `status` returns at each scrape, None where it is unknown."""

    def __init__(self, status: Callable[[], Status | None]) -> None:
        self._status = status

    def collect(self) -> Iterator[Metric]:
        """Yield a metric for every value that the status has."""
        status = self._status()
        yield GaugeMetricFamily(
            "tts_supervisor_up",
            "Whether the supervisor answers.",
            value=0.0 if status is None else 1.0,
        )
        if status is None:
            return
        for row in VALUES:
            value = _number(row.value(status))
            if value is not None:
                yield _family(row.name, row.help, value)
        for mapping in MAPPINGS:
            yield _by_label(mapping, mapping.values(status))
        yield _ended(status)
        yield from _workers(status.workers)
        for histogram in HISTOGRAMS:
            yield _histogram(histogram, histogram.distribution(status))
        for of_class in OF_CLASSES:
            family = HistogramMetricFamily(of_class.name, of_class.help, labels=["class"])
            for name, found in status.classes.by_name.items():
                _add(family, [name], of_class.distribution(found))
            yield family

    def describe(self) -> Iterator[Metric]:
        """Describe nothing: the names depend on the status."""
        return iter(())


def _family(name: str, help: str, value: float) -> Metric:
    if name.endswith("_total"):
        return CounterMetricFamily(name, help, value=value)
    return GaugeMetricFamily(name, help, value=value)


def _labelled(name: str, help: str, labels: tuple[str, ...]) -> Any:  # noqa: ANN401
    """A family with labels; counters and gauges share no base class that has `add_metric`."""
    kind = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
    return kind(name, help, labels=labels)


def _by_label(mapping: Labelled, values: Mapping[str, object]) -> Metric:
    family = _labelled(mapping.name, mapping.help, (mapping.label,))
    for key, found in values.items():
        value = _number(found)
        if value is not None:
            family.add_metric([key], value)
    metric: Metric = family
    return metric


def _ended(status: Status) -> Metric:
    family = CounterMetricFamily("tts_jobs_ended", "Jobs by outcome.", labels=["outcome"])
    for outcome, count in status.jobs.ended.items():
        family.add_metric([outcome], count)
    return family


def _workers(workers: Sequence[WorkerStatus]) -> Iterator[Metric]:
    states = GaugeMetricFamily("tts_workers", "Workers by state.", labels=["state"])
    found = [worker.state for worker in workers]
    for state in dict.fromkeys([*WORKER_STATES, *found]):  # A later supervisor may know more.
        states.add_metric([state], found.count(state))
    yield states
    for of_worker in OF_WORKERS:
        family = _labelled(of_worker.name, of_worker.help, ("slot",))
        for worker in workers:
            value = of_worker.value(worker)
            if value is not None:
                family.add_metric([str(worker.slot)], value)
        yield family


def _histogram(row: Histogram, found: Distribution) -> Metric:
    family = HistogramMetricFamily(row.name, row.help)
    _add(family, [], found)
    return family


def _add(family: HistogramMetricFamily, labels: list[str], found: Distribution) -> None:
    buckets = [*found.buckets.items(), ("+Inf", found.count)]
    family.add_metric(labels, buckets, found.sum)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
