"""Size of the supervisor itself: memory after ten minutes of load, CPU time when idle.

LOAD_S in the environment shortens the load; the note then says so.
"""

from __future__ import annotations

import os
import time

import psutil

from benchmarks.harness import Result, Sample, at_most, measure, say
from benchmarks.lean_client import POOL_OF_TWO, lean_client
from benchmarks.service import service
from benchmarks.texts import SENTENCES

LOAD_S = float(os.environ.get("LOAD_S", "600"))
IDLE_S = 60.0
STEP_S = 15.0


def run() -> Result:
    """Idle for a minute, loaded for ten, idle for a minute again."""
    with service(POOL_OF_TWO) as running, lean_client(running.run_dir) as client:
        process = psutil.Process(running.pid)
        time.sleep(5.0)  # Start-up work is no idling; there is nothing to wait for here.
        before = _idle(process)
        load: list[Sample] = []
        end = time.monotonic() + LOAD_S
        while time.monotonic() < end:
            _audio, jobs = client.saturate("hibari", SENTENCES, 16, STEP_S, 24_000)
            load.append({"rss_mb": process.memory_info().rss / 1e6, "jobs_per_s": jobs})
            say(f"load: {load[-1]}")
        after = _idle(process)
    return Result(
        title="The supervisor is small",
        arms={"idle before": [before], "load": load, "idle after": [after]},
        claims=[
            at_most(
                "RSS, largest under load",
                max(measure(load, "rss_mb")),
                50,
                "MB",
                f"{LOAD_S:g} s of hibari jobs, 16 in flight, looked at every {STEP_S:g} s",
            ),
            at_most(
                "CPU time when idle",
                max(before["cpu_percent"], after["cpu_percent"]),
                0.1,
                "% of a core",
                f"{IDLE_S:g} s before and after the load, the larger one",
            ),
        ],
        notes=[] if LOAD_S >= 600 else [f"Loaded for {LOAD_S:g} s instead of 600 s."],
    )


def _idle(process: psutil.Process) -> Sample:
    def used() -> float:
        times = process.cpu_times()
        return times.user + times.system

    began, started = used(), time.monotonic()
    time.sleep(IDLE_S)
    percent = 100 * (used() - began) / (time.monotonic() - started)
    return {"rss_mb": process.memory_info().rss / 1e6, "cpu_percent": percent}
