"""The fleet's metrics for Prometheus, as this gateway hears its hosts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import get_args

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from supervisor.telling.fleet import FleetSize, HostKind, HostRow


class FleetCollector(Collector):
    """Collector over the hosts that `hosts` returns, None where the fleet cannot be heard, and over
    its `size`, None where nobody keeps it.
    """

    def __init__(
        self,
        hosts: Callable[[], Sequence[HostRow] | None],
        size: Callable[[], FleetSize | None] = lambda: None,
    ) -> None:
        self._hosts = hosts
        self._size = size

    def collect(self) -> Iterator[Metric]:
        """Yield what is known; of a fleet that cannot be heard, that it cannot."""
        hosts = self._hosts()
        help = "Whether the servers of the fleet answer this gateway."
        yield GaugeMetricFamily("tts_fleet_up", help, value=0.0 if hosts is None else 1.0)
        if hosts is None:
            return
        states = GaugeMetricFamily("tts_fleet_hosts", "Hosts by state.", labels=["state"])
        found = [host.state for host in hosts]
        for state in get_args(HostKind):
            states.add_metric([state], found.count(state))
        yield states
        yield _sum("tts_fleet_slots", "Jobs that all hosts take at once.", hosts, "slots")
        yield _sum("tts_fleet_slots_free", "Jobs that they would take now.", hosts, "free")
        yield _sum("tts_fleet_jobs_running", "Jobs that they have.", hosts, "running")
        yield _sum("tts_fleet_speed", "Core-seconds of work done in a second.", hosts, "speed")

        size = self._size()
        if size is None:
            return
        help = "Hosts that there should be (supervisor fleet plan)."
        yield GaugeMetricFamily("tts_fleet_hosts_desired", help, value=float(size.hosts_desired))
        for name, help, values in (
            ("tts_fleet_jobs_waiting", "Jobs that no host has yet.", size.jobs_waiting),
            (
                "tts_fleet_backlog_seconds",
                "Their predicted work, in seconds of one core.",
                size.backlog_seconds,
            ),
            ("tts_fleet_oldest_seconds", "Age of the oldest of them.", size.oldest_seconds),
        ):
            yield _by_class(name, help, values)

    def describe(self) -> Iterator[Metric]:
        """Describe nothing: where there is no fleet there are no names."""
        return iter(())


def _by_class(name: str, help: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, help, labels=["class"])
    for each, value in values.items():
        family.add_metric([each], float(value))
    return family


def _sum(name: str, help: str, hosts: Sequence[HostRow], field: str) -> Metric:
    return GaugeMetricFamily(name, help, value=float(sum(getattr(host, field) for host in hosts)))
