"""Time from the request for a worker until it accepts its first segment, Kokoro loaded."""

from __future__ import annotations

from benchmarks.bare_pool import BarePool, bare_pool
from benchmarks.harness import Result, Sample, alternate, at_least, at_most, measure, percentile

ROUNDS = 50


def run() -> Result:
    """Launch and dismiss one worker at a time, forked and spawned in turns."""
    with bare_pool("forkserver", "kokoro") as forked, bare_pool("spawn", "kokoro") as spawned:
        arms = alternate(
            {"forked": lambda: _launch(forked), "spawned": lambda: _launch(spawned)}, ROUNDS
        )
    ready = {name: measure(samples, "ready_ms") for name, samples in arms.items()}
    ratio = percentile(ready["spawned"], 50) / percentile(ready["forked"], 50)
    how = f"request → first segment accepted, Kokoro loaded, {ROUNDS} launches each"
    return Result(
        title="A worker is ready in milliseconds",
        arms=arms,
        claims=[
            at_most(
                "a forked worker is ready, p95", percentile(ready["forked"], 95), 25, "ms", how
            ),
            at_least("spawned ÷ forked, p50", ratio, 30, "×", how),
        ],
    )


def _launch(pool: BarePool) -> Sample:
    epoch, seconds = pool.launch(cpu=0)
    pool.dismiss(epoch)
    return {"ready_ms": seconds * 1000}
