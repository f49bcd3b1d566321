"""Memory of a worker: proportional set size of four after 20 Kokoro segments each."""

from __future__ import annotations

from statistics import median

from benchmarks.bare_pool import bare_pool
from benchmarks.harness import Result, Sample, at_most, measure, say
from benchmarks.texts import SENTENCES
from supervisor.pool.process_stats import pss_bytes

WORKERS = 4
SEGMENTS = 20


def run() -> Result:
    """Four workers of each kind, one kind after the other: both at once would share pages."""
    arms = {method: _pool(method) for method in ("forkserver", "spawn")}
    pss = {method: median(measure(samples, "pss_mb")) for method, samples in arms.items()}
    return Result(
        title="A worker costs little memory",
        arms=arms,
        claims=[
            at_most(
                "forked ÷ spawned, PSS of a worker",
                pss["forkserver"] / pss["spawn"],
                0.35,
                "×",
                f"median PSS of {WORKERS} workers after {SEGMENTS} Kokoro segments each",
            )
        ],
        notes=["The arms are not alternated: memory is a state, not a speed."],
    )


def _pool(method: str) -> list[Sample]:
    with bare_pool(method, "kokoro") as pool:
        epochs = [pool.launch(cpu=number % 2)[0] for number in range(WORKERS)]
        for number in range(SEGMENTS):
            for epoch in epochs:
                pool.speak(epoch, SENTENCES[number % len(SENTENCES)])
            say(f"{method}: {number + 1}/{SEGMENTS} segments each")
        return [{"pss_mb": (pss_bytes(pool.pid(epoch)) or 0) / 1e6} for epoch in epochs]
