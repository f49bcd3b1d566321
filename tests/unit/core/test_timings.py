"""What is remembered of how long jobs take: the right bucket, and nothing that grows."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.core.jobs import events as e
from supervisor.core.jobs.machine import Jobs
from supervisor.core.jobs.parts import sentences
from supervisor.core.jobs.request import JobRequest
from supervisor.core.jobs.timings import FACTORS, SECONDS, Histogram
from supervisor.speech import Speech
from tests.fixtures.defaults import fresh_jobs


@given(st.lists(st.floats(0, 1000)))
def test_buckets_count_what_is_up_to_their_bound(values: list[float]) -> None:
    """As Prometheus defines them: cumulative, bounds included, the rest in the count."""
    histogram = Histogram(SECONDS)
    for value in values:
        histogram.observe(value)
    document = histogram.document()
    for bound in SECONDS:
        assert document["buckets"][str(bound)] == sum(value <= bound for value in values)
    assert document["count"] == len(values)
    assert document["sum"] == pytest.approx(sum(values))


def test_a_histogram_does_not_grow() -> None:
    """Many observations take the room of none, but for the size of a number."""
    histogram = Histogram(FACTORS)
    tracemalloc.start()
    try:
        for value in range(10_000):
            histogram.observe(value / 1000)
        grown, _peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert grown < 4096


def submitted(now: float, job: str, segments: int, credit: int = 1 << 20) -> e.Submitted:
    """A request in this many segments."""
    request = JobRequest(
        speech=Speech(engine="noop", voice="tone", seed=1),
        sample_rate=24_000,
        segments=sentences("Yes.") * segments,
    )
    return e.Submitted(
        now=now, job=job, owner="owner", client=b"client", request=request, credit=credit
    )


def spoken(now: float, job: str, segment: int, pcm: bytes, synthesis_s: float) -> e.SegmentSpoken:
    """The first attempt at a segment, by worker 1."""
    return e.SegmentSpoken(
        now=now,
        worker=1,
        job=job,
        segment=segment,
        attempt=1,
        pieces=(pcm,) if pcm else (),
        synthesis_s=synthesis_s,
    )


def sums(jobs: Jobs) -> dict[str, tuple[float, int]]:
    """Sum and count of each histogram."""
    found = jobs.timings.document()
    return {name: (round(each["sum"], 6), each["count"]) for name, each in found.items()}


def test_a_job_s_wait_and_first_audio_are_counted_once() -> None:
    """From acceptance to the first worker, and to the first audio; each segment's own factor."""
    jobs = fresh_jobs()
    jobs.handle(submitted(10.0, "a", 2))
    assert sums(jobs)["wait_s"] == (0.0, 0)
    jobs.handle(e.WorkerReady(12.0, 1))
    assert sums(jobs)["wait_s"] == (2.0, 1)
    second = bytes(4 * 24_000)
    jobs.handle(spoken(13.0, "a", 0, second, 0.25))
    jobs.handle(spoken(14.0, "a", 1, 2 * second, 0.5))
    assert jobs.counts["done"] == 1
    assert sums(jobs) == {
        "wait_s": (2.0, 1),
        "first_audio_s": (3.0, 1),
        "real_time_factor": (0.5, 2),
    }


def test_a_segment_without_audio_has_no_factor() -> None:
    """The first audio is that of the segment that has some."""
    jobs = fresh_jobs()
    jobs.handle(e.WorkerReady(0.0, 1))
    jobs.handle(submitted(1.0, "a", 2))
    jobs.handle(spoken(2.0, "a", 0, b"", 0.1))
    jobs.handle(spoken(4.0, "a", 1, bytes(4 * 2400), 0.1))
    assert sums(jobs) == {
        "wait_s": (0.0, 1),
        "first_audio_s": (3.0, 1),
        "real_time_factor": (1.0, 1),
    }


def test_a_retry_is_no_second_wait() -> None:
    """A job waits for its first worker once, however many it loses."""
    jobs = fresh_jobs()
    jobs.handle(e.WorkerReady(0.0, 1))
    jobs.handle(submitted(1.0, "a", 1))
    jobs.handle(e.WorkerLost(2.0, 1, "signal SIGKILL"))
    jobs.handle(e.WorkerReady(3.0, 2))
    assert sums(jobs)["wait_s"] == (0.0, 1)
