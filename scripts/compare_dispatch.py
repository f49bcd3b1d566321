"""CPU time of a job in two versions of the supervisor, in turns: `BEFORE AFTER` are checkouts.

    python -m scripts.compare_dispatch ../before .

Both supervisors live at once, and one of them is asked at a time, by the same client, which keeps
64 jobs of one segment in flight. Counted is the CPU time of the supervisor's own process, what it
does beside jobs included; a machine that does nothing else is needed all the same.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import psutil

from benchmarks.lean_client import POOL_OF_TWO, LeanClient, lean_client
from supervisor.testing import PrivateSupervisor

ROUNDS = 9
SECONDS = 3.0
IN_FLIGHT = 64
ENGINES = ("noop", "hibari")
TEXTS = 20_000
"""Of each round, none of which any other has: what is said again may come from a cache."""


def main() -> int:
    """Print µs of the supervisor's CPU for a job, and jobs a second, of both; then the ratio."""
    before, after = (Path(path).resolve() for path in sys.argv[1:3])
    with ExitStack() as stack:
        settings = {**POOL_OF_TWO, "engines.default": "noop", "engines.preload": [*ENGINES]}
        running = []
        for checkout in (before, after):
            service = PrivateSupervisor(settings, environ={"PYTHONPATH": str(checkout)})
            stack.enter_context(service)
            running.append((service, stack.enter_context(lean_client(service.run_dir))))
        for engine in ENGINES:
            found: list[list[tuple[float, float]]] = [[], []]
            for number in range(ROUNDS):
                order = (0, 1) if number % 2 == 0 else (1, 0)
                for which in order:
                    found[which].append(_round(*running[which], engine, number))
            costs = [median(cost for cost, _ in each) for each in found]
            rates = [median(rate for _, rate in each) for each in found]
            for name, each, cost, rate in zip(
                ("before", "after"), found, costs, rates, strict=True
            ):
                raw = " ".join(f"{value:.1f}" for value, _ in each)
                print(f"{engine} {name}: {cost:.1f} µs a job, {rate:.0f} jobs/s ({raw})")
            print(f"{engine}: CPU of a job {costs[1] / costs[0]:.3f} ×")
    return 0


def _round(
    service: PrivateSupervisor, client: LeanClient, engine: str, number: int
) -> tuple[float, float]:
    """µs of CPU for a job, and jobs a second."""
    texts = [f"Hello there, {number * TEXTS + i}." for i in range(TEXTS)]
    process = psutil.Process(service.pid)
    times = process.cpu_times()
    before = times.user + times.system
    _audio, rate = client.saturate(engine, texts, IN_FLIGHT, SECONDS, 24_000)
    times = process.cpu_times()
    jobs = rate * SECONDS + 2 * IN_FLIGHT  # Those that filled the pool, and those in it at the end.
    return (times.user + times.system - before) / jobs * 1e6, rate


if __name__ == "__main__":
    sys.exit(main())
