"""Time to the first audio of hibari in two versions, in turns: `BEFORE AFTER` are checkouts.

    python -m scripts.compare_first_audio ../before .

Both supervisors live at once, and one of them is asked at a time for the same sentences, each a job
of its own. Which of them was started first makes a difference, so each is once.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from benchmarks.lean_client import POOL_OF_TWO
from benchmarks.texts import SENTENCES
from supervisor.client import Client
from supervisor.testing import PrivateSupervisor

ROUNDS = 10
SETTINGS = {**POOL_OF_TWO, "engines.default": "hibari", "engines.preload": ["hibari"]}


def main() -> int:
    """Print the median of both in ms, and the ratio of each sentence to itself."""
    checkouts = [Path(path).resolve() for path in sys.argv[1:3]]
    found: list[list[float]] = [[], []]
    for order in ((0, 1), (1, 0)):
        _measure(checkouts, order, found)
    for name, times in zip(("before", "after"), found, strict=True):
        print(f"{name}: first audio after {median(times):.1f} ms, median of {len(times)}")
    ratios = [after / before for before, after in zip(*found, strict=True)]
    print(f"{median(ratios):.3f} ×, median of the ratios of each sentence")
    return 0


def _measure(checkouts: Sequence[Path], order: Sequence[int], found: Sequence[list[float]]) -> None:
    """Start the versions in this order, and add what is found of each."""
    with ExitStack() as stack:
        clients = {}
        for which in order:
            environ = {"PYTHONPATH": str(checkouts[which])}
            running = stack.enter_context(PrivateSupervisor(SETTINGS, environ=environ))
            clients[which] = stack.enter_context(running.client())
        for number in range(-1, ROUNDS):
            for text in SENTENCES:
                for which in (0, 1) if number % 2 == 0 else (1, 0):
                    first = _first_audio_ms(clients[which], text)
                    if number >= 0:
                        found[which].append(first)


def _first_audio_ms(client: Client, text: str) -> float:
    started = time.perf_counter()
    with client.stream(text, engine="hibari", seed=1) as job:
        next(iter(job))
        first = time.perf_counter() - started
        for _ in job:
            pass
    return first * 1000


if __name__ == "__main__":
    sys.exit(main())
