"""`make chaos`: CHAOS_S seconds of faults (600 by default), thrown by the dice of CHAOS_SEED.

Prints the figures; the exit code is 1 if anything that was promised was broken. With CHAOS_RECORD=1
the figures are kept in benchmarks/results and written into docs/PERFORMANCE.md. With CHAOS_EVENTS
the events of the supervisor's machines go into that file (`lives`).
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.environment import environment
from tests.chaos.run import lives, record
from tests.chaos.run.weather import Figures, run


def main() -> int:
    """Run, print, judge."""
    seconds = float(os.environ.get("CHAOS_S") or 600)
    seed = int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(1_000_000))
    say(f"chaos for {seconds:g} s, CHAOS_SEED={seed}")
    began, here = time.monotonic(), environment()
    kept = os.environ.get("CHAOS_EVENTS")
    with tempfile.TemporaryDirectory(prefix="sv-events-") as events:
        figures = run(seconds, seed, say, events=Path(events) if kept else None)
        if kept:
            lives.pack(Path(events), Path(kept))
    show(figures)
    say(f"{time.monotonic() - began:.0f} s in all")
    if os.environ.get("CHAOS_RECORD") == "1":
        say(f"kept in {record.write(figures, here)}")
    return 1 if figures.breaches else 0


def show(figures: Figures) -> None:
    """The figures as a table."""
    say(f"\nfaults: {sum(figures.faults.values())}")
    for kind, count in figures.faults.items():
        say(f"  {count:6}  {kind}")
    say("jobs:")
    for outcome, count in figures.outcomes.items():
        say(f"  {count:6}  {outcome}")
    if times := sorted(figures.restarts_s):
        say(
            f"supervisor killed, ready again: p50 {times[len(times) // 2]:.2f} s, "
            f"longest {times[-1]:.2f} s"
        )
    say(f"memory: {figures.memory_before_mb:.0f} MB before, {figures.memory_after_mb:.0f} MB after")
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
