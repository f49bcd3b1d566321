"""The job machine, story by story."""

from __future__ import annotations

import pytest

from supervisor.core.jobs import events as e
from supervisor.core.jobs.backpressure import HELD_BYTES_MAX
from supervisor.core.jobs.job import OUTCOMES, TRANSITIONS, Job
from supervisor.core.jobs.limits import Keep
from supervisor.core.jobs.machine import POISON_KILLS, Jobs
from supervisor.core.jobs.parts import sentences
from supervisor.core.jobs.request import JobRequest
from supervisor.speech import Speech
from tests.fixtures.defaults import fresh_jobs


def request(
    *texts: str, priority: int = 5, deadline: float | None = None, progress: bool = False
) -> JobRequest:
    """A request of engine e, voice v, with these segments."""
    return JobRequest(
        speech=Speech(engine="e", voice="v"),
        sample_rate=24_000,
        segments=sentences(*texts),
        priority=priority,
        deadline=deadline,
        progress=progress,
    )


def submit(
    jobs: Jobs,
    name: str,
    wanted: JobRequest,
    *,
    now: float = 0.0,
    owner: str = "me",
    credit: int = 1 << 20,
) -> list[e.Command]:
    """Hand in a job; returns what follows its ACCEPTED."""
    commands = jobs.handle(
        e.Submitted(
            now=now,
            job=name,
            owner=owner,
            client=owner.encode(),
            request=wanted,
            credit=credit,
            reference="r",
        )
    )
    assert isinstance(commands[0], e.ReleaseAccepted)
    return commands[1:]


def spoken(
    run: e.Command, audio: bytes = b"pcm!", now: float = 1.0, synthesis_s: float = 0.1
) -> e.SegmentSpoken:
    """The answer of the worker that got `run`."""
    assert isinstance(run, e.RunSegment)
    return e.SegmentSpoken(
        now=now,
        worker=run.worker,
        job=run.job,
        segment=run.segment,
        attempt=run.attempt,
        pieces=(audio,),
        synthesis_s=synthesis_s,
    )


def test_every_state_is_reachable_and_outcomes_have_no_way_out() -> None:
    """The table is closed: each target is a state, each outcome an end."""
    reached = {"queued"} | {state for ways in TRANSITIONS.values() for state in ways}
    assert reached == set(TRANSITIONS)
    assert {"done", "failed", "cancelled", "expired", "quarantined"} == OUTCOMES
    job = Job("j", request("a"), owner="me", flow="me", now=0.0)
    with pytest.raises(ValueError, match="no way from queued to done"):
        job.move("done")


def test_audio_is_released_in_order_whatever_order_it_was_spoken_in() -> None:
    """The second segment is ready first, and waits for the first."""
    jobs = fresh_jobs()
    first = submit(jobs, "j", request("one", "two"))
    assert first == []
    (run_one,) = jobs.handle(e.WorkerReady(0.0, 1))
    (run_two,) = jobs.handle(e.WorkerReady(0.0, 2))
    assert jobs.handle(spoken(run_two, b"2222")) == []
    audio, end = jobs.handle(spoken(run_one, b"1111"))
    assert audio == e.ReleaseAudio(client=b"me", job="j", segment=0, offset=0, pcm=b"1111")
    assert isinstance(end, e.ReleaseEnd)
    assert (end.pcm, end.bytes, end.segments) == (b"2222", 8, 2)


def test_a_lost_worker_costs_its_segment_nothing_but_time() -> None:
    """The segment runs again on another worker; the client gets its audio once."""
    jobs = fresh_jobs()
    submit(jobs, "j", request("one"))
    jobs.handle(e.WorkerReady(0.0, 1))
    (again,) = [*jobs.handle(e.WorkerReady(0.0, 2)), *jobs.handle(e.WorkerLost(1.0, 1, "killed"))]
    assert isinstance(again, e.RunSegment)
    assert (again.worker, again.attempt) == (2, 2)
    (end,) = jobs.handle(spoken(again))
    assert isinstance(end, e.ReleaseEnd)
    assert end.retried == 1


def test_a_segment_that_kills_three_workers_is_poison() -> None:
    """The job is quarantined, and the next worker is free for others."""
    jobs = fresh_jobs()
    commands = submit(jobs, "bad", request("poison"))
    for worker in range(1, POISON_KILLS + 1):
        jobs.handle(e.WorkerReady(0.0, worker))
        commands = jobs.handle(e.WorkerLost(1.0, worker, "signal SIGSEGV"))
    (failure,) = commands
    assert isinstance(failure, e.ReleaseFailure)
    assert failure.code == "poison"
    assert "SIGSEGV" in failure.message
    assert jobs.counts["quarantined"] == 1
    jobs.handle(e.WorkerReady(2.0, 9))
    assert [type(c) for c in submit(jobs, "good", request("fine"))] == [e.RunSegment]


def test_without_credit_no_audio_leaves_and_no_worker_is_wasted() -> None:
    """A reader that takes nothing stops its own job, not the pool."""
    jobs = fresh_jobs()
    submit(jobs, "slow", request(*["text"] * 50), credit=0)
    (run,) = jobs.handle(e.WorkerReady(0.0, 1))
    spoken_bytes = 0
    while isinstance(run, e.RunSegment):
        spoken_bytes += 1 << 19
        commands = jobs.handle(spoken(run, bytes(1 << 19)))
        assert not any(isinstance(c, e.ReleaseAudio) for c in commands)
        run = commands[0] if commands else None  # type: ignore[assignment]
    assert HELD_BYTES_MAX <= spoken_bytes < 2 * HELD_BYTES_MAX
    assert [type(c) for c in submit(jobs, "quick", request("hi"), owner="you")] == [e.RunSegment]


def test_a_book_does_not_starve_a_sentence() -> None:
    """Fair share: another client's sentence goes before the rest of a long text."""
    jobs = fresh_jobs()
    jobs.costs.learn(request("x"), 1, 0.1)
    submit(jobs, "book", request(*["a long sentence of the book"] * 100), owner="reader")
    (run,) = jobs.handle(e.WorkerReady(0.0, 1))
    submit(jobs, "short", request("hello"), now=0.5, owner="caller")
    waited = 0
    while isinstance(run, e.RunSegment) and run.job == "book":
        waited += 1
        commands = jobs.handle(spoken(run, now=0.5 + waited))
        run = next(c for c in commands if isinstance(c, e.RunSegment))
    assert waited <= 2


def test_priority_goes_first_but_does_not_win_for_ever() -> None:
    """A higher priority jumps the queue, by ten seconds of others' work for each level: who is
    nine levels below is served when 90 s of more urgent work were done since it came.
    """
    jobs = fresh_jobs()
    jobs.costs.learn(request("x"), 1, 1.0)
    submit(jobs, "patient", request("a", priority=0), owner="a")
    submit(jobs, "urgent", request(*["b"] * 200, priority=9), owner="b")
    order = []
    (run,) = jobs.handle(e.WorkerReady(0.0, 1))
    while isinstance(run, e.RunSegment):
        order.append(run.job)
        commands = jobs.handle(spoken(run, synthesis_s=1.0))
        run = next((c for c in commands if isinstance(c, e.RunSegment)), None)  # type: ignore[assignment]
    assert 90 <= order.index("patient") <= 91


def test_a_deadline_ends_waiting_and_running_work() -> None:
    """An expired job is told so, and its running segment is interrupted."""
    jobs = fresh_jobs()
    jobs.handle(e.WorkerReady(0.0, 1))
    submit(jobs, "running", request("a", deadline=5.0))
    submit(jobs, "waiting", request("b", deadline=5.0))
    commands = jobs.handle(e.Tick(5.0))
    assert e.InterruptSegment(worker=1, job="running", segment=0, attempt=1) in commands
    codes = [c.code for c in commands if isinstance(c, e.ReleaseFailure)]
    assert codes == ["expired", "expired"]
    assert jobs.counts["expired"] == 2


def test_a_client_that_vanishes_stops_its_work() -> None:
    """Running work is interrupted, waiting work is dropped, nobody is told."""
    jobs = fresh_jobs()
    submit(jobs, "j", request("one", "two"))
    jobs.handle(e.WorkerReady(0.0, 1))
    assert jobs.handle(e.ClientLost(1.0, b"me")) == [
        e.InterruptSegment(worker=1, job="j", segment=0, attempt=1)
    ]
    assert (
        jobs.handle(
            e.SegmentRefused(
                now=1.1, worker=1, job="j", segment=0, attempt=1, message="interrupted"
            )
        )
        == []
    )
    assert jobs.is_idle(1)


def test_who_asks_for_progress_hears_of_each_segment_that_starts() -> None:
    """And nobody else does: not the client that has not asked, nor one that is gone."""
    jobs = fresh_jobs()
    submit(jobs, "j", request("one", "two", progress=True))
    submit(jobs, "silent", request("one"))
    run, *told = jobs.handle(e.WorkerReady(0.0, 1))
    assert told == [e.ReleaseStarted(b"me", "j", 0)]
    commands = [*jobs.handle(e.WorkerReady(0.0, 2)), *jobs.handle(e.WorkerReady(0.0, 3))]
    started = [c for c in commands if isinstance(c, e.ReleaseStarted)]
    assert started == [e.ReleaseStarted(b"me", "j", 1)]
    assert sum(isinstance(c, e.RunSegment) for c in [run, *commands]) == 3


def test_a_late_answer_is_counted_and_dropped() -> None:
    """Only the attempt that is out counts; anything else changes nothing."""
    jobs = fresh_jobs()
    submit(jobs, "j", request("one"))
    (run,) = jobs.handle(e.WorkerReady(0.0, 1))
    assert isinstance(run, e.RunSegment)
    late = e.SegmentSpoken(
        now=1.0,
        worker=1,
        job="j",
        segment=0,
        attempt=run.attempt + 1,
        pieces=(b"old",),
        synthesis_s=0.1,
    )
    assert jobs.handle(late) == []
    assert jobs.counts["stale"] == 1
    assert not jobs.is_idle(1)


def test_a_second_listener_hears_a_finished_job_again() -> None:
    """Attach replays what is kept, with the end, and does not count the job twice."""
    jobs = fresh_jobs()
    submit(jobs, "j", request("one"))
    (run,) = jobs.handle(e.WorkerReady(0.0, 1))
    jobs.handle(spoken(run, b"12345678"))
    accepted, end = jobs.handle(
        e.ClientAttached(now=2.0, job="j", client=b"other", offset=4, credit=100, reference="again")
    )
    assert accepted == e.ReleaseAccepted(
        client=b"other", reference="again", job="j", segments=1, sample_rate=24_000, seed=0
    )
    assert isinstance(end, e.ReleaseEnd)
    assert (end.client, end.pcm, end.bytes) == (b"other", b"5678", 8)
    assert jobs.counts["done"] == 1


def test_kept_audio_is_bounded_in_bytes_and_in_time() -> None:
    """The oldest audio goes first; after the retention time the job is forgotten."""
    jobs = fresh_jobs(plain=Keep(10.0, 8, 256))
    jobs.handle(e.WorkerReady(0.0, 1))
    for name in ("a", "b", "c"):
        (run,) = submit(jobs, name, request("x"))
        jobs.handle(spoken(run, b"1234"))
    first, last = jobs.find("a"), jobs.find("c")
    assert first is not None
    assert last is not None
    assert (first.kept_from, last.kept_from) == (4, 0)
    jobs.handle(e.Tick(11.0))
    assert jobs.find("c") is None


def test_audio_that_went_while_a_listener_took_its_time_is_not_replaced_by_later_audio() -> None:
    """Attached at the beginning without credit; another job's audio pushes that beginning out."""
    jobs = fresh_jobs(plain=Keep(10.0, 8, 256))
    jobs.handle(e.WorkerReady(0.0, 1))
    (run,) = submit(jobs, "a", request("one", "two"))
    *_audio, run = jobs.handle(spoken(run, b"1111"))
    jobs.handle(spoken(run, b"2222"))
    (accepted,) = jobs.handle(
        e.ClientAttached(now=2.0, job="a", client=b"other", offset=0, credit=0, reference="again")
    )
    assert isinstance(accepted, e.ReleaseAccepted)
    (run,) = submit(jobs, "b", request("x"))
    jobs.handle(spoken(run, b"3333"))
    (failure,) = jobs.handle(e.CreditGranted(3.0, "a", 100))
    assert isinstance(failure, e.ReleaseFailure)
    assert failure.message == "its audio is kept from byte 4 only, and 0 is next"
    assert jobs.handle(e.CreditGranted(3.0, "a", 100)) == []
    assert jobs.counts["done"] == 2, "what had ended well stays so"


def test_a_plain_job_whose_only_listener_can_hear_no_more_fails() -> None:
    """It still ran: nobody would ever take the rest of its audio."""
    jobs = fresh_jobs(plain=Keep(10.0, 4, 256))
    jobs.handle(e.WorkerReady(0.0, 1))
    (run,) = submit(jobs, "a", request("one", "two"))
    *_audio, _run = jobs.handle(spoken(run, b"1111"))
    jobs.handle(
        e.ClientAttached(now=2.0, job="a", client=b"other", offset=0, credit=0, reference="again")
    )
    submit(jobs, "b", request("x"))
    (run,) = jobs.handle(e.WorkerReady(2.5, 2))
    jobs.handle(spoken(run, b"3333"))
    job = jobs.find("a")
    assert job is not None
    assert (job.state, job.kept_from) == ("running", 4)
    interrupt, failure = jobs.handle(e.CreditGranted(3.0, "a", 100))
    assert interrupt == e.InterruptSegment(worker=1, job="a", segment=1, attempt=1)
    assert isinstance(failure, e.ReleaseFailure)
    assert job.state == "failed"


def test_who_attaches_to_a_job_that_failed_is_told_why() -> None:
    """Wherever it had got to: there is no audio to be had, only the outcome."""
    jobs = fresh_jobs()
    submit(jobs, "j", request("one", "two"))
    (run,) = jobs.handle(e.WorkerReady(0.0, 1))
    jobs.handle(spoken(run, b"1111"))
    jobs.handle(e.Cancelled(2.0, "j", "enough"))
    job = jobs.find("j")
    assert job is not None
    assert job.kept_from == 0
    accepted, failure = jobs.handle(
        e.ClientAttached(now=3.0, job="j", client=b"other", offset=0, credit=100, reference="again")
    )
    assert isinstance(accepted, e.ReleaseAccepted)
    assert failure == e.ReleaseFailure(client=b"other", job="j", code="cancelled", message="enough")


def test_a_durable_job_is_accepted_when_the_journal_has_it() -> None:
    """Nothing is said and nothing runs before; a journal that fails is a refusal that may pass."""
    jobs = fresh_jobs()
    jobs.handle(e.WorkerReady(0.0, 1))
    wanted = JobRequest(
        speech=Speech(engine="e", voice="v"),
        sample_rate=24_000,
        segments=sentences("one"),
        durable=True,
    )
    for name, error in (("good", None), ("bad", "disk full")):
        commands = jobs.handle(
            e.Submitted(
                now=0.0,
                job=name,
                owner="me",
                client=b"me",
                request=wanted,
                credit=100,
                reference=name,
            )
        )
        assert commands == [e.PersistJob(now=0.0, job=name, owner="me", request=wanted)]
        answer, *run = jobs.handle(e.JobPersisted(0.1, name, error))
        jobs.check()
        if error is None:
            assert answer == e.ReleaseAccepted(
                client=b"me", reference="good", job="good", segments=1, sample_rate=24_000, seed=0
            )
            assert [type(command) for command in run] == [e.RunSegment]
        else:
            assert isinstance(answer, e.ReleaseRefusal)
            assert (answer.code, answer.message) == ("journal_unavailable", error)
            assert answer.retry_after_ms is not None
            assert not run
