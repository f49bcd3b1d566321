"""A minute of Kokoro speech: two workers against one, and how soon it starts."""

from __future__ import annotations

import time

from benchmarks.harness import Result, Sample, alternate, at_least, at_most, measure, percentile
from benchmarks.lean_client import POOL_OF_TWO
from benchmarks.service import service
from benchmarks.texts import PARAGRAPH, SHORT_SEGMENT
from supervisor.testing import PrivateSupervisor

ROUNDS = 3
TEXT = PARAGRAPH + " " + PARAGRAPH[:120]
KOKORO = {**POOL_OF_TWO, "engines.default": "kokoro", "engines.preload": ["kokoro"]}
_MIN_CORES, _MAX_CORES = (
    f"performance.dynamic_cpu_allocation.{name}" for name in ("min_cores", "max_cores")
)


def run() -> Result:
    """Both pools run at once and speak in turns; the idle one costs nothing."""
    with service(KOKORO) as two, service({**KOKORO, _MIN_CORES: 1, _MAX_CORES: 1}) as one:
        arms = alternate(
            {
                "two workers": lambda: _speak(two, TEXT),
                "one worker": lambda: _speak(one, TEXT),
                "one short segment": lambda: _speak(two, SHORT_SEGMENT),
            },
            ROUNDS,
        )
    total = {name: percentile(measure(samples, "total_s"), 50) for name, samples in arms.items()}
    first = percentile(measure(arms["two workers"], "first_audio_s"), 50)
    return Result(
        title="Long text is parallel",
        arms=arms,
        claims=[
            at_least(
                "one worker ÷ two workers",
                total["one worker"] / total["two workers"],
                1.85,
                "×",
                f"seconds for a minute of Kokoro audio, median of {ROUNDS}",
            ),
            at_most(
                "first audio ÷ one short segment",
                first / total["one short segment"],
                1.0,
                "×",
                "first audio of the long text against a job of 80 characters, two workers",
            ),
        ],
    )


def _speak(running: PrivateSupervisor, text: str) -> Sample:
    started = time.perf_counter()
    first, samples = 0.0, 0
    with (
        running.client() as client,
        client.stream(text, seed=1) as stream,
    ):
        for chunk in stream:
            first = first or time.perf_counter() - started
            samples += len(chunk)
    total = time.perf_counter() - started
    return {"total_s": total, "first_audio_s": first, "audio_s": samples / 24_000}
