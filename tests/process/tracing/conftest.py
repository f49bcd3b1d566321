"""A collector, and a supervisor with its gateway that sends it every trace."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.gateway.serving import Listening
from tests.fixtures.collector import Collector, collector
from tests.fixtures.staged import Staged


class Traced(Staged):
    """A supervisor with two workers, a stage, a gateway, and a collector at `url`."""

    def __init__(self, url: str) -> None:
        tracing = {"tracing.enabled": True, "tracing.endpoint": url}
        super().__init__(settings={**tracing, "http.enabled": True, "http.port": 0})
        self.environ = {k: v for k, v in self.environ.items() if not k.startswith("OTEL_")}
        self.environ["NO_PROXY"] = "*"
        self.environ["OTEL_EXPORTER_OTLP_TIMEOUT"] = "2"

    @property
    def gateway(self) -> Listening:
        """Its gateway, once it listens."""
        return Listening("127.0.0.1", int(self.url.rpartition(":")[2]))


@pytest.fixture(scope="module")
def sent() -> Iterator[Collector]:
    """What the collector got."""
    with collector() as listening:
        yield listening


@pytest.fixture(scope="module")
def traced(sent: Collector) -> Iterator[Traced]:
    """The supervisor; it may not complain of anything until its end."""
    with Traced(sent.url) as running:
        yield running
        running.go()
        assert running.stop() == 0, running.output
        assert "tracing:" not in running.output, running.output
        assert "Traceback" not in running.output, running.output
