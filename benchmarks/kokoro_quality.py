"""Quality of the derived model against the published one: `supervisor models verify kokoro`.

Every voice, held-out texts, three speeds. Needs the full set of voices and pulls it where it
is not here. Twenty minutes on two cores; VERIFY_JSON names a file of findings that a run of
`supervisor models verify kokoro --json` left, to be used instead.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import fmean

import msgspec

from benchmarks.harness import Result, at_least, at_most
from workers.engines.kokoro import quality
from workers.engines.kokoro.derive.verify import Verdict

PULL = ("models", "pull", "kokoro-voices")


def run() -> Result:
    """One arm for each voice, one sample for each thing it said."""
    verdict = _verdict()
    found = verdict.findings
    arms = {
        voice: [_sample(one) for one in found if one.voice == voice]
        for voice in dict.fromkeys(one.voice for one in found)
    }
    excess = quality.by_voice(found)
    worst = max(excess, key=lambda voice: excess[voice])
    contrast = quality.by_voice(found, lambda one: one.contrast_db)
    noisiest = min(contrast, key=lambda voice: contrast[voice])
    heard = f"{verdict.heard} voices, {len(found)} cases"
    return Result(
        title="What the derived model of Kokoro loses",
        arms=arms,
        claims=[
            at_most(
                f"{verdict.level} model: durations that differ",
                sum(not one.same_duration for one in found),
                0,
                "",
                heard,
            ),
            at_most(
                f"{verdict.level} model: largest change of level",
                max(abs(one.level_db) for one in found),
                quality.MAX_LEVEL_DB,
                "dB",
                heard,
            ),
            at_most(
                f"{verdict.level} model: mel distance beyond the published model's, median",
                quality.median_excess(found),
                quality.MAX_MEDIAN_DB,
                "dB",
                heard,
            ),
            at_most(
                f"{verdict.level} model: mel distance beyond the published model's, worst voice",
                excess[worst],
                quality.MAX_WORST_DB,
                "dB",
                f"{heard}; mean of a voice, the worst is {worst}",
            ),
            at_least(
                f"{verdict.level} model: contrast of harmonics and noise, worst voice",
                contrast[noisiest],
                quality.MIN_CONTRAST_DB,
                "dB",
                f"{heard}; against the published model, mean of a voice, the worst is {noisiest}",
            ),
        ],
        notes=[
            verdict.line(),
            (
                "Distances are from a reference whose generator computes in float. Speeds 0.8, 1 "
                f"and 1.3; mean excess over all cases {fmean(one.excess_db for one in found):.3f} "
                "dB."
            ),
        ],
    )


def _verdict() -> Verdict:
    if kept := os.environ.get("VERIFY_JSON"):
        return msgspec.json.decode(Path(kept).read_bytes(), type=Verdict)
    command = str(Path(sys.executable).with_name("supervisor"))
    subprocess.run([command, *PULL], check=True)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "verdict.json"
        # Exit code 5 is a verdict too, and is kept; without a file there is none.
        subprocess.run([command, "models", "verify", "kokoro", "--json", path], check=False)
        return msgspec.json.decode(path.read_bytes(), type=Verdict)


def _sample(one: quality.Finding) -> dict[str, float]:
    return {
        "excess_db": one.excess_db,
        "level_db": one.level_db,
        "contrast_db": one.contrast_db,
        "published_db": one.published_db,
        "derived_db": one.derived_db,
        "speed": one.speed,
    }
