"""A sentence now and then beside a book that keeps both workers busy: how long it takes beside the
same sentences alone, and what of its rate the book keeps.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from benchmarks.harness import Result, Sample, at_least, at_most, measure, percentile, say
from benchmarks.service import service
from benchmarks.texts import PARAGRAPH
from supervisor.client import Client, Job, SupervisorError

SENTENCES = (
    "Yes, it is ready now.",
    "The lamps are lit, and nobody sees it.",
    "Turn left at the second light, then it is on your right.",
    "I have put milk, bread and a dozen eggs on the list for you, is there more to come?",
)
"""What an assistant says, of 21 to 83 characters."""
PROSE = (
    f"{PARAGRAPH} The harbour, which had been quiet since the war, woke slowly on that day, for "
    "the fog lay thick on the water, and the fishermen, who had waited for it to lift since long "
    "before sunrise, talked of the winter and of the price of nets. "
)
"""Sentences of 50 to 240 characters."""
BOOK = PROSE * 300
FACTOR = 2.0
LEAST_RATE = 80.0
ROUNDS = 3


class _Load(NamedTuple):
    """Of one round: sentences alone, seconds of the book alone, seconds of both, and the mean
    seconds from one sentence to the next.
    """

    alone: int
    book_s: float
    both_s: float
    every_s: float


LOADS = {"hibari": _Load(40, 6.0, 15.0, 0.5), "kokoro": _Load(12, 14.0, 30.0, 2.0)}

_DICE = random.Random(1)  # noqa: S311 (moments, not secrets)


def run() -> Result:
    """Each engine: sentences alone, the book alone, and both, in turns."""
    arms: dict[str, list[Sample]] = {}
    claims = []
    notes = []
    for engine, load in LOADS.items():
        found, note = _engine(engine, load)
        arms |= {f"{engine}, {name}": samples for name, samples in found.items()}
        notes.append(note)
        alone, beside = (measure(found[name], "sentence_ms") for name in ("alone", "beside"))
        rates = [
            _mean(measure(found[name], "audio_s_per_s")) for name in ("book alone", "book beside")
        ]
        what = f"2 workers of one thread, a sentence every {load.every_s:g} s, {len(beside)} in all"
        p95 = percentile(alone, 95), percentile(beside, 95)
        claims += [
            at_most(
                f"{engine}: p95 of a sentence beside a book ÷ alone",
                p95[1] / p95[0],
                FACTOR,
                "×",
                f"{what}; {p95[0]:.0f} ms alone, {p95[1]:.0f} ms beside",
            ),
            at_least(
                f"{engine}: the book's rate beside sentences ÷ alone",
                100 * rates[1] / rates[0],
                LEAST_RATE,
                "%",
                f"{what}; {rates[0]:.1f} s of audio in a second alone",
            ),
        ]
    return Result(title="A sentence beside a book", arms=arms, claims=claims, notes=notes)


def _engine(engine: str, load: _Load) -> tuple[dict[str, list[Sample]], str]:
    settings = {
        "engines.default": engine,
        "engines.preload": [engine],
        "performance.dynamic_cpu_allocation.enabled": False,
        "performance.dynamic_cpu_allocation.max_cores": 2,
        "pool.threads_per_worker": 1,
        "pool.grace_period_s": 0.0,
    }
    names = ("alone", "book alone", "beside", "book beside")
    found: dict[str, list[Sample]] = {name: [] for name in names}
    with service(settings), Client() as client:
        for text in SENTENCES:
            client.synthesize(text)
        for number in range(ROUNDS):
            found["alone"] += [_sentence(client, index) for index in range(load.alone)]
            found["book alone"].append(_beside_book(lambda: time.sleep(load.book_s)))

            def speak() -> None:
                found["beside"] += _sentences(client, load)

            found["book beside"].append(_beside_book(speak))
            say(f"{engine}, round {number + 1}: {found['book beside'][-1]}")
        told = client.status()["classes"]
    spent = sum(measure(found["beside"], "worker_ms")) / 1e3
    note = (
        f"{engine}: the sentences themselves took {spent / (2 * ROUNDS * load.both_s):.0%} of both "
        f"workers; {told['preempted']} segments of the book were interrupted, which cost "
        f"{told['thrown_away_s']:.1f} s of the workers; {told['shortened']} were cut shorter."
    )
    return found, note


def _sentences(client: Client, load: _Load) -> list[Sample]:
    """Sentences at moments that have nothing to do with the book's segments."""
    until = time.monotonic() + load.both_s
    found: list[Sample] = []
    while time.monotonic() < until:
        begun = time.monotonic()
        found.append(_sentence(client, len(found)))
        pause = load.every_s * _DICE.uniform(0.75, 1.25)
        time.sleep(max(0.0, begun + pause - time.monotonic()))
    return found


def _sentence(client: Client, index: int) -> Sample:
    started = time.perf_counter()
    spoken = client.synthesize(SENTENCES[index % len(SENTENCES)])
    ms = (time.perf_counter() - started) * 1e3
    return {"sentence_ms": ms, "worker_ms": spoken.timings.synthesis_s * 1e3}


def _beside_book(during: Callable[[], None]) -> Sample:
    """The rate of another client's book, from its first audio on, while something is done."""
    begun = threading.Event()
    with Client() as client, client.submit(BOOK) as job:
        pieces: list[tuple[float, int]] = []
        reader = threading.Thread(target=_listen, args=(job, pieces, begun))
        reader.start()
        if not begun.wait(120):
            raise ValueError("no book is spoken")
        during()
        ended = job.progress.segments_done >= job.progress.segments
        job.cancel()
        reader.join()
        if ended:
            raise ValueError("the book was over too early")
        rate = job.sample_rate
    seconds = pieces[-1][0] - pieces[0][0]
    return {"audio_s_per_s": sum(samples for _at, samples in pieces[1:]) / rate / seconds}


def _listen(job: Job, pieces: list[tuple[float, int]], begun: threading.Event) -> None:
    """Take the book as fast as it comes, until it is cancelled."""
    try:
        for samples in job:
            pieces.append((time.monotonic(), len(samples)))
            begun.set()
    except SupervisorError:
        pass


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
