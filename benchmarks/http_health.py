"""Latency of the gateway's probes while every core is busy and 64 requests are queued."""

from __future__ import annotations

import http.client
import os
import threading
import time

from benchmarks.harness import Result, Sample, at_most, measure, percentile, say
from benchmarks.http_gateway import HOST, gateway
from benchmarks.service import service
from supervisor.client import Client

TEXT = "It was the best of times, it was the worst of times, it was the age of wisdom. " * 60
QUEUED = 64
ASKED = 600
COLD = 10
COLD_PAUSE_S = 6.0
"""After so long without a request no report is fresh: whoever asks then must not wait either."""

TARGET_MS = 50.0
PATHS = ("/readyz", "/diagnostics/cpu-allocation")
COLD_ARM = f"{PATHS[1]}, after {COLD_PAUSE_S:g} s without a request"


def run() -> Result:
    """A backlog of long texts, then each probe again and again on a connection of its own."""
    cores = len(os.sched_getaffinity(0))
    settings = {
        "performance.dynamic_cpu_allocation.enabled": False,
        "performance.dynamic_cpu_allocation.min_cores": cores,
        "performance.dynamic_cpu_allocation.max_cores": cores,
        "pool.threads_per_worker": 1,
        "pool.grace_period_s": 0.0,
        # All of them are taken in, however long their texts are predicted to take.
        "admission.max_work_s": 1_000_000.0,
        "admission.max_client_work_s": 1_000_000.0,
    }
    arms: dict[str, list[Sample]] = {path: [] for path in (*PATHS, COLD_ARM)}
    with service(settings), gateway() as running, Client() as client:
        jobs = [client.submit(TEXT) for _ in range(QUEUED)]
        stop = threading.Event()
        reader = threading.Thread(target=_take_all, args=(stop,))
        reader.start()
        waiting = client.status()["jobs"]["segments_waiting"]
        say(f"{waiting} segments wait on {cores} cores")
        connection = http.client.HTTPConnection(HOST, running.port, timeout=60)
        for number in range(ASKED):
            path = PATHS[number % len(PATHS)]
            arms[path].append({"answer_ms": _ask(connection, path)})
            time.sleep(0.02)
        for _ in range(COLD):
            time.sleep(COLD_PAUSE_S)
            arms[COLD_ARM].append({"answer_ms": _ask(connection, PATHS[1])})
        left = client.status()["jobs"]
        stop.set()
        reader.join()
        for job in jobs:
            job.cancel()
        connection.close()
    claims = [
        at_most(
            f"{path} under full load, p99",
            percentile(measure(arms[path], "answer_ms"), 99),
            TARGET_MS,
            "ms",
            f"{ASKED // len(PATHS)} requests, {cores} of {cores} cores busy",
        )
        for path in PATHS
    ]
    claims.append(
        at_most(
            f"{COLD_ARM}, the slowest",
            max(measure(arms[COLD_ARM], "answer_ms")),
            TARGET_MS,
            "ms",
            f"{COLD} requests, {cores} of {cores} cores busy",
        )
    )
    still = f"{left['queued']} jobs queued and {left['running']} running at the end of it"
    return Result(title="Health is independent of load", arms=arms, claims=claims, notes=[still])


def _ask(connection: http.client.HTTPConnection, path: str) -> float:
    """Milliseconds until the whole answer is there."""
    started = time.perf_counter()
    connection.request("GET", path)
    connection.getresponse().read()
    return (time.perf_counter() - started) * 1e3


def _take_all(stop: threading.Event) -> None:
    """Jobs of another client, taken as fast as they come, so that no worker ever rests."""
    with Client() as client:
        while not stop.is_set():
            client.synthesize(TEXT)
