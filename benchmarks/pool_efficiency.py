"""What the pool adds to the engines' own work: two pinned workers against two bare sessions."""

from __future__ import annotations

from benchmarks.harness import Arm, Claim, Result, Sample, alternate, at_least, measure, percentile
from benchmarks.lean_client import POOL_OF_TWO, LeanClient, lean_client
from benchmarks.raw_session import audio_per_second
from benchmarks.service import service
from benchmarks.texts import SENTENCES

ROUNDS = 3
SECONDS = {"hibari": 5.0, "kokoro": 15.0}
RATE = 24_000


def run() -> Result:
    """Each engine in turns: the pool full of jobs, and one session alone on one core."""
    arms: dict[str, list[Sample]] = {}
    claims: list[Claim] = []
    for engine, seconds in SECONDS.items():
        settings = {**POOL_OF_TWO, "engines.default": engine, "engines.preload": [engine]}
        with service(settings) as running, lean_client(running.run_directory) as client:
            found = alternate(_arms(engine, seconds, client), ROUNDS)
        arms |= {f"{engine}: {name}": samples for name, samples in found.items()}
        pool = percentile(measure(found["pool"], "audio_s_per_s"), 50)
        alone = percentile(measure(found["one session"], "audio_s_per_s"), 50)
        claims.append(
            at_least(
                f"{engine}: pool of two ÷ (2 × one session)",
                pool / (2 * alone),
                0.95,
                "×",
                f"audio seconds per second, median of {ROUNDS}; sessions of one pinned thread",
            )
        )
    return Result(title="The pool wastes nothing", arms=arms, claims=claims)


def _arms(engine: str, seconds: float, client: LeanClient) -> dict[str, Arm]:
    def pool() -> Sample:
        audio, _jobs = client.saturate(engine, SENTENCES, 8, seconds, RATE)
        return {"audio_s_per_s": audio}

    def alone() -> Sample:
        return {"audio_s_per_s": audio_per_second(engine, seconds, cpu=0)}

    return {"pool": pool, "one session": alone}
