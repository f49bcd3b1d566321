"""`make chaos-fleet`: CHAOS_S seconds of faults over a fleet (600 by default), by CHAOS_SEED.

Prints a table; the exit code is 1 if anything that was promised was broken. With CHAOS_RECORD=1 the
figures are kept in benchmarks/results and its claims written into docs/PERFORMANCE.md.
"""

from __future__ import annotations

import os
import random
import sys
import time

from benchmarks.environment import environment
from tests.fleet.storm import record
from tests.fleet.storm.run import Figures, storm


def main() -> int:
    """Run, print, judge."""
    seconds = float(os.environ.get("CHAOS_S") or 600)
    seed = int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(1_000_000))
    say(f"a storm over a fleet for {seconds:g} s, CHAOS_SEED={seed}")
    began, here = time.monotonic(), environment()
    figures = storm(seconds, seed, say)
    show(figures)
    say(f"{time.monotonic() - began:.0f} s in all")
    if os.environ.get("CHAOS_RECORD") == "1":
        say(f"kept in {record.write(figures, here)}")
    return 1 if figures.breaches else 0


def show(figures: Figures) -> None:
    """The figures as a table."""
    say(f"\nfaults: {sum(figures.faults.values())}")
    for kind, count in sorted(figures.faults.items()):
        say(f"  {count:6}  {kind}")
    if figures.left_out:
        say(f"          {figures.left_out}")
    say(f"jobs: {figures.jobs}")
    for outcome, count in figures.outcomes.items():
        say(f"  {count:6}  {outcome}")
    for host, count in figures.hosts.items():
        say(f"  {count:6}  by {host}")
    say(f"longest time without an outcome: {figures.gap_s:g} s")
    say(f"breaches: {len(figures.breaches)}")
    for breach in figures.breaches:
        say(f"  {breach}")
    say(f"seed: {figures.seed}")


def say(line: str) -> None:
    """One line on stdout, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
