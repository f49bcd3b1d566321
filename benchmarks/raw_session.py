"""One engine in one process on one core, without any service: the yardstick.

`python -m benchmarks.raw_session ENGINE SECONDS CPU` speaks the benchmark's sentences
over and over and prints JSON: seconds of audio, and seconds that they took.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

from benchmarks.texts import SENTENCES
from supervisor.speech import Speech
from supervisor.wire.environment import thread_variables
from workers.engines import registry

ENVIRONMENT = {"ORT_DISABLE_TELEMETRY": "1", **thread_variables(1)}


def audio_per_second(engine: str, seconds: float, cpu: int) -> float:
    """Audio seconds per second of one single-threaded session pinned to `cpu`."""
    command = [sys.executable, "-m", "benchmarks.raw_session", engine, str(seconds), str(cpu)]
    output = subprocess.run(
        command, env={**os.environ, **ENVIRONMENT}, check=True, stdout=subprocess.PIPE
    ).stdout
    found = json.loads(output)
    return float(found["audio_s"] / found["wall_s"])


def main(engine: str, seconds: float, cpu: int) -> None:
    """Speak for `seconds` seconds and print what came of it."""
    os.sched_setaffinity(0, {cpu})
    made = registry.make(engine, {})
    made.load()
    session, info = made.open(1), made.describe()
    session.synthesize(SENTENCES[0], Speech(engine="", voice=info.default_voice, seed=1))
    samples, number, started = 0, 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        text = SENTENCES[number % len(SENTENCES)]
        samples += len(
            session.synthesize(text, Speech(engine="", voice=info.default_voice, seed=number))
        )
        number += 1
    wall = time.perf_counter() - started
    print(json.dumps({"audio_s": samples / info.sample_rate, "wall_s": wall}))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]))
