"""The figures of a chaos run as a record of `benchmarks`, so that a claim has its evidence."""

from __future__ import annotations

from pathlib import Path

import msgspec

from benchmarks import tables
from benchmarks.environment import load_average
from benchmarks.harness import Environment, Record, Result, Sample, at_least, at_most, save
from tests.chaos.run.weather import LONG_S, MANY_FAULTS, Figures

NAME = "chaos"


def result(figures: Figures) -> Result:
    """Claims first; what was thrown and what became of the jobs are single samples."""
    target = MANY_FAULTS * min(1.0, figures.seconds / LONG_S)
    minutes = f"{figures.seconds / 60:.3g}-minute chaos run"
    how = (
        f"eight clients, CHAOS_SEED={figures.seed}; a fault counts when it was suffered, and every "
        f"kind comes before any comes again"
    )
    faults = sum(figures.faults.values())
    restarts: list[Sample] = [{"ready_again_s": seconds} for seconds in figures.restarts_s]
    return Result(
        title="Nothing is lost in a storm",
        arms={
            "faults suffered": [{kind: float(n) for kind, n in figures.faults.items()}],
            "jobs": [{outcome: float(n) for outcome, n in figures.outcomes.items()}],
            "supervisor killed": restarts,
            "all processes": [
                {"before_mb": figures.memory_before_mb, "after_mb": figures.memory_after_mb}
            ],
        },
        claims=[
            at_least(f"faults survived in a {minutes}", faults, target, "faults", how),
            at_most(
                f"jobs lost, doubled or mixed, and anything left behind, in a {minutes}",
                len(figures.breaches),
                0,
                "breaches",
                how,
            ),
        ],
        notes=[f"breach: {breach}" for breach in figures.breaches],
    )


def write(figures: Figures, environment: Environment) -> Path:
    """Keep the raw figures beside those of the benchmarks, and write the tables anew."""
    after = msgspec.structs.replace(environment, load_after=load_average())
    path = save(Record(NAME, after, result(figures)))
    tables.write()
    return path
