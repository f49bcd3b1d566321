"""The record of a job: the ways of its segments, and looks that change nothing."""

from __future__ import annotations

import msgspec
import pytest

from supervisor.core.jobs import events as e
from supervisor.core.jobs.job import MOST_UNREADABLE, SEGMENT_TRANSITIONS, Job, Segment
from supervisor.core.jobs.parts import sentences
from supervisor.core.jobs.request import JobRequest
from supervisor.speech import LeftOut, Speech
from tests.fixtures.defaults import fresh_jobs


def request(*segments: str, durable: bool = False) -> JobRequest:
    """A request with these segments."""
    return JobRequest(
        speech=Speech(engine="e", voice="v"),
        sample_rate=24_000,
        segments=sentences(*segments),
        durable=durable,
    )


def submitted(job: str, request: JobRequest) -> e.Submitted:
    """A request of a client that takes whatever there is."""
    return e.Submitted(now=0.0, job=job, owner="me", client=b"me", request=request, credit=1 << 30)


@pytest.mark.parametrize("state", SEGMENT_TRANSITIONS)
def test_a_segment_goes_only_where_the_table_says(state: str) -> None:
    """Each way of the table can be gone, and no other."""
    ways = SEGMENT_TRANSITIONS[state]  # type: ignore[index]
    for target in SEGMENT_TRANSITIONS:
        segment = Segment("text", 4, 0, state)  # type: ignore[arg-type]
        if target in ways:
            segment.move(target)
            assert segment.state == target
        else:
            with pytest.raises(ValueError, match=f"no way from {state} to {target}"):
                segment.move(target)


def test_a_second_answer_for_a_segment_is_an_error() -> None:
    """A machine that counted it would release audio twice."""
    job = Job("j", request("one"), owner="me", flow="me", now=0.0)
    job.run(0.0, 1)
    job.answered(1.0, 0, 1, (b"pcm!",), 0.1)
    with pytest.raises(ValueError, match="no way from spoken to spoken"):
        job.answered(2.0, 0, 1, (b"pcm!",), 0.1)


def test_segments_that_nobody_can_read_are_told_or_counted() -> None:
    """After what was known before; a book of them is a few lines."""
    known = LeftOut(what="Chinese characters", at=9, chars=2)
    job = Job(
        "j",
        msgspec.structs.replace(request(*["one"] * 1_000), left_out=(known,)),
        owner="me",
        flow="me",
        now=0.0,
    )
    for index in range(1_000):
        job.leave_out(float(index), index, "no sound")
    first, *told, last = map(str, job.left_out)
    assert first == "2 characters (Chinese characters) at 9"
    assert told == [f"segment {index}: no sound" for index in range(MOST_UNREADABLE)]
    assert last == f"{1_000 - MOST_UNREADABLE} more segments"


def test_a_check_that_fails_fails_again() -> None:
    """It looks, and does not put right what it has found."""
    jobs = fresh_jobs()
    jobs.handle(submitted("j", request("one")))
    jobs.jobs["j"].audio.add((b"pcm!",))
    for _ in range(2):
        with pytest.raises(AssertionError, match="4 bytes held"):
            jobs.check()


def test_a_job_that_is_not_accepted_yet_is_rated_anew_with_the_others() -> None:
    """An engine that is slower than was thought is so for all that was admitted."""
    jobs = fresh_jobs()
    jobs.handle(submitted("written", request("x" * 100, durable=True)))
    before = jobs.admission.work_s
    jobs.handle(submitted("j", request("one")))
    (run,) = jobs.handle(e.WorkerReady(0.0, 1))
    assert isinstance(run, e.RunSegment)
    pieces = (b"pcm!",)
    jobs.handle(
        e.SegmentSpoken(
            now=1.0,
            worker=1,
            job="j",
            segment=0,
            attempt=run.attempt,
            pieces=pieces,
            synthesis_s=3.0,
        )
    )
    jobs.check()
    assert before < 99
    assert jobs.admission.work_s == pytest.approx(100 * 1.0)
