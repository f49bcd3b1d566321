"""Fair shares: whatever happened before, flows that have work are served alike."""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import accumulate, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supervisor.core import job_events as e
from supervisor.core.admission import Limits
from supervisor.core.jobs import Jobs
from supervisor.core.request import JobRequest
from supervisor.core.segmentation import Uncut

PLENTY = Limits(work_s=1e9, work_s_per_client=1e9, bytes=1 << 40, bytes_per_client=1 << 40)


def book(lengths: list[int], segments: int) -> JobRequest:
    """A text of so many segments, whose lengths in characters are these in turn."""
    texts = ["x" * lengths[number % len(lengths)] for number in range(segments)]
    rest = Uncut("\n".join(texts))
    return JobRequest("e", "v", 1.0, 0, 24_000, (), rest=rest)


class Pool:
    """Workers that take a second for a character, under a virtual clock."""

    def __init__(self, workers: int) -> None:
        self.now = 0.0
        self.jobs = Jobs(PLENTY)
        self.started: list[tuple[float, str, int]] = []
        """When each segment ran, of which flow, and its characters."""
        self._busy: list[tuple[float, int, e.RunSegment]] = []
        self._flows: dict[str, str] = {}
        self.jobs.costs.learn(book([1], 1), 1, 1.0)
        for worker in range(workers):
            self.tell(e.WorkerReady(0.0, worker))

    def submit(self, flow: str, request: JobRequest) -> str:
        """Hand in a job; returns its name."""
        job = f"{flow}{len(self._flows)}"
        self._flows[job] = flow
        client = flow.encode()
        self.tell(e.Submitted(self.now, job, "o", client, request, 1 << 40, job, flow))
        return job

    def tell(self, event: e.Event) -> None:
        """Carry out what the machine answers."""
        for command in self.jobs.handle(event):
            match command:
                case e.RunSegment(worker=worker, job=job, text=text):
                    self.started.append((self.now, self._flows[job], len(text)))
                    heappush(self._busy, (self.now + len(text), worker, command))
                case e.CutText(job=job):
                    self.tell(e.CutTurn(self.now, job))

    def run(self, until: float) -> None:
        """Let the workers work until then, or until there is nothing left."""
        while self._busy and self._busy[0][0] <= until:
            self.now, worker, run = heappop(self._busy)
            name = run.job, run.segment, run.attempt
            self.tell(e.SegmentSpoken(self.now, worker, *name, (b"pcm!",), float(len(run.text))))
        self.now = until


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
    pool = Pool(workers)
    for flow, segments, seconds, cancelled in past:
        job = pool.submit(flow, book(mine, segments))
        pool.run(pool.now + seconds)
        if cancelled:
            pool.tell(e.Cancelled(pool.now, job, "test"))
    for _ in range(shares):
        pool.submit("a", book(mine, 600))
    pool.submit("b", book(yours, 600))
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
    pool = Pool(workers)
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


@given(share=st.sampled_from([0.25, 0.5, 2.0, 4.0]))
def test_a_share_is_how_often_a_flow_is_served(share: float) -> None:
    """Twice the share is twice the work, beside somebody with the usual one."""
    pool = Pool(3)
    name = pool.submit("a", book([1], 5_000))
    found = pool.jobs.find(name)
    assert found is not None
    found.share = share
    pool.submit("b", book([1], 5_000))
    pool.run(1_000.0)
    served = [flow for _at, flow, _length in pool.started]
    assert served.count("a") / served.count("b") == pytest.approx(share, rel=0.02)


def test_deadlines_that_were_admitted_are_kept_by_whoever_worked_alone_before() -> None:
    """Under fair shares a flow gets its share at least: nothing from before is held against it."""
    pool = Pool(8)
    pool.submit("a", book([1], 4_800))
    pool.run(600.0)
    pool.submit("b", book([1], 100_000))
    request = book([1], 40)
    with_deadline = JobRequest("e", "v", 1.0, 0, 24_000, (), 5, pool.now + 60.0, rest=request.rest)
    job = pool.submit("a", with_deadline)
    pool.run(700.0)
    found = pool.jobs.find(job)
    assert found is not None
    assert found.state == "done"
