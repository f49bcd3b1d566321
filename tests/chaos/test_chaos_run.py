"""The chaos run, a short one. `make chaos` is the long one."""

from __future__ import annotations

import pytest

from tests.chaos.run import __main__ as program
from tests.chaos.run.weather import run

SECONDS = 20.0
SEED = 4
KINDS = 29
"""Of faults: a new one is counted here, so that none is lost from the catalogue unnoticed."""


@pytest.mark.timeout(600)
def test_nothing_is_lost_doubled_mixed_or_left_behind() -> None:
    """Eight clients, and every kind of fault is suffered at least once, however long that takes on
    this machine; the figures are shown when it fails.
    """
    figures = run(SECONDS, SEED, program.say, every_kind=True)
    program.show(figures)
    assert not figures.breaches
    assert len(figures.faults) == KINDS
    assert sum(n for outcome, n in figures.outcomes.items() if outcome.startswith("done")) > 0
