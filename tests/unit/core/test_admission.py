"""How much may wait: bounds per client and in all, what a refusal says, and ten times the load."""

from __future__ import annotations

import random
from heapq import heappop, heappush

import pytest
from msgspec import structs

from supervisor.core.jobs import events as e
from supervisor.core.jobs.admission import DrainRate
from supervisor.core.jobs.limits import Limits
from supervisor.core.jobs.machine import Jobs
from supervisor.core.jobs.parts import sentences
from supervisor.core.jobs.request import JobRequest
from supervisor.speech import Speech
from tests.fixtures.defaults import fresh_jobs, limits_with

CHARS_PER_S = 100
"""How fast the workers of these tests speak."""


def request(chars: int, *, deadline: float | None = None, segments: int = 1) -> JobRequest:
    """A request of this many characters in equal segments."""
    text = "x" * (chars // segments)
    return JobRequest(
        speech=Speech(engine="e", voice="v"),
        sample_rate=24_000,
        segments=sentences(text) * segments,
        priority=5,
        deadline=deadline,
    )


def learned(limits: Limits) -> Jobs:
    """A machine that knows how fast its workers are, and has none yet."""
    jobs = fresh_jobs(limits)
    jobs.costs.learn(request(100), 100, 100 / CHARS_PER_S)
    return jobs


def submit(jobs: Jobs, name: str, wanted: JobRequest, client: str = "me") -> e.Command:
    """Hand in a job; returns the answer."""
    submitted = e.Submitted(
        now=0.0,
        job=name,
        owner="o",
        client=client.encode(),
        request=wanted,
        credit=1 << 20,
        reference=name,
        flow=client,
    )
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
        (limits_with(jobs=2), "2 jobs are waiting"),
        (limits_with(jobs_per_client=2), "of this client are in flight"),
        (limits_with(work_s=8.0), "10 s of work are waiting"),
        (limits_with(work_s_per_client=8.0), "10 s of work of this client"),
        (limits_with(bytes=1_200), "bytes of text are waiting"),
        (limits_with(bytes_per_client=1_200), "bytes of text of this client"),
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
    """Longer than every bound on work, it fills half of its client's share: its own client's
    sentences have the other half, until a second book fills that, too. Others do not care.
    """
    jobs = learned(limits_with(work_s=100.0, work_s_per_client=50.0))
    assert isinstance(submit(jobs, "book", request(100_000, segments=100)), e.ReleaseAccepted)
    assert isinstance(submit(jobs, "sentence", request(100)), e.ReleaseAccepted)
    assert isinstance(submit(jobs, "other", request(100_000, segments=100)), e.ReleaseAccepted)
    waits = refused(submit(jobs, "more", request(100))).retry_after_ms
    assert waits is not None
    assert 1_900_000 < waits < 2_100_000, "2,001 s of work wait, and one worker does a second each"
    for number in range(5):
        answer = submit(jobs, f"s{number}", request(100), client=f"c{number}")
        assert isinstance(answer, e.ReleaseAccepted)


def test_a_deadline_that_cannot_be_met_is_refused_at_once() -> None:
    """Behind ten seconds of its own work nothing is done in five; in twenty it is."""
    jobs = learned(limits_with())
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
    jobs = learned(limits_with(work_s=60.0, work_s_per_client=20.0))
    for worker in range(4):
        jobs.handle(e.WorkerReady(0.0, worker))
    chance, now, count, most = random.Random(8), 0.0, 0, 0
    busy: list[tuple[float, int, e.RunSegment]] = []
    answers = {"accepted": 0, "busy": 0}

    def carry_out(commands: list[e.Command], at: float) -> None:
        for command in commands:
            if isinstance(command, e.RunSegment):
                seconds = len(command.part.text) / CHARS_PER_S
                heappush(busy, (at + seconds * chance.uniform(0.8, 1.2), command.worker, command))

    while now < 60.0 or busy:
        if busy and (now >= 60.0 or busy[0][0] <= now + 0.01):
            now, worker, run = heappop(busy)
            took = len(run.part.text) / CHARS_PER_S
            carry_out(
                jobs.handle(
                    e.SegmentSpoken(
                        now=now,
                        worker=worker,
                        job=run.job,
                        segment=run.segment,
                        attempt=run.attempt,
                        pieces=(b"pcm!",),
                        synthesis_s=took,
                    )
                ),
                now,
            )
            continue
        now += 0.025  # one second of work comes in: 40 a second, for 4 workers
        count += 1
        client = f"c{chance.randrange(8)}"
        wanted = request(100, deadline=now + 10.0)
        event = e.Submitted(
            now=now,
            job=f"j{count}",
            owner="o",
            client=client.encode(),
            request=wanted,
            credit=1 << 20,
            reference="r",
            flow=client,
        )
        commands = jobs.handle(event)
        answers["accepted" if isinstance(commands[0], e.ReleaseAccepted) else "busy"] += 1
        carry_out(commands, now)
        carry_out(jobs.handle(e.Tick(now)), now)
        most = max(most, len(jobs.jobs))
    assert jobs.counts["done"] == answers["accepted"] > 200
    assert jobs.counts["expired"] == 0
    assert answers["busy"] > 1_800
    assert most < 100


def test_little_is_let_in_however_many_books_wait() -> None:
    """Six books of six clients are more than all may have waiting: the seventh waits, and is told
    for how long; a sentence of a client who has nothing waiting does not.
    """
    jobs = learned(limits_with(work_s=3_600.0, work_s_per_client=900.0))
    books = 0
    while isinstance(
        answer := submit(jobs, f"book{books}", request(500_000, segments=500), f"reader{books}"),
        e.ReleaseAccepted,
    ):
        books += 1
    assert books == 8, "each counts with half of what a client may have"
    waits = refused(answer).retry_after_ms
    assert waits is not None
    assert waits > 30_000_000, "hours, as it is"
    for number in range(20):
        sentence = submit(jobs, f"s{number}", request(500), client=f"caller{number}")
        assert isinstance(sentence, e.ReleaseAccepted)
    refused(submit(jobs, "more", request(5_000), client="caller1"))


def test_a_prediction_follows_what_is_learned() -> None:
    """A text for an engine that nobody has heard is charged by a guess; its first segment tells
    better, and all jobs of that engine are charged anew.
    """
    jobs = fresh_jobs(limits_with())
    jobs.handle(e.WorkerReady(0.0, 1))
    commands = jobs.handle(
        e.Submitted(
            now=0.0,
            job="a",
            owner="o",
            client=b"a",
            request=request(200_000, segments=1_000),
            credit=1 << 30,
            reference="a",
            flow="a",
        )
    )
    submit(jobs, "b", request(100_000, segments=500), client="b")
    assert jobs.admission.work_s == pytest.approx(3_000.0)
    run = next(command for command in commands if isinstance(command, e.RunSegment))
    jobs.handle(
        e.SegmentSpoken(
            now=1.0,
            worker=1,
            job="a",
            segment=0,
            attempt=run.attempt,
            pieces=(b"pcm!",),
            synthesis_s=0.09,
        )
    )
    jobs.check()
    assert jobs.admission.work_s == pytest.approx(299_800 * 0.00045)


def test_what_an_engine_says_of_itself_is_believed_until_it_speaks() -> None:
    """200 kB for an engine that declares 0.45 ms a character are 90 s and not half an hour."""
    jobs = fresh_jobs(limits_with())
    jobs.costs.expect({}, {"e": 0.00045})
    submit(jobs, "a", request(200_000, segments=1_000))
    assert jobs.admission.work_s == pytest.approx(90.0)


def test_while_memory_is_nearly_used_up_only_what_is_interactive_is_taken() -> None:
    """Not a long text, an open or a durable one, which stay in memory, nor one that may wait;
    afterwards all are.
    """
    jobs = learned(limits_with())
    jobs.handle(e.MemoryCritical(0.0, critical=True))
    assert not isinstance(submit(jobs, "sentence", request(50)), e.ReleaseRefusal)
    urgent = structs.replace(request(100, segments=2), request_class="interactive")
    assert not isinstance(submit(jobs, "urgent", urgent), e.ReleaseRefusal)
    long = request(100, segments=2)
    others = ({"durable": True}, {"open": True}, {"request_class": "batch"})
    for number, wanted in enumerate([long, *(structs.replace(urgent, **each) for each in others)]):
        answer = refused(submit(jobs, str(number), wanted))
        assert answer.message.startswith("memory is nearly used up")
        assert answer.retry_after_ms == 30_000
    jobs.handle(e.MemoryCritical(1.0, critical=False))
    assert not isinstance(submit(jobs, "long", long), e.ReleaseRefusal)
