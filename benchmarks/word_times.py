"""Times of words against the sound: where each sentence and clause after a pause begins.

An onset is measured from the energy of the audio alone (2 ms steps, 35 dB below the loudest), after
0.15 s in which there is none: neither the model's durations nor the threshold of the workers are
asked. What a word beside it is told to begin at should be the same. With the times and without, the
audio has to be the same.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import Result, Sample, at_most, measure, median, say
from benchmarks.lean_client import POOL_OF_TWO
from benchmarks.service import service
from supervisor.client import Client

ENGINES = ("hibari", "kokoro")
_STEP_S = 0.002
_BELOW_DB = 35.0
_PAUSE_S = 0.15

_FIRST = (
    "Seven ships sailed south",
    "On 3 May the post came late",
    "Every door was shut",
    "He paid $12.50 for it",
    "“Who is there?” she asked",
)
_SECOND = (
    "but nobody heard the bell; three of us went down.",
    "as far as I know. Then the lamp went out.",
    "so it was said: a cat, a dog, and fifteen hens.",
    "although it rained. Up on the hill a fire burned.",
)


def run() -> Result:
    """Twenty texts with pauses of every kind, by both engines."""
    texts = [", ".join(pair) for pair in product(_FIRST, _SECOND)]
    with (
        service({**POOL_OF_TWO, "engines.preload": [*ENGINES]}) as running,
        running.client() as client,
    ):
        known = client.engines()
        engines = [name for name in ENGINES if not known[name]["unavailable"]]
        arms = {engine: [_spoken(client, engine, text) for text in texts] for engine in engines}
    claims = []
    for engine, samples in arms.items():
        off = [value for sample in samples for name, value in sample.items() if "onset" in name]
        how = f"{len(off)} onsets after a pause in {len(texts)} texts, speed 1, default voice"
        claims += [
            at_most(f"{engine}: a word's begin is off, median", median(off), 15.0, "ms", how),
            at_most(f"{engine}: a word's begin is off, worst", max(off), 40.0, "ms", how),
            at_most(
                f"{engine}: audio that the times change",
                sum(measure(samples, "changed")),
                0,
                "texts",
                f"of {len(texts)}, every sample compared",
            ),
        ]
    return Result(
        title="A word is told to begin where it does",
        arms=arms,
        claims=claims,
        notes=[f"{name} is not installed." for name in ENGINES if name not in engines],
    )


def _spoken(client: Client, engine: str, text: str) -> Sample:
    """How far off each onset of a text is, in ms, and whether its audio changed."""
    audio = client.synthesize(text, engine=engine, seed=1, words=True)
    plain = client.synthesize(text, engine=engine, seed=1)
    begins = np.array([word.begin_s for word in audio.words])
    sample = {"changed": float(not np.array_equal(audio.samples, plain.samples))}
    for number, onset in enumerate(_onsets(audio.samples, audio.sample_rate)):
        sample[f"onset_{number}_ms"] = float(np.abs(begins - onset).min()) * 1000
    say(f"{engine}: {text!r}: {sample}")
    return sample


def _onsets(samples: NDArray[np.float32], rate: int) -> list[float]:
    """Seconds at which sound begins after a pause; the begin of all is one."""
    step = round(_STEP_S * rate)
    whole = samples[: samples.size // step * step].astype(np.float64)
    power = np.square(whole).reshape(-1, step).mean(axis=1)
    heard = np.flatnonzero(power > power.max() * 10 ** (-_BELOW_DB / 10))
    begins = [heard[0], *heard[1:][np.diff(heard) > _PAUSE_S / _STEP_S]]
    return [float(begin) * _STEP_S for begin in begins]
