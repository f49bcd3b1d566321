"""Fair shares: whatever happened before, flows that have work are served alike."""

from __future__ import annotations

from itertools import accumulate, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supervisor.core.jobs import events as e
from supervisor.core.jobs.request import JobRequest
from supervisor.speech import Speech
from tests.fixtures.virtual_pool import VirtualPool, book

PAST = st.lists(
    st.tuples(st.sampled_from("abcd"), st.integers(1, 400), st.integers(1, 60), st.booleans()),
    max_size=6,
)
"""Books of any flow: segments, the seconds until the next, and whether it is then cancelled."""


@settings(max_examples=60, deadline=None)
@given(
    workers=st.integers(1, 9),
    past=PAST,
    mine=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    yours=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    shares=st.integers(1, 3),
)
def test_two_flows_with_work_are_served_alike(
    workers: int,
    past: list[tuple[str, int, int, bool]],
    mine: list[int],
    yours: list[int],
    shares: int,
) -> None:
    """Over any interval in which both have work waiting they differ by a segment of each, in
    seconds of work; with segments of one length that is no more than one for each worker.
    """
    pool = VirtualPool(workers)
    for flow, segments, seconds, cancelled in past:
        job = pool.submit(flow, book(mine, segments, "batch"))
        pool.run(pool.now + seconds)
        if cancelled:
            pool.tell(e.Cancelled(pool.now, job, "test"))
    for _ in range(shares):
        pool.submit("a", book(mine, 600, "batch"))
    pool.submit("b", book(yours, 600, "batch"))
    begun = len(pool.started)
    pool.run(pool.now + 400.0 / workers)
    both = [(flow, length) for _at, flow, length in pool.started[begun:] if flow in "ab"]
    ahead = list(accumulate((n if flow == "a" else -n for flow, n in both), initial=0))
    longest = max(mine) + max(*mine, *yours)  # Of b's own past segments, too.
    assert max(ahead) - min(ahead) <= longest
    if mine == yours and len(mine) == 1:
        assert (max(ahead) - min(ahead)) / mine[0] <= max(1, workers)


@pytest.mark.parametrize(("workers", "alone_s"), [(2, 60), (8, 600), (16, 3600)])
def test_idle_capacity_that_was_used_costs_nothing_later(workers: int, alone_s: int) -> None:
    """Who kept all workers busy while nobody else wanted them waits no longer than a segment, and
    gets half, when somebody comes.
    """
    pool = VirtualPool(workers)
    pool.submit("a", book([1], workers * alone_s * 2))
    pool.run(alone_s)
    begun = len(pool.started)
    pool.submit("b", book([1], workers * alone_s * 2))
    pool.run(alone_s + 100.0)
    since = pool.started[begun:]
    times = [alone_s, *(at for at, flow, _length in since if flow == "a"), alone_s + 100.0]
    longest = max(later - earlier for earlier, later in pairwise(times))
    assert longest <= 2.0
    share = sum(flow == "a" for _at, flow, _length in since) / len(since)
    assert share == pytest.approx(0.5, abs=0.02)


def test_deadlines_that_were_admitted_are_kept_by_whoever_worked_alone_before() -> None:
    """Under fair shares a flow gets its share at least: nothing from before is held against it."""
    pool = VirtualPool(8)
    pool.submit("a", book([1], 4_800))
    pool.run(600.0)
    pool.submit("b", book([1], 100_000))
    request = book([1], 40)
    with_deadline = JobRequest(
        speech=Speech(engine="e", voice="v"),
        sample_rate=24_000,
        segments=(),
        priority=5,
        deadline=pool.now + 60.0,
        rest=request.rest,
    )
    job = pool.submit("a", with_deadline)
    pool.run(700.0)
    found = pool.jobs.find(job)
    assert found is not None
    assert found.state == "done"
