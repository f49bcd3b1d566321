"""How much may wait: bounds per client and in all, what a refusal says, and ten times the load."""

from __future__ import annotations

import random
from heapq import heappop, heappush

import pytest

from supervisor.core import job_events as e
from supervisor.core.admission import DrainRate, Limits
from supervisor.core.jobs import Jobs
from supervisor.core.request import JobRequest

CHARS_PER_S = 100
"""How fast the workers of these tests speak."""


def request(chars: int, *, deadline: float | None = None, segments: int = 1) -> JobRequest:
    """A request of this many characters in equal segments."""
    text = "x" * (chars // segments)
    return JobRequest("e", "v", 1.0, 0, 24_000, (text,) * segments, 5, deadline)


def learned(limits: Limits) -> Jobs:
    """A machine that knows how fast its workers are, and has none yet."""
    jobs = Jobs(limits)
    jobs.costs.learn(request(100), 0, 100 / CHARS_PER_S)
    return jobs


def submit(jobs: Jobs, name: str, wanted: JobRequest, client: str = "me") -> e.Command:
    """Hand in a job; returns the answer."""
    submitted = e.Submitted(0.0, name, "o", client.encode(), wanted, 1 << 20, name, client)
    answer, *_ = jobs.handle(submitted)
    jobs.check()
    return answer


def refused(answer: e.Command) -> e.ReleaseRefusal:
    """The answer, which has to be `busy`."""
    assert isinstance(answer, e.ReleaseRefusal)
    assert answer.code == "busy"
    assert answer.retry_after_ms is not None
    return answer


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(jobs=2), "2 jobs are waiting"),
        (Limits(jobs_per_client=2), "of this client are in flight"),
        (Limits(work_s=8.0), "10 s of work are waiting"),
        (Limits(work_s_per_client=8.0), "10 s of work of this client"),
        (Limits(bytes=1_200), "bytes of text are waiting"),
        (Limits(bytes_per_client=1_200), "bytes of text of this client"),
    ],
)
def test_each_bound_refuses_what_goes_beyond_it(limits: Limits, words: str) -> None:
    """Two jobs of five seconds and 500 bytes fit, the third does not, and is told why."""
    jobs = learned(limits)
    for name in ("a", "b"):
        assert isinstance(submit(jobs, name, request(500)), e.ReleaseAccepted)
    assert words in refused(submit(jobs, "c", request(500))).message
    jobs.handle(e.Cancelled(1.0, "a", "makes room"))
    assert isinstance(submit(jobs, "d", request(500)), e.ReleaseAccepted)


def test_a_book_is_admitted_and_leaves_room_for_sentences() -> None:
    """Longer than every bound on work, it fills its client's share and nobody else's."""
    jobs = learned(Limits(work_s=100.0, work_s_per_client=50.0))
    assert isinstance(submit(jobs, "book", request(100_000, segments=100)), e.ReleaseAccepted)
    refused(submit(jobs, "more", request(100)))
    for number in range(5):
        answer = submit(jobs, f"s{number}", request(100), client=f"c{number}")
        assert isinstance(answer, e.ReleaseAccepted)


def test_a_deadline_that_cannot_be_met_is_refused_at_once() -> None:
    """Behind ten seconds of its own work nothing is done in five; in twenty it is."""
    jobs = learned(Limits())
    jobs.handle(e.WorkerReady(0.0, 1))
    submit(jobs, "first", request(1_000))
    assert "after its deadline" in refused(submit(jobs, "a", request(100, deadline=5.0))).message
    assert isinstance(submit(jobs, "b", request(100, deadline=20.0)), e.ReleaseAccepted)
    other = submit(jobs, "c", request(100, deadline=5.0), client="other")
    assert isinstance(other, e.ReleaseAccepted), "a fair share is two seconds' wait"
    late = submit(jobs, "d", request(100, deadline=-1.0))
    assert isinstance(late, e.ReleaseRefusal)
    assert late.code == "expired"


def test_the_drain_rate_is_that_of_loaded_seconds() -> None:
    """Idle time says nothing about how fast the pool is; before any measure it is the workers'."""
    drain = DrainRate()
    assert drain.rate(3) == 3.0
    for second in range(20):
        drain.done(second / 2, 1.0, waiting=True)
    assert drain.rate(3) == pytest.approx(2.0, rel=0.05)
    drain.done(10.0, 1.0, waiting=False)
    drain.done(500.0, 1.0, waiting=True)
    assert drain.rate(3) == pytest.approx(2.0, rel=0.1)


def test_ten_times_the_load_keeps_the_queue_short_and_every_deadline() -> None:
    """60 s of ten times what four workers can do: what is accepted is done in time."""
    jobs = learned(Limits(work_s=60.0, work_s_per_client=20.0))
    for worker in range(4):
        jobs.handle(e.WorkerReady(0.0, worker))
    chance, now, count, most = random.Random(8), 0.0, 0, 0
    busy: list[tuple[float, int, e.RunSegment]] = []
    answers = {"accepted": 0, "busy": 0}

    def carry_out(commands: list[e.Command], at: float) -> None:
        for command in commands:
            if isinstance(command, e.RunSegment):
                seconds = len(command.request.segments[command.segment]) / CHARS_PER_S
                heappush(busy, (at + seconds * chance.uniform(0.8, 1.2), command.worker, command))

    while now < 60.0 or busy:
        if busy and (now >= 60.0 or busy[0][0] <= now + 0.01):
            now, worker, run = heappop(busy)
            took = len(run.request.segments[run.segment]) / CHARS_PER_S
            done = (now, worker, run.job, run.segment, run.attempt, (b"pcm!",), took)
            carry_out(jobs.handle(e.SegmentSpoken(*done)), now)
            continue
        now += 0.025  # one second of work comes in: 40 a second, for 4 workers
        count += 1
        client = f"c{chance.randrange(8)}"
        wanted = request(100, deadline=now + 10.0)
        event = e.Submitted(now, f"j{count}", "o", client.encode(), wanted, 1 << 20, "r", client)
        commands = jobs.handle(event)
        answers["accepted" if isinstance(commands[0], e.ReleaseAccepted) else "busy"] += 1
        carry_out(commands, now)
        carry_out(jobs.handle(e.Tick(now)), now)
        most = max(most, len(jobs.jobs))
    assert jobs.counts["done"] == answers["accepted"] > 200
    assert jobs.counts["expired"] == 0
    assert answers["busy"] > 1_800
    assert most < 100
