"""A pool whose cores other programs take goes on growing, and never shrinks while work waits.

Default policy on two cores, max_cores 2. Three busy loops are pinned to each core; then a book
of 600 kB goes to hibari, more than a starved worker speaks in the time. What the control loop saw
is read from its decisions, sample by sample: how many of them saw work until the second core was
decided, and how often it held fewer cores while segments waited. In the other arm there are no
strangers. Each round is a fresh supervisor, for each starts at rest.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.harness import Arm, Result, Sample, alternate, at_least, at_most, measure
from benchmarks.service import service
from supervisor.client import Client

ROUNDS = 3
LOOPS = 3
WATCHED_S = 45.0
BOOK_CHARACTERS = 600_000
SETTINGS = {"performance.dynamic_cpu_allocation.max_cores": 2}
SENTENCE = "The quick brown fox jumps over the lazy dog. "
BURN = "import os, sys\nos.sched_setaffinity(0, {int(sys.argv[1])})\nwhile True: pass"


def run() -> Result:
    """Both arms in turns."""
    arms: dict[str, Arm] = {
        "strangers": lambda: watched(LOOPS),
        "alone": lambda: watched(0),
    }
    samples = alternate(arms, ROUNDS, warmup=0)
    starved = samples["strangers"]
    return Result(
        title="Starved by strangers, with a book waiting",
        arms=samples,
        claims=[
            at_most(
                "samples with work until the second core is decided, worst round",
                max(measure(starved, "samples_to_second_core")),
                3,
                "samples",
                f"{LOOPS} busy loops pinned to each core, default policy, max_cores 2",
            ),
            at_most(
                "reductions while segments wait, all rounds",
                sum(measure(starved, "reductions_while_waiting")),
                0,
                "changes",
                f"{WATCHED_S:g} s of each of {ROUNDS} rounds",
            ),
            at_least(
                "decisions at two cores that name the strangers, fewest of a round",
                min(measure(starved, "said_starved_percent")),
                50,
                "%",
                "reason starved_by_others_…",
            ),
        ],
    )


@contextmanager
def strangers(loops: int) -> Iterator[None]:
    """So many busy loops pinned to each core."""
    burning = [
        subprocess.Popen([sys.executable, "-c", BURN, str(core)])
        for core in sorted(os.sched_getaffinity(0))[:2]
        for _ in range(loops)
    ]
    try:
        yield
    finally:
        for process in burning:
            process.kill()
            process.wait()


def watched(loops: int) -> Sample:
    """Decisions of the control loop from the book's arrival on."""
    seen: dict[float, dict[str, Any]] = {}
    with service(SETTINGS), Client() as client:
        client.synthesize(SENTENCE)  # the first word is spoken; what follows is only speech
        with strangers(loops):
            at = time.monotonic()
            enough = threading.Event()
            reader = threading.Thread(target=read_a_book, args=(enough,), daemon=True)
            reader.start()
            while time.monotonic() < at + WATCHED_S:
                time.sleep(2.0)
                stats = client.status(60.0)["allocation"]["allocation_stats"]
                seen |= {each["now"]: each for each in stats["decisions"] if each["now"] > at}
            enough.set()
            reader.join()
    decisions = [seen[now] for now in sorted(seen) if seen[now]["inputs"]]
    return figures([each for each in decisions if each["inputs"]["demand"] > 0])


def read_a_book(enough: threading.Event) -> None:
    """Take the audio of the book as it comes: what a slow reader has ordered is no work."""
    book = (SENTENCE * (BOOK_CHARACTERS // len(SENTENCE) + 1))[:BOOK_CHARACTERS]
    with Client() as client, client.submit(book) as job:
        for _ in job:
            if enough.is_set():
                break


def figures(decisions: list[dict[str, Any]]) -> Sample:
    """Measures of the decisions that saw work, in order of time."""
    held = [each for each in decisions if each["before"] == each["after"] == 2]
    starved = sum(each["reason"].startswith("starved_by_others") for each in held)
    return {
        "samples_to_second_core": next(
            (number for number, each in enumerate(decisions, 1) if each["after"] == 2),
            len(decisions) + 1,
        ),
        "reductions_while_waiting": sum(
            each["after"] < each["before"] and each["inputs"]["waiting"] > 0 for each in decisions
        ),
        "said_starved_percent": 100.0 * starved / max(1, len(held)),
        "utilization_percent": sum(each["utilization"] or 0.0 for each in held) / max(1, len(held)),
        "decisions": len(decisions),
    }


if __name__ == "__main__":
    print(run())
