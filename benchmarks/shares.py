"""Supervisors of one host share its cores by weight, and a new one has its first core at once.

On four fake cores: real control loops with real leases and claims under a virtual clock, over a
host of files on which somebody without a claim holds all other cores. Both pools always have more
to speak than four cores can; one has three times the weight of the other, and either may be first.
Held cores are read each second.

On real cores: a supervisor whose min_cores wants every core (two at least) speaks a book with
hibari, and a second one is started beside it. `first_core_s` runs from the moment at which it asks
for a core (its claim is there) until its first worker is ready; `start_s` is what its process takes
before, on a machine at full load. In the other arm it is started alone.
"""

from __future__ import annotations

import itertools
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from benchmarks.harness import Arm, LeftOut, Result, Sample, alternate, at_most, measure, say
from supervisor.pool.leases import CoreLeases
from supervisor.testing import PrivateSupervisor
from tests.unit.service.controlled import SECTION, Controlled

CORES = 4
WATCHED_S = 60
ALONE_S = 60
ROUNDS = 5
BOOK_CHARACTERS = 600_000
SENTENCE = "The quick brown fox jumps over the lazy dog. "


def run() -> Result:
    """The fake cores once, for nothing there is left to chance; the real ones in turns."""
    if len(os.sched_getaffinity(0)) < 2:
        raise LeftOut("sharing takes two cores; allow this process two")
    virtual = {
        f"weights {first:g} and {second:g}, the first of them {ALONE_S} s alone": [
            shared(first, second)
        ]
        for first, second in ((3.0, 1.0), (1.0, 3.0))
    }
    real: dict[str, Arm] = {"a newcomer beside a loaded one": beside, "alone": alone}
    arms = {**virtual, **alternate(real, ROUNDS, warmup=1)}
    samples = [sample for arm in virtual.values() for sample in arm]
    waited = measure(arms["a newcomer beside a loaded one"], "first_core_s")
    return Result(
        title="Cores shared between supervisors",
        arms=arms,
        claims=[
            at_most(
                "weights 3:1, both saturated: until the cores are 3:1 for good, worst order",
                max(measure(samples, "by_weight_s")),
                10,
                "s",
                f"{CORES} fake cores, default policy",
            ),
            at_most(
                "seconds without a core, after the first 5",
                max(measure(samples, "starved_s")),
                0,
                "s",
                f"either supervisor, {WATCHED_S} s",
            ),
            at_most(
                "a newcomer's first core beside a loaded supervisor, worst round",
                max(waited),
                5,
                "s",
                "from its claim until its first worker is ready; min_cores of the other wants all",
            ),
        ],
    )


def shared(first_weight: float, second_weight: float) -> Sample:
    """The second comes when the first has had all cores for a while."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        leases = Path(name) / "leases"
        rest = stack.enter_context(closing(CoreLeases(leases)))
        rest.acquire(range(CORES, 20))
        numbers = itertools.count()

        def pool(weight: float) -> Controlled:
            directory = Path(name) / str(next(numbers))
            directory.mkdir()
            settings = {
                "pool.threads_per_worker": 1,
                "pool.weight": weight,
                f"{SECTION}.max_cores": CORES,
            }
            loop = stack.enter_context(closing(Controlled(directory, settings, leases=leases)))
            loop.demand, loop.backlog_s = 100, 5.0
            return loop

        first = pool(first_weight)
        first.run(ALONE_S)
        second = pool(second_weight)
        held = []
        for _ in range(WATCHED_S):
            first.run(1)
            second.run(1)
            held.append((first.cores, second.cores))
    total = first_weight + second_weight
    wanted = (CORES * first_weight / total, CORES * second_weight / total)
    apart = [second for second, cores in enumerate(held, 1) if cores != wanted]
    starved = sum(0 in cores for cores in held[5:])
    say(f"weights {first_weight:g} and {second_weight:g}: {held[:12]}")
    return {"by_weight_s": max(apart, default=0), "starved_s": starved}


@contextmanager
def loaded(cores: int) -> Iterator[PrivateSupervisor]:
    """A supervisor that holds so many cores and speaks on all of them."""
    settings = {f"{SECTION}.min_cores": cores, f"{SECTION}.max_cores": cores}
    enough = threading.Event()
    with PrivateSupervisor({**settings, "pool.threads_per_worker": 1}) as running:

        def read_a_book() -> None:
            book = (SENTENCE * (BOOK_CHARACTERS // len(SENTENCE) + 1))[:BOOK_CHARACTERS]
            with running.client() as client, client.submit(book) as job:
                for _ in job:
                    if enough.is_set():
                        break

        reader = threading.Thread(target=read_a_book, daemon=True)
        reader.start()
        try:
            with running.client() as client:
                while client.status()["jobs"]["segments_running"] < cores:
                    time.sleep(0.05)
            yield running
        finally:
            enough.set()
            reader.join(30.0)


def beside() -> Sample:
    """The newcomer beside one that is loaded."""
    with loaded(len(os.sched_getaffinity(0))) as first:
        return newcomer(first.environ["SUPERVISOR_LEASE_DIR"])


def alone() -> Sample:
    """The same with all cores free."""
    with tempfile.TemporaryDirectory() as leases:
        return newcomer(leases)


def newcomer(leases: str) -> Sample:
    """Seconds until it asks for a core, and from then on until its first worker is ready."""
    settings = {f"{SECTION}.max_cores": 1, "pool.threads_per_worker": 1}
    with closing(PrivateSupervisor(settings)) as second:
        second.environ["SUPERVISOR_LEASE_DIR"] = leases
        began = time.perf_counter()
        claim = Path(leases) / f"claim-{second.start(ready=False).pid}"
        while not claim.exists():
            time.sleep(0.005)
        asked = time.perf_counter()
        while not second.is_ready():
            time.sleep(0.005)
        return {"start_s": asked - began, "first_core_s": time.perf_counter() - asked}


if __name__ == "__main__":
    print(run())
