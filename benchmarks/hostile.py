"""Cost of hostile peers: memory and latency under 10,000 malformed messages of every kind."""

from __future__ import annotations

import threading
import time

import psutil

from benchmarks.harness import Result, Sample, at_least, at_most, measure, percentile
from benchmarks.lean_client import LeanClient, lean_client
from benchmarks.service import service
from tests.fuzz.attacks import attack

MESSAGES = 10_000
ROUNDS = 3
SETTLE_S = 3.0


def run() -> Result:
    """The same attack several times; a good client asks for a job after job meanwhile."""
    with (
        service({"engines.default": "noop", "engines.preload": ["noop"]}) as running,
        lean_client(running.run_dir) as client,
    ):
        process = psutil.Process(running.pid)
        path = running.run_dir / "client.sock"
        attack(path, 500, seed=2)
        before = process.memory_info().rss / 1e6
        samples = []
        for seed in range(ROUNDS):
            thread = threading.Thread(target=attack, args=(path, MESSAGES, seed))
            thread.start()
            served = _serve(client, thread)
            peak = process.memory_info().rss / 1e6
            time.sleep(SETTLE_S)  # The supervisor gives memory back two seconds after.
            samples.append({**served, "peak_mb": peak, "rss_mb": process.memory_info().rss / 1e6})
    growth = max(measure(samples, "rss_mb")) - before
    how = f"{ROUNDS} × {MESSAGES} messages of seven kinds from raw sockets, ipc"
    return Result(
        title="Hostile peers cost nothing",
        arms={"under attack": samples},
        claims=[
            at_most("growth of the supervisor", growth, 20, "MB", how),
            at_least("jobs served meanwhile", min(measure(samples, "jobs")), 1, "", how),
        ],
    )


def _serve(client: LeanClient, thread: threading.Thread) -> Sample:
    times = []
    while thread.is_alive():
        started = time.perf_counter()
        client.submit("noop", "Hello.")
        client.wait_for_end()
        times.append((time.perf_counter() - started) * 1000)
    thread.join()
    return {"jobs": len(times), "p50_ms": percentile(times, 50), "p99_ms": percentile(times, 99)}
