"""Speed of Kokoro on one core: the published int8 model against what is derived from it.

Each arm says the same sentence through its own session, in a process with the environment of a
worker that is pinned to one core, in turns; the real-time factor is CPU time over the audio's
duration. Quality is the business of `supervisor models verify kokoro`. A second pair of arms builds
sessions: from the published model, and from the derived one as saved.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

import msgspec

from benchmarks.harness import Arm, Result, Sample, alternate, at_most, measure, median
from supervisor.pool import interpreters
from supervisor.speech import Speech
from workers.engines.kokoro import Kokoro
from workers.engines.kokoro.engine import KokoroSession

ROUNDS = 5
TEXT = "The quick brown fox jumps over the lazy dog, and then it runs away into the forest."
SAMPLE_RATE = 24_000
LEVELS = ("none", "exact", "calibrated")


class _Found(msgspec.Struct):
    """Findings of the process that speaks: samples by arm, levels by what was asked for."""

    samples: dict[str, list[Sample]]
    levels: dict[str, str]


def run() -> Result:
    """In a process with the environment of a worker."""
    command = [sys.executable, "-m", "benchmarks.kokoro_speed"]
    environment = os.environ | interpreters.ENVIRONMENT
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    return _result(msgspec.json.decode(done.stdout, type=_Found))


def _main() -> None:
    """Speak and build in turns on the last of the usable cores; print what was found."""
    sys.stdout.buffer.write(msgspec.json.encode(_measured()))


def _measured() -> _Found:
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    asked = {level: Kokoro({"optimization": level}) for level in LEVELS}
    levels = {level: engine.choose().level for level, engine in asked.items()}
    engines = {level: one for level, one in asked.items() if levels[level] == level}
    speaking = {_name(level): _speaking(one, one.open(1)) for level, one in engines.items()}
    building = {f"build {_name(level)}": _building(one) for level, one in engines.items()}
    return _Found(alternate(speaking, ROUNDS) | alternate(building, ROUNDS), levels)


def _result(found: _Found) -> Result:
    samples = found.samples
    engines = [level for level, got in found.levels.items() if got == level]
    factor = {level: median(measure(samples[_name(level)], "rtf")) for level in engines}
    claims = [
        at_most(
            f"real-time factor on one core, {level} ÷ published int8",
            factor[level] / factor["none"],
            target,
            "",
            f"CPU time over audio, medians of {ROUNDS} alternating runs",
        )
        for level, target in (("exact", 0.75), ("calibrated", 0.50))
        if level in factor
    ]
    claims += [
        at_most(
            f"building a session, {level}",
            median(measure(samples[f"build {_name(level)}"], "build_s")),
            0.25,
            "s",
            f"wall time, median of {ROUNDS}",
        )
        for level in ("exact", "calibrated")
        if level in factor
    ]
    return Result(
        title="Kokoro on one core: derived models against the published one",
        arms=samples,
        claims=claims,
        notes=_notes(found.levels),
    )


def _notes(levels: dict[str, str]) -> list[str]:
    return [
        f"The {level} model cannot be had on this machine: its arm is left out."
        for level, got in levels.items()
        if got != level
    ]


def _name(level: str) -> str:
    return "published int8" if level == "none" else level


def _speaking(engine: Kokoro, session: KokoroSession) -> Arm:
    voice = engine.describe().default_voice

    def once() -> Sample:
        started, cpu = time.perf_counter(), time.process_time()
        samples = session.synthesize(TEXT, Speech(engine="", voice=voice)).samples
        audio_s = samples.size / SAMPLE_RATE
        return {
            "rtf": (time.process_time() - cpu) / audio_s,
            "wall_rtf": (time.perf_counter() - started) / audio_s,
        }

    return once


def _building(engine: Kokoro) -> Arm:
    def once() -> Sample:
        started, cpu = time.perf_counter(), time.process_time()
        engine.open(1)
        return {
            "build_s": time.perf_counter() - started,
            "build_cpu_s": time.process_time() - cpu,
        }

    return once


if __name__ == "__main__":
    _main()
