"""From kill -9 of the supervisor to a client that hears its job again.

There are 1,000 other durable jobs in the journal, and a book that is spoken meanwhile.
The supervisor is started again at once, as a service manager would. The client does nothing but
read: it finds the next supervisor and attaches to its job by itself.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from benchmarks.harness import Result, Sample, at_most, measure, percentile, say
from supervisor.client import Client
from tests.supervised import Supervised

ROUNDS = 10
WAITING = 1_000
SETTINGS = {"engines.default": "hibari"}
BOOK = "A sentence of some length, as books have them, and then a little more of it. " * 300


def run() -> Result:
    """Rounds of kill, start and hear."""
    samples: list[Sample] = []
    with Supervised(SETTINGS) as supervised, Client(supervised.endpoint) as client:
        for number in range(WAITING):
            client.submit("Good morning.", durable=True, priority=0, key=f"{number}")
        job = client.submit(BOOK, durable=True, priority=9)
        chunks = job.chunks()
        next(chunks)
        for number in range(ROUNDS):
            samples.append(_round(supervised, chunks))
            say(f"{number + 1}/{ROUNDS}: {samples[-1]}")
    again = measure(samples, "heard_again_s")
    return Result(
        title="A killed supervisor is back before anybody asks",
        arms={"kill -9 and start": samples},
        claims=[
            at_most("kill -9 to serving to re-attached, p50", percentile(again, 50), 2.0, "s"),
            at_most("kill -9 to serving to re-attached, worst", max(again), 2.0, "s"),
        ],
    )


def _round(supervised: Supervised, chunks: Iterator[object]) -> Sample:
    process = supervised.process
    if process is None:
        raise RuntimeError("there is no supervisor")
    supervised.log.unlink()
    started = time.monotonic()
    process.kill()
    process.wait()
    supervised.start(ready=False)
    while True:  # what had arrived before the kill is read first
        before = time.monotonic()
        next(chunks)
        now = time.monotonic()
        if now - before > 0.1:
            return {"heard_again_s": now - started}
