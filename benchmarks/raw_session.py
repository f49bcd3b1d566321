"""One engine in one process on one core, without any service: the yardstick.

`python -m benchmarks.raw_session ENGINE SECONDS CPU` speaks the benchmark's sentences
over and over and prints JSON: how many, and the seconds that they took. Seconds of audio would
compare nothing: the pool's workers make the silence around a sentence anew.
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


def sentences_per_second(engine: str, seconds: float, cpu: int) -> float:
    """Sentences per second of one single-threaded session pinned to `cpu`."""
    command = [sys.executable, "-m", "benchmarks.raw_session", engine, str(seconds), str(cpu)]
    output = subprocess.run(
        command, env={**os.environ, **ENVIRONMENT}, check=True, stdout=subprocess.PIPE
    ).stdout
    found = json.loads(output)
    return float(found["sentences"] / found["wall_s"])


def main(engine: str, seconds: float, cpu: int) -> None:
    """Speak for `seconds` seconds and print what came of it."""
    os.sched_setaffinity(0, {cpu})
    made = registry.make(engine, {})
    made.load()
    session, info = made.open(1), made.describe()
    session.synthesize(SENTENCES[0], Speech(engine="", voice=info.default_voice, seed=1))
    number, started = 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        text = SENTENCES[number % len(SENTENCES)]
        session.synthesize(text, Speech(engine="", voice=info.default_voice, seed=number))
        number += 1
    wall = time.perf_counter() - started
    print(json.dumps({"sentences": number, "wall_s": wall}))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]))
