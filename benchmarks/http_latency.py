"""What HTTP adds: the same sentence through the gateway and through the ZeroMQ client, in turn."""

from __future__ import annotations

import http.client
import time

from benchmarks.harness import Result, Sample, alternate, at_most, measure, median
from benchmarks.http_gateway import HOST, gateway, speak
from benchmarks.service import service
from supervisor.client import Client

TEXT = "The quick brown fox jumps over the lazy dog, and the dog does not mind at all."
ROUNDS = 60
TARGET_MS = 5.0


def run() -> Result:
    """Both arms on one supervisor, one request at a time."""
    settings = {"engines.preload": ["hibari"], "performance.dynamic_cpu_allocation.min_cores": 1}
    with service(settings), gateway() as running, Client() as client:
        connection = http.client.HTTPConnection(HOST, running.port, timeout=60)

        def through_http() -> Sample:
            spoken = speak(connection, TEXT)
            return {"first_ms": spoken.first_ms, "full_ms": spoken.full_ms}

        def through_zeromq() -> Sample:
            started = time.perf_counter()
            first_ms = None
            with client.stream(TEXT) as job:
                for _ in job:
                    if first_ms is None:
                        first_ms = (time.perf_counter() - started) * 1e3
            return {"first_ms": first_ms or 0.0, "full_ms": (time.perf_counter() - started) * 1e3}

        arms = alternate({"HTTP, PCM": through_http, "ZeroMQ": through_zeromq}, ROUNDS, warmup=5)
        connection.close()
    claims = [
        at_most(
            f"HTTP adds to the {what}",
            median(measure(arms["HTTP, PCM"], name)) - median(measure(arms["ZeroMQ"], name)),
            TARGET_MS,
            "ms",
            f"difference of the medians of {ROUNDS} requests each, in turn",
        )
        for what, name in (("first byte", "first_ms"), ("whole answer", "full_ms"))
    ]
    return Result(title="HTTP adds little", arms=arms, claims=claims)
