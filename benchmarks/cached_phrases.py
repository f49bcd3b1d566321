"""Phrases that were said before: 50 of them by Zipf's law, alone and beside a book at full load.

Through the Python client, from the call to the whole audio; hibari, with one seed for all
(`cache.unseeded: share`). In turns: the phrases as they are cached; the same ones with seeds of
their own, so that each is spoken; and the cached ones while a durable book keeps every worker busy.
Then all 50 are asked for once more: a book that came meanwhile may have cost none.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.harness import Result, Sample, alternate, at_most, measure, percentile, say
from benchmarks.service import service
from supervisor.client import Client

PHRASES = 50
ROUNDS = 6
OF_ROUND = 100
BOOK_SENTENCES = 20_000
SETTINGS = {
    "engines.default": "hibari",
    "engines.preload": ["hibari"],
    "cache.enabled": True,
    "cache.unseeded": "share",
    "admission.max_work_s": 1e6,
    "admission.max_client_work_s": 1e6,
}
_WHAT = ("The timer", "The light in the hall", "The front door", "Your call", "The music")
_IS = (
    "was stopped.",
    "is on now.",
    "is off again.",
    "will be ready soon.",
    "could not be found.",
    "needs a moment.",
    "is set for ten minutes.",
    "is waiting for you.",
    "has been moved to tomorrow.",
    "is back to normal.",
)


def run() -> Result:
    """Raises PrivateSupervisorError."""
    phrases = [f"{what} {it_is}" for it_is in _IS for what in _WHAT]
    chance = random.Random(1)  # noqa: S311 - the same phrases in every run
    weights = [1 / rank for rank in range(1, PHRASES + 1)]

    def drawn() -> list[str]:
        return chance.choices(phrases, weights, k=OF_ROUND)

    with service(SETTINGS) as running, running.client() as client:
        for _ in range(3):
            for phrase in phrases:
                client.synthesize(phrase)

        def cached() -> Sample:
            return _times(client, drawn(), seeded=False)

        def spoken() -> Sample:
            return _times(client, drawn(), seeded=True)

        def beside_a_book() -> Sample:
            with _book(client):
                return _times(client, drawn(), seeded=False)

        arms = alternate(
            {"cached": cached, "spoken": spoken, "cached, beside a book": beside_a_book}, ROUNDS
        )
        before = _cache(client)
        for phrase in phrases:
            client.synthesize(phrase)
        lost = PHRASES - (_cache(client)["hits"] - before["hits"])
    p50, p95 = (measure(arms["cached"], name) for name in ("p50_ms", "p95_ms"))
    beside = measure(arms["cached, beside a book"], "spoken")
    say(f"cached p95 {percentile(p95, 50):.3g} ms; {lost} of {PHRASES} lost")
    what = f"{ROUNDS} × {OF_ROUND} of {PHRASES} phrases by Zipf's law, median of the rounds"
    return Result(
        title="What was said before is said at once",
        arms=arms,
        compared_with="spoken",
        claims=[
            at_most("cached phrase, p50", percentile(p50, 50), 1, "ms", what),
            at_most(
                "cached phrases that were spoken anew beside a book", sum(beside), 0, "phrases"
            ),
            at_most("phrases that the books have cost", lost, 0, "phrases"),
        ],
        notes=[f"{before['hits']} hits, {before['bytes'] / 1e6:.1f} MB before the last look"],
    )


def _times(client: Client, phrases: list[str], *, seeded: bool) -> Sample:
    before = _cache(client)["hits"]
    times = []
    for phrase in phrases:
        seed = random.getrandbits(62) if seeded else None
        begun = time.perf_counter()
        client.synthesize(phrase, seed=seed)
        times.append(1000 * (time.perf_counter() - begun))
    return {
        "p50_ms": percentile(times, 50),
        "p95_ms": percentile(times, 95),
        "spoken": len(phrases) - (_cache(client)["hits"] - before),
    }


@contextmanager
def _book(client: Client) -> Iterator[None]:
    """A book that all workers speak meanwhile, of sentences that come once."""
    mark = random.getrandbits(32)
    text = " ".join(
        f"In chapter {mark} number {number} nothing of note has happened to anybody."
        for number in range(BOOK_SENTENCES)
    )
    job = client.submit(text, durable=True)
    try:
        _until_busy(client)
        yield
    finally:
        client.cancel(job.id)


def _until_busy(client: Client) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if all(worker["state"] == "busy" for worker in client.status()["workers"]):
            return
        time.sleep(0.05)
    raise TimeoutError("the book does not keep the workers busy")


def _cache(client: Client) -> dict[str, Any]:
    """The cache's figures. Its misses are the book's, too, its hits only the phrases'."""
    found: dict[str, Any] = client.status()["allocation"]["cache"]
    return found
