"""Other programs take the pool's cores: it grows all the same, never shrinks, and says why."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from supervisor.wire import client as protocol
from tests.fixtures.tuned import SECTION, Tuned
from tests.supervised import eventually

CPUS = sorted(os.sched_getaffinity(0))[:2]
BURN = "import os, sys\nos.sched_setaffinity(0, {int(sys.argv[1])})\nwhile True: pass"
BOOK = "The quick brown fox jumps over the lazy dog. " * 13_000

UNMEASURED = {"first_sample", "monitor_failed"}
"""Decisions before there is a worker to measure."""

pytestmark = pytest.mark.skipif(len(CPUS) < 2, reason="two CPUs are needed to grow")


@pytest.fixture
def strangers() -> Iterator[None]:
    """Three busy loops on each core."""
    burning = [
        subprocess.Popen([sys.executable, "-c", BURN, str(cpu)]) for cpu in CPUS for _ in range(3)
    ]
    yield
    for process in burning:
        process.kill()
        process.wait()


def decisions(tuned: Tuned) -> list[dict[str, Any]]:
    """The last decisions that saw a segment wait."""
    found: list[dict[str, Any]] = tuned.allocation()["allocation_stats"]["decisions"]
    return [each for each in found if each["inputs"] and each["inputs"]["waiting"] > 0]


def starved(tuned: Tuned) -> list[dict[str, Any]]:
    """Those that name the strangers."""
    return [each for each in decisions(tuned) if each["kind"] == "starved_by_others"]


@pytest.mark.usefixtures("strangers")
def test_a_book_gets_its_second_core_though_strangers_take_most_of_the_first() -> None:
    """With the default policy: two cores, none given back while segments wait, and the reason."""
    with Tuned({f"{SECTION}.max_cores": 2}) as tuned:
        tuned.workers(1)
        with tuned.wire() as peer:
            peer.send(protocol.Submit("1", credit=1 << 40), BOOK.encode())
            eventually(lambda: len(tuned.workers(2)) == 2, "a second worker", 60.0)
            eventually(lambda: len(starved(tuned)) >= 5, "decisions that name the strangers", 60.0)
            seen = decisions(tuned)
            document = tuned.allocation()
            assert all(each["after"] >= each["before"] for each in seen), seen
            assert document["allocation_stats"]["starved_by_others_percent"] >= 20
            assert document["allocation_stats"]["decision_counts"]["starved_by_others"] >= 5


@pytest.mark.usefixtures("strangers")
def test_strangers_alone_move_nothing() -> None:
    """An idle pool beside them stays what it is, sample after sample."""
    with Tuned({f"{SECTION}.max_cores": 2, f"{SECTION}.monitoring_interval": 0.2}) as tuned:
        tuned.workers(1)

        def measured() -> int:
            counts: dict[str, int] = tuned.allocation()["allocation_stats"]["decision_counts"]
            return sum(each for kind, each in counts.items() if kind not in UNMEASURED)

        eventually(lambda: measured() >= 30, "thirty samples of a worker", 60.0)
        stats = tuned.allocation()["allocation_stats"]
        assert stats["reallocations"] == 0
        assert max(stats["utilization_history"]) < 45, stats["utilization_history"]
