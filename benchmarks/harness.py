"""Harness of the benchmarks: alternating arms, percentiles, claims, and the result file.

A benchmark is a file `benchmarks/<name>.py` with a docstring that says what it
measures, and one function:

    from benchmarks.harness import Result, alternate, at_least, at_most, measure, percentile

    def run() -> Result:
        arms = alternate({"forked": fork_once, "spawned": spawn_once}, rounds=50)
        forked = measure(arms["forked"], "ready_ms")
        return Result(
            title="A worker is ready in milliseconds",
            arms=arms,
            claims=[at_most("forked worker ready, p95", percentile(forked, 95), 25, "ms")],
        )

An arm is a function without arguments that measures once and returns a `Sample`:
names (with their unit at the end: `ready_ms`, `pss_mb`, `audio_s_per_s`) and
numbers. Arms take turns within one run, because the machine changes while we
measure: compare arms of the same run only, and prefer ratios. A function that
finds many values at once (round trips) may put them into `arms` by itself as
one sample each. Print progress with `say`. Leave an arm out, and say so in
`notes`, when what it needs is not installed; never invent a value. A benchmark that lacks what it
cannot do without raises `LeftOut`, and the result that is there stays.

Run one with `make bench BENCH=<name>`, all of them with `make bench`. The
runner (`__main__`) adds the environment and writes `results/<name>.json`;
`tables` writes a page beside each and the claims in docs/PERFORMANCE.md. A target that
is missed is shown as missed and is no failure of the run; an exception is.
`service` starts a private supervisor for benchmarks that need one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from supervisor.files import replace_file

RESULTS = Path(__file__).parent / "results"

Sample = Mapping[str, float]
"""What one measurement found: measure name (with unit) to value."""

Arm = Callable[[], Sample]


class LeftOut(Exception):
    """What a benchmark cannot do without is not here; one line that says what to do."""


class Claim(msgspec.Struct, frozen=True):
    """A measured value beside its target. Build one with `at_most` or `at_least`."""

    claim: str
    value: float
    bound: Literal["at most", "at least"]
    target: float
    unit: str
    met: bool
    measured_as: str = ""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """Result of a run: raw samples of every arm, in the order measured, and the claims.

    `notes` tell what a reader must know about this run (an arm left out, a
    setting that differs), not what the numbers mean. `compared_with` names the arm that
    all others are held against: the table then goes measure by measure, with ratios.
    """

    title: str
    arms: Mapping[str, Sequence[Sample]]
    claims: Sequence[Claim]
    notes: Sequence[str] = ()
    compared_with: str = ""


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """The machine and software of a run. Load is the 1-minute average, before and after."""

    taken: str
    commit: str
    cpu: str
    logical_cores: int
    usable_cores: int
    memory_gb: float
    kernel: str
    python: str
    packages: dict[str, str]
    load_before: float
    load_after: float = 0.0


class Record(msgspec.Struct, frozen=True):
    """One result file."""

    name: str
    environment: Environment
    result: Result


def at_most(claim: str, value: float, target: float, unit: str, measured_as: str = "") -> Claim:
    """A claim that holds while the value does not exceed the target."""
    return Claim(claim, value, "at most", target, unit, value <= target, measured_as)


def at_least(claim: str, value: float, target: float, unit: str, measured_as: str = "") -> Claim:
    """A claim that holds while the value reaches the target."""
    return Claim(claim, value, "at least", target, unit, value >= target, measured_as)


def alternate(arms: Mapping[str, Arm], rounds: int, *, warmup: int = 1) -> dict[str, list[Sample]]:
    """Run every arm once per round, in reversed order every other round.

    So that a drift of the machine (heat, neighbours) falls on all arms alike.
    `warmup` rounds come first and are thrown away.
    """
    order = list(arms)
    samples: dict[str, list[Sample]] = {name: [] for name in order}
    for number in range(-warmup, rounds):
        for name in order if number % 2 == 0 else order[::-1]:
            sample = arms[name]()
            if number >= 0:
                samples[name].append(sample)
            shown = ", ".join(f"{key} {value:.4g}" for key, value in sample.items())
            say(f"{'warm-up' if number < 0 else f'{number + 1}/{rounds}'} {name}: {shown}")
    return samples


def measure(samples: Iterable[Sample], name: str) -> list[float]:
    """One measure out of an arm's samples. Raises KeyError where a sample lacks it."""
    return [sample[name] for sample in samples]


def percentile(values: Sequence[float], q: float) -> float:
    """The q-th percentile (0 … 100), linear between neighbours. Raises ValueError on nothing."""
    if not values:
        raise ValueError("no values to take a percentile of")
    return float(np.percentile(values, q))


def median(values: Sequence[float]) -> float:
    """The 50th percentile. Raises ValueError on nothing."""
    return percentile(values, 50)


def say(line: str) -> None:
    """One line of progress on stderr."""
    print(f"  {line}", file=sys.stderr, flush=True)


def save(record: Record, directory: Path = RESULTS) -> Path:
    """Write the result file whole or not at all; return its path.

    Raises TypeError or msgspec.ValidationError for a record that could not be
    read back, such as one with a NaN in it.
    """
    data = msgspec.json.format(msgspec.json.encode(record), indent=1)
    msgspec.json.decode(data, type=Record)
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{record.name}.json"
    with replace_file(path, durable=True, mode=0o644) as file:
        file.write(data + b"\n")
    return path


def load(path: Path) -> Record:
    """Read a result file. Raises msgspec.ValidationError on a file of another shape."""
    return msgspec.json.decode(path.read_bytes(), type=Record)
