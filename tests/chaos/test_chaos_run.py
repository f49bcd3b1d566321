"""The chaos run, a short one. `make chaos` is the long one."""

from __future__ import annotations

import pytest

from tests.chaos.run import __main__ as program
from tests.chaos.run.weather import run

SECONDS = 20.0
SEED = 4


@pytest.mark.timeout(300)
def test_nothing_is_lost_doubled_mixed_or_left_behind() -> None:
    """Eight clients, faults of every kind in turn; the figures are shown when it fails."""
    figures = run(SECONDS, SEED, program.say)
    program.show(figures)
    assert not figures.breaches
    assert sum(figures.faults.values()) >= SECONDS / 4
    assert sum(n for outcome, n in figures.outcomes.items() if outcome.startswith("done")) > 0
