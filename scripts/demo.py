"""`make demo`: start a supervisor, speak a paragraph, play it, say how it went, stop.

What a user would do by hand with `supervisor start` and `supervisor.client`, on
every core that this machine lets us use.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.service import service
from supervisor.audio.samples import Samples
from supervisor.audio.wav import write_wav
from supervisor.cli.playing import NoSoundError, playing
from supervisor.client import Client, SupervisorError
from supervisor.testing import PrivateSupervisor, PrivateSupervisorError

OUTPUT = Path("demo.wav")

PARAGRAPH = (
    "The lamp in the harbour office had burned all night. When the first boat came in, the clerk "
    "put down her pen, opened the window, and counted the masts against the grey of the morning. "
    "There were seven of them; there should have been eight. She did not ring the bell at once. "
    "Instead she waited, as one waits for a kettle, and listened to the gulls. Then, far out, "
    "something small and white stood up on the water, and she smiled and wrote the number down."
)


def main() -> int:
    """Run the demo; 0 when the paragraph was spoken and the supervisor stopped cleanly."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--engine", default="hibari")
    engine: str = parser.parse_args().engine
    cores = len(os.sched_getaffinity(0))
    settings = {
        "engines.default": engine,
        "engines.preload": [engine],
        "performance.dynamic_cpu_allocation.min_cores": cores,
        "performance.dynamic_cpu_allocation.max_cores": cores,
        "pool.threads_per_worker": 1,
    }
    print(f"starting a supervisor with the engine {engine} …", flush=True)
    try:
        with service(settings) as running:
            speak(running)
    except (PrivateSupervisorError, SupervisorError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    print("supervisor stopped")
    return 0


def speak(running: PrivateSupervisor) -> None:
    """Submit the paragraph, write the audio, print the figures, and play it to whoever is there."""
    with Client() as client:
        started = time.monotonic()
        chunks, first_audio_s = [], None
        with client.stream(PARAGRAPH, seed=1) as stream:
            for chunk in stream:
                first_audio_s = first_audio_s or time.monotonic() - started
                chunks.append(chunk)
            sample_rate = stream.sample_rate
        took_s = time.monotonic() - started
        status = client.status()
    samples = np.concatenate(chunks)
    write_wav(OUTPUT, samples, sample_rate)
    tell(running, status, len(samples) / sample_rate, took_s, first_audio_s or took_s)
    if sys.stdout.isatty():
        play(samples, sample_rate)


def play(samples: Samples, sample_rate: int) -> None:
    """Let it be heard, where this machine can."""
    print("playing it; Ctrl-C stops", flush=True)
    try:
        with playing(sample_rate) as hear:
            hear(samples)
    except NoSoundError as error:
        print(f"it cannot be heard here: {error}")
    except KeyboardInterrupt:
        print()


def tell(
    running: PrivateSupervisor,
    status: dict[str, Any],
    audio_s: float,
    took_s: float,
    first_audio_s: float,
) -> None:
    """Print the figures."""
    print(f"{OUTPUT}: {audio_s:.1f} s of audio")
    print(f"  real-time factor  {took_s / audio_s:.3f} ({took_s:.2f} s for the whole paragraph)")
    print(f"  first audio       after {first_audio_s:.3f} s")
    print(f"  supervisor        pid {running.pid}, ready after {running.ready_s:.2f} s")
    for worker in status["workers"]:
        print(f"  worker {worker['slot']}          {describe(worker)}")


def describe(worker: dict[str, Any]) -> str:
    """One worker of the status document in words; its cores as read back from its threads."""
    cores = ", ".join(map(str, worker["observed_cpus"]))
    return (
        f"pid {worker['pid']}, cores {cores}, {worker['intra_op_threads']} thread(s), "
        f"{worker['segments_done']} segments"
    )


if __name__ == "__main__":
    sys.exit(main())
