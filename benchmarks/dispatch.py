"""Cost of a job besides synthesis: round trips of an engine that does nothing."""

from __future__ import annotations

import time

from benchmarks.harness import Result, Sample, alternate, at_least, at_most, measure, percentile
from benchmarks.lean_client import POOL_OF_TWO, LeanClient, lean_client
from benchmarks.service import service

TRIPS = 500
ROUNDS = 7
IN_FLIGHT = 64
TEXT = "Hello."


def run() -> Result:
    """One job at a time, and 64 in flight, in turns."""
    settings = {**POOL_OF_TWO, "engines.default": "noop", "engines.preload": ["noop"]}
    with service(settings) as running, lean_client(running.run_dir) as client:
        arms = alternate(
            {"one at a time": lambda: _trips(client), "64 in flight": lambda: _flood(client)},
            ROUNDS,
        )
    single = arms["one at a time"]
    rate = percentile(measure(arms["64 in flight"], "jobs_per_s"), 50)
    how = f"no-op engine, ipc, median of {ROUNDS} rounds"
    return Result(
        title="Dispatch is cheap",
        arms=arms,
        claims=[
            at_most("round trip, p50", percentile(measure(single, "p50_ms"), 50), 0.5, "ms", how),
            at_least("jobs per second with 64 in flight", rate, 10_000, "/s", how),
        ],
        notes=["Client, supervisor and both workers share the two cores."],
    )


def _trips(client: LeanClient) -> Sample:
    times = []
    for _ in range(TRIPS):
        started = time.perf_counter()
        client.submit("noop", TEXT)
        client.wait_for_end()
        times.append((time.perf_counter() - started) * 1000)
    return {"p50_ms": percentile(times, 50), "p99_ms": percentile(times, 99)}


def _flood(client: LeanClient) -> Sample:
    _audio, jobs = client.saturate("noop", [TEXT], IN_FLIGHT, 2.0, 24_000)
    return {"jobs_per_s": jobs}
