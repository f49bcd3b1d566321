"""The yardstick: no service, a pinned loop on each of two cores at the same time.

`python -m benchmarks.peers.bare ENGINE SECONDS CPU` is one of them; it prints JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

from benchmarks.harness import Sample
from benchmarks.peers import speech
from benchmarks.peers.http_lanes import BYTES_PER_S
from benchmarks.peers.plan import plan
from benchmarks.raw_session import ENVIRONMENT


def visit(engine: str, cpus: list[int], directory: str) -> Sample:
    """Audio and requests per second of both together."""
    environment = {**os.environ, **ENVIRONMENT, speech.ENGINE: engine, speech.PIDS: directory}
    seconds = str(plan(engine).seconds)
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "benchmarks.peers.bare", engine, seconds, str(cpu)],
            env=environment,
            stdout=subprocess.PIPE,
        )
        for cpu in cpus
    ]
    found = [json.loads(process.communicate()[0]) for process in processes]
    return {name: sum(each[name] for each in found) for name in ("audio_s_per_s", "requests_per_s")}


def main(engine: str, seconds: float, cpu: int) -> None:
    """Speak the plan's texts for so long, as the peers' workers do."""
    os.sched_setaffinity(0, {cpu})
    speak = speech.Speech()
    texts = plan(engine).texts
    speak(texts[0])
    spoken, number, started = 0, 0, time.perf_counter()
    while (passed := time.perf_counter() - started) < seconds:
        spoken += len(speak(texts[number % len(texts)]))
        number += 1
    rates = {"audio_s_per_s": spoken / BYTES_PER_S / passed, "requests_per_s": number / passed}
    print(json.dumps(rates))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]))
