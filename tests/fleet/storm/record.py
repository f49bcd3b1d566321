"""The figures of a storm as a record of `benchmarks`, so that a claim has its evidence."""

from __future__ import annotations

from pathlib import Path

import msgspec

from benchmarks import tables
from benchmarks.environment import load_average
from benchmarks.harness import Environment, Record, Result, at_least, at_most, save
from tests.fleet.storm.run import LONG_S, MANY_FAULTS, Figures

NAME = "chaos_fleet"


def result(figures: Figures) -> Result:
    """Claims first; what was thrown and what became of the jobs are single samples."""
    target = MANY_FAULTS * min(1.0, figures.seconds / LONG_S)
    storm = f"a {figures.seconds / 60:.3g}-minute storm over a fleet"
    how = f"three hosts, a cluster of three servers, CHAOS_SEED={figures.seed}"
    faults = sum(figures.faults.values())
    return Result(
        title="A fleet loses nothing in a storm",
        arms={
            "faults suffered": [{kind: float(n) for kind, n in figures.faults.items()}],
            "jobs": [{kind: float(n) for kind, n in figures.outcomes.items()}],
            "spoken by": [{host: float(n) for host, n in figures.hosts.items()}],
            "outcomes": [{"longest_gap_s": figures.gap_s}],
        },
        claims=[
            at_least(f"faults survived in {storm}", faults, target, "faults", how),
            at_most(
                f"jobs lost, doubled or with other samples, and anything left behind, in {storm}",
                len(figures.breaches),
                0,
                "breaches",
                how,
            ),
        ],
        notes=[
            *([figures.left_out] if figures.left_out else []),
            *(f"breach: {breach}" for breach in figures.breaches),
        ],
    )


def write(figures: Figures, environment: Environment) -> Path:
    """Keep the raw figures beside those of the benchmarks, and write the tables anew."""
    after = msgspec.structs.replace(environment, load_after=load_average())
    path = save(Record(NAME, after, result(figures)))
    tables.write()
    return path
