"""Latency that HTTP adds: the same sentence through the gateway and through ZeroMQ, in turn.

Each request over HTTP has the one over ZeroMQ beside it as its pair, first and second by turns,
and what counts is the median of the differences within the pairs: a machine that gets slower or
faster meanwhile does so for both. Synthesis differs by milliseconds from one time to the next, so
the same is measured with an engine that does nothing as well.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Mapping
from functools import partial

from benchmarks.harness import (
    Arm,
    Claim,
    Result,
    Sample,
    alternate,
    at_most,
    measure,
    median,
    percentile,
)
from benchmarks.http_gateway import HOST, gateway, speak
from benchmarks.service import service
from supervisor.client import Client

TEXT = "The quick brown fox jumps over the lazy dog, and the dog does not mind at all."
ROUNDS = 200
ENGINES = ("hibari", "noop")
TARGET_MS = 5.0


def run() -> Result:
    """Both arms on one supervisor, one request at a time."""
    settings = {"engines.preload": list(ENGINES), "performance.dynamic_cpu_allocation.min_cores": 1}
    with service(settings), gateway() as running, Client() as client:
        connection = http.client.HTTPConnection(HOST, running.port, timeout=60)

        def through_http(engine: str) -> Sample:
            spoken = speak(connection, TEXT, model=engine)
            return {"first_ms": spoken.first_ms, "full_ms": spoken.full_ms}

        def through_zeromq(engine: str) -> Sample:
            started = time.perf_counter()
            first_ms = None
            with client.stream(TEXT, engine=engine) as job:
                for _ in job:
                    if first_ms is None:
                        first_ms = (time.perf_counter() - started) * 1e3
            return {"first_ms": first_ms or 0.0, "full_ms": (time.perf_counter() - started) * 1e3}

        arms: dict[str, list[Sample]] = {}
        for engine in ENGINES:
            pair: dict[str, Arm] = {
                f"HTTP, {engine}": partial(through_http, engine),
                f"ZeroMQ, {engine}": partial(through_zeromq, engine),
            }
            arms |= alternate(pair, ROUNDS, warmup=10)
        connection.close()
    claims = [
        _added(arms, engine, what, name)
        for engine in ENGINES
        for what, name in (("first byte", "first_ms"), ("whole answer", "full_ms"))
    ]
    return Result(title="HTTP adds little", arms=arms, claims=claims)


def _added(arms: Mapping[str, list[Sample]], engine: str, what: str, name: str) -> Claim:
    """The median of what each request took longer than the other one of its pair."""
    http_ms = measure(arms[f"HTTP, {engine}"], name)
    zeromq_ms = measure(arms[f"ZeroMQ, {engine}"], name)
    added = [one - other for one, other in zip(http_ms, zeromq_ms, strict=True)]
    middle = f"half of them within {percentile(added, 25):.1f} and {percentile(added, 75):.1f} ms"
    return at_most(
        f"HTTP adds to the {what}, {engine}",
        median(added),
        TARGET_MS,
        "ms",
        f"median of the differences within {ROUNDS} pairs, {middle}",
    )
