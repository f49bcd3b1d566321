"""Text that is written at the pace of a language model: when the first of it is heard, and whether
the audio ever runs out.

A hundred sentences come in words at 30 a second. A listener plays the audio from its first sample
on; a gap is time in which nothing is left to be played while text is still coming.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from itertools import product

from benchmarks.harness import Result, Sample, at_most, measure, median, say
from benchmarks.lean_client import POOL_OF_TWO
from benchmarks.service import service
from supervisor.client import Client

WORDS_A_SECOND = 30.0
ROUNDS = 5
TARGETS_MS = {"hibari": 150.0, "kokoro": 600.0}

_OPENING = ("The night was clear, ", "When the bell rang, ", "As far as we know, ", "Once more, ")
_MIDDLE = (
    "and nobody in the harbour had seen the ship",
    "the keeper of the light went down the stairs",
    "there was a letter under the door of the inn",
    "all the lamps along the quay went out at once",
    "a child stood at the window and counted the stars",
)
_CLOSING = (". ", ", or so they said. ", ", long before the rain. ", "; then it was quiet. ", "! ")


def run() -> Result:
    """Five texts by hibari, one by Kokoro."""
    text = "".join("".join(parts) for parts in product(_OPENING, _MIDDLE, _CLOSING))
    tokens = re.findall(r"\s*\S+", text)
    with (
        service({**POOL_OF_TWO, "engines.preload": [*TARGETS_MS]}) as running,
        running.client() as client,
    ):
        known = client.engines()
        engines = [name for name in TARGETS_MS if not known[name]["unavailable"]]
        for engine in engines:
            client.synthesize("Hello there.", engine=engine)
        arms = {
            engine: [_spoken(client, engine, tokens) for _ in range(ROUNDS)] for engine in engines
        }
    claims = []
    for engine, samples in arms.items():
        first = median(measure(samples, "first_ms"))
        claims += [
            at_most(
                f"{engine}: first audio after the first clause has ended",
                first,
                TARGETS_MS[engine],
                "ms",
                f"median of {ROUNDS} texts of 100 sentences, 30 words a second",
            ),
            at_most(
                f"{engine}: gaps while text comes",
                sum(measure(samples, "gaps")),
                0,
                "gaps",
                "of 10 ms or more, played from the first sample on",
            ),
        ]
    return Result(
        title="Text is spoken as it is written",
        arms=arms,
        claims=claims,
        notes=[f"{name} is not installed." for name in TARGETS_MS if name not in engines],
    )


def _spoken(client: Client, engine: str, tokens: list[str]) -> Sample:
    """One text, written and heard at once."""
    ended = threading.Event()
    clause_at = 0.0

    def written() -> Iterator[str]:
        nonlocal clause_at
        started = time.perf_counter()
        for number, token in enumerate(tokens):
            time.sleep(max(0.0, started + number / WORDS_A_SECOND - time.perf_counter()))
            yield token
            if not clause_at and token.endswith(","):
                clause_at = time.perf_counter()
        ended.set()

    first = playing_until = 0.0
    gaps, longest = 0, 0.0
    with client.stream(written(), engine=engine, seed=1) as job:
        for chunk in job:
            now = time.perf_counter()
            if not first:
                first = playing_until = now
            late = now - playing_until
            if late > 0.01 and not ended.is_set():
                gaps, longest = gaps + 1, max(longest, late)
            playing_until = max(playing_until, now) + len(chunk) / job.sample_rate
    sample = {
        "first_ms": (first - clause_at) * 1000,
        "gaps": float(gaps),
        "longest_gap_ms": longest * 1000,
    }
    say(f"{engine}: {sample}")
    return sample
