"""Hours of chaos, told again event by event to fresh machines, which answer as those did."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest

from supervisor.service.record import Document, RecordError, read
from supervisor.service.replay import Replay
from tests.chaos.run import lives
from tests.fixtures.virtual_chaos import VirtualChaos

HOUR_S = 3600.0
MOST_BYTES = 1_000_000
SUFFERED = {"WorkerLost", "Exited", "SegmentRefused", "StaleAnswer", "ClientLost", "Cancelled"}
SUFFERED |= {"Recovered", "JobPersisted", "AudioStored", "CutTurn", "Configured"}
"""Events that no run of chaos is without."""


def told_again(document: Document) -> tuple[Replay, Counter[str], float]:
    """The machines in the end, how often each event came, and how many seconds that took.

    After each event the replay checks the invariants.
    """
    replay, kinds, seconds = Replay(document), Counter[str](), 0.0
    for step in replay.steps():
        assert step.broken is None, step
        assert step.other is None, step
        assert step.skipped is None, step
        kinds[type(step.entry.event).__name__] += 1
        seconds = max(seconds, step.seconds)
    return replay, kinds, seconds


@pytest.mark.timeout(300)
def test_a_run_of_chaos_that_was_kept_is_told_again() -> None:
    """Every life of its supervisors: the same commands for each event, and no invariant broken."""
    assert lives.KEPT.stat().st_size < MOST_BYTES
    kinds, seconds, count = Counter[str](), 0.0, 0
    try:
        for life in lives.lives(lives.KEPT):
            _replay, of_life, lasted = told_again(life)
            kinds += of_life
            seconds += lasted
            count += 1
    except RecordError as error:
        pytest.fail(f"CHAOS_EVENTS={lives.KEPT} make chaos makes it anew: {error}")
    assert count > 10, "the supervisor was not killed often"
    assert seconds > 300
    assert kinds.total() > 10_000
    assert kinds.keys() >= SUFFERED


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", [1, 2])
def test_an_hour_of_chaos_under_a_virtual_clock_is_told_again(seed: int) -> None:
    """An hour of each machine, and in the end they are where the others were."""
    hour = VirtualChaos(seed)
    hour.run(HOUR_S)
    document = read(msgspec.json.encode(hour.ring.document()))
    replay, kinds, seconds = told_again(document)
    assert seconds > HOUR_S - 60
    assert replay.jobs.counts == hour.jobs.counts
    assert replay.jobs.preemption.segments == hour.jobs.preemption.segments > 0
    assert replay.jobs.shortened_segments == hour.jobs.shortened_segments > 0
    assert replay.pool.core_holders == hour.pool.core_holders
    assert replay.allocation.target == hour.allocation.target
    assert min(hour.jobs.counts[outcome] for outcome in ("done", "failed", "cancelled")) > 10
    assert kinds.keys() >= SUFFERED - {"Recovered"} | {"LeaseRefused", "NotStarted", "Recycle"}
