"""Memory that a long segment leaves behind in a worker: after 20 s of audio against before.

Each measurement is a process with a warm session that forks a child, as the template does
(and in its environment). The child says a short sentence, weighs itself, says about 20 s of
audio, and weighs itself again: proportional set size (PSS), so that what is shared with the
parent counts once.
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import time
from pathlib import Path

import msgspec

from benchmarks.harness import Arm, Result, Sample, alternate, at_most, measure, median
from supervisor.pool import interpreters
from supervisor.speech import Speech
from workers.engines.kokoro import Kokoro
from workers.engines.kokoro.engine import KokoroSession

ROUNDS = 5
SHORT = "One."
LONG = (
    "The harbour was quiet in the early morning, and the boats lay still upon the water. "
    "A man came down the steps with a basket, counted the ropes, and looked for a while at "
    "the sky above the hills. Nobody else was awake, except for the baker and his two sons, "
    "whose windows were bright already, and the dog that had followed them there."
)
SAMPLE_RATE = 24_000


def run() -> Result:
    """The published model and the one that is in use by default, in turns."""
    arms: dict[str, Arm] = {}
    for optimization in ("none", "auto"):
        level = Kokoro({"optimization": optimization}).choose().level
        name = "published int8" if level == "none" else level
        arms[name] = functools.partial(_in_own_process, optimization)
    samples = alternate(arms, ROUNDS, warmup=0)
    return Result(
        title="A long segment leaves no memory behind",
        arms=samples,
        claims=[
            at_most(
                f"{name}: worker memory after a 20 s segment ÷ before",
                median(measure(samples[name], "ratio")),
                1.1,
                "",
                f"PSS, back to idle, median of {ROUNDS} forked workers",
            )
            for name in arms
        ],
        notes=["Arena shrinkage after each run and malloc_trim; memory pattern off."],
    )


def _in_own_process(optimization: str) -> Sample:
    command = [sys.executable, "-m", "benchmarks.kokoro_memory", optimization]
    environment = os.environ | interpreters.ENVIRONMENT
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    return msgspec.json.decode(done.stdout, type=dict[str, float])


def _main(optimization: str) -> None:
    """Load, fork, and let the child print what it found."""
    engine = Kokoro({"optimization": optimization})
    session = engine.open(1)
    voice = engine.describe().default_voice
    session.synthesize(SHORT, Speech(engine="", voice=voice))
    child = os.fork()
    if child == 0:
        try:
            os.write(1, msgspec.json.encode(_weighed(session, voice)))
        finally:
            os._exit(0)
    os.waitpid(child, 0)


def _weighed(session: KokoroSession, voice: str) -> dict[str, float]:
    session.synthesize(SHORT, Speech(engine="", voice=voice))
    before = _pss_mb()
    started = time.perf_counter()
    audio = session.synthesize(LONG, Speech(engine="", voice=voice)).samples
    spent = time.perf_counter() - started
    after = _pss_mb()
    return {
        "before_mb": before,
        "after_mb": after,
        "ratio": after / before,
        "peak_rss_mb": _status_mb("VmHWM"),
        "audio_s": audio.size / SAMPLE_RATE,
        "segment_s": spent,
    }


def _pss_mb() -> float:
    """Proportional set size of this process."""
    rollup = Path("/proc/self/smaps_rollup").read_text(encoding="ascii")
    line = next(line for line in rollup.splitlines() if line.startswith("Pss:"))
    return int(line.split()[1]) / 1024


def _status_mb(field: str) -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith(f"{field}:"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    _main(sys.argv[1])
