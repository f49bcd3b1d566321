"""A full stop's silence inside a sentence: how many first sentences, too long for a first segment,
have one.

Each sentence is a job of its own and has no mark but its last, so every silence of 0.35 s in it is
a false stop.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import Result, Sample, at_most, measure, say
from benchmarks.lean_client import POOL_OF_TWO
from benchmarks.service import service
from supervisor.testing import PrivateSupervisor

Samples = NDArray[np.float32]

STOP_S = 0.35
AUDIBLE = 0.01
BATCH = 50

WHO = (
    "The keeper of the old lighthouse",
    "Every member of the committee",
    "A small crowd of curious travellers",
    "The new director of the museum",
    "My grandmother's neighbour",
    "Nobody in the whole village",
    "One of the younger engineers",
    "Most of the people who lived there",
    "Her eldest brother",
    "The man with the wooden leg",
)
WHAT = (
    "had waited patiently for an answer",
    "walked slowly along the empty platform",
    "carried the heavy boxes up the stairs",
    "decided to write a long letter to the editor",
    "looked for the missing key in every drawer",
    "tried once more to explain the whole matter",
    "kept a careful record of everything that happened",
    "wanted nothing more than a quiet evening at home",
    "took the machine apart and laid its pieces on the floor",
    "refused to believe a single word of the story",
)
WHEN = (
    "because the road into the next valley was closed.",
    "while the others slept and the fire went out.",
    "before the first snow fell on the northern hills.",
    "until the bells of the harbour church rang at noon.",
    "without any distinction of office or length of service.",
    "when the last of the ships had come in out of the fog.",
    "from the first warm days of spring to the end of autumn.",
    "so quietly that not even the dog beside the stove woke up.",
    "although it was raining and the lamps had not been lit.",
    "during the unusually warm evenings of that September.",
)


def run() -> Result:
    """A thousand with hibari, and every twenty-fifth of them with Kokoro."""
    sentences = [" ".join(parts) for parts in product(WHO, WHAT, WHEN)]
    settings = {**POOL_OF_TWO, "engines.preload": ["hibari", "kokoro"]}
    with service(settings) as running:
        arms = {
            "hibari": [*_speak(running, "hibari", sentences)],
            "kokoro": [*_speak(running, "kokoro", sentences[7::25])],
        }
    return Result(
        title="No false stop",
        arms=arms,
        claims=[
            at_most(
                f"{engine}: sentences with a false stop",
                sum(measure(samples, "stopped")),
                0,
                "sentences",
                f"of {sum(measure(samples, 'sentences')):.0f}, each first in its job",
            )
            for engine, samples in arms.items()
        ],
    )


def _speak(running: PrivateSupervisor, engine: str, sentences: Sequence[str]) -> Iterator[Sample]:
    """A sample for each 50 sentences."""
    with running.client() as client:
        for at in range(0, len(sentences), BATCH):
            batch = sentences[at : at + BATCH]
            longest: list[float] = []
            first: list[float] = []
            for sentence in batch:
                chunks: list[Samples] = []
                started = time.perf_counter()
                with client.stream(sentence, engine=engine, seed=1) as stream:
                    for chunk in stream:
                        if not chunks:
                            first.append(time.perf_counter() - started)
                        chunks.append(chunk)
                longest.append(_longest_silence(np.concatenate(chunks), stream.sample_rate))
            sample = {
                "sentences": float(len(batch)),
                "stopped": float(sum(silence >= STOP_S for silence in longest)),
                "longest_s": max(longest),
                "first_audio_ms": float(np.median(first)) * 1000,
            }
            say(f"{engine}: {sample}")
            yield sample


def _longest_silence(samples: Samples, rate: int) -> float:
    """Seconds of the longest silence between two sounds."""
    heard = np.flatnonzero(np.abs(samples) > AUDIBLE)
    return float(np.diff(heard).max()) / rate
