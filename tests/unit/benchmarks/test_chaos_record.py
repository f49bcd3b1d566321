"""What a chaos run leaves for the performance page, and what it counts."""

from __future__ import annotations

import random
from pathlib import Path
from unittest.mock import MagicMock

import msgspec

from benchmarks import tables
from benchmarks.environment import environment
from benchmarks.harness import Record
from tests.chaos.run.faults import MISHAPS, SUPERVISOR_KILLED, Faults
from tests.chaos.run.record import NAME, result
from tests.chaos.run.weather import Figures

LONG = Figures(
    seed=7,
    seconds=600.0,
    faults={"worker: killed": 200, "clock: jumped": 101},
    outcomes={"done, plain": 500},
    restarts_s=[],
    memory_before_mb=100.0,
    memory_after_mb=104.0,
    breaches=[],
)


def test_a_long_run_makes_the_claims_of_the_page() -> None:
    """Faults by kind, jobs by outcome, and both claims beside their targets."""
    record = Record(NAME, environment(), result(LONG))
    assert all(claim.met for claim in record.result.claims)
    page = tables.result_page(record)
    assert "| faults survived in a 10-minute chaos run | at least 300 faults | 301 faults |" in page
    assert "| faults suffered | clock: jumped | 1 | 101 |" in page
    assert "CHAOS_SEED=7" in page


def test_too_few_faults_and_any_breach_miss_their_targets() -> None:
    """And the breach is told in words."""
    bad = msgspec.structs.replace(LONG, faults={"worker: killed": 9}, breaches=["c1: mixed"])
    found = result(bad)
    assert not any(claim.met for claim in found.claims)
    assert found.notes == ["breach: c1: mixed"]


def test_a_fault_counts_when_it_was_suffered(tmp_path: Path) -> None:
    """Nobody to kill is no fault, and an order to misbehave is one when a worker has met it."""
    stormy = MagicMock(stage=tmp_path, pid=0)
    stormy.worker_pids.return_value = []
    faults = Faults(stormy, MagicMock(), MagicMock(), random.Random(1))
    assert not faults.throw("worker: killed")
    mishap = f"worker: {MISHAPS[0]}"
    for _ in range(2):
        assert faults.throw(mishap)
    assert not faults.counts.total()
    (tmp_path / MISHAPS[0]).unlink()
    assert mishap not in faults.missing
    assert faults.counts == {mishap: 1, "worker: killed": 0}


def test_every_kind_has_its_turn_and_the_supervisor_dies_early() -> None:
    """What is looked at in the end is to have lived through much."""
    for seed in range(50):
        faults = Faults(MagicMock(), MagicMock(), MagicMock(), random.Random(seed))
        order = faults.order()
        assert set(order) == faults.names
        assert order.index(SUPERVISOR_KILLED) >= 2 * (len(order) - 1) // 3
