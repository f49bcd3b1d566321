"""Durable jobs in the job machine: full disks, outcomes that are being written, recovery."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from supervisor.core.jobs import events as e
from supervisor.core.jobs.audio import Stored
from supervisor.core.jobs.backpressure import HELD_BYTES_MAX
from supervisor.core.jobs.disk_backlog import HOLD_BACK_S
from supervisor.core.jobs.job import LEFT_OUT, STORY_LINES, Job, JobState
from supervisor.core.jobs.limits import HeldLimits, Keep
from supervisor.core.jobs.machine import Jobs
from supervisor.core.jobs.parts import sentences
from supervisor.core.jobs.request import JobRequest
from supervisor.speech import Speech
from tests.fixtures.defaults import fresh_jobs

MEGABYTE = 1 << 20
FULL = "cannot write audio: No space left on device"


def request(*texts: str, deadline: float | None = None) -> JobRequest:
    """A durable request with these segments."""
    return JobRequest(
        speech=Speech(engine="e", voice="v"),
        sample_rate=24_000,
        segments=sentences(*texts),
        priority=5,
        deadline=deadline,
        durable=True,
    )


class Bench:
    """A job machine with one worker and a journal that can be `full`; audio says whose it is."""

    def __init__(self, jobs: Jobs | None = None, size: int = 4) -> None:
        self.jobs = jobs or fresh_jobs()
        self.size = size
        self.full = False
        self.writable = True
        self.writes = 0
        self.told: list[e.Command] = []
        self.ran: list[int] = []
        self.tell(e.WorkerReady(0.0, 1))

    def audio(self, segment: int) -> bytes:
        return bytes([segment]) * self.size

    def tell(self, event: e.Event) -> None:
        """Tell it, and let worker and journal answer until nothing is left to be done."""
        commands = self.jobs.handle(event)
        self.jobs.check()
        for command in commands:
            self._answer(event.now, command)
            self.jobs.check()

    def _answer(self, now: float, command: e.Command) -> None:
        match command:
            case e.PersistJob():
                self.tell(e.JobPersisted(now, command.job))
            case e.RunSegment():
                self.ran.append(command.segment)
                audio = (self.audio(command.segment),)
                run = command
                self.tell(
                    e.SegmentSpoken(
                        now=now,
                        worker=1,
                        job=run.job,
                        segment=run.segment,
                        attempt=run.attempt,
                        pieces=audio,
                        synthesis_s=0.1,
                    )
                )
            case e.PersistAudio():
                self.writes += 1
                pieces = command.pieces
                if not self.full:
                    size = sum(map(len, pieces))
                    pieces = (Stored(command.job, command.segment, 0, size),)
                error = FULL if self.full else None
                self.tell(
                    e.AudioStored(
                        now=now,
                        job=command.job,
                        segment=command.segment,
                        pieces=pieces,
                        error=error,
                    )
                )
            case e.PersistOutcome() if self.writable:
                self.told.append(command)
                self.tell(e.OutcomePersisted(now, command.job))
            case _:
                self.told.append(command)

    def submit(self, wanted: JobRequest, credit: int = 1 << 30) -> Job:
        self.tell(
            e.Submitted(now=0.0, job="j", owner="me", client=b"me", request=wanted, credit=credit)
        )
        job = self.jobs.find("j")
        assert job is not None
        return job

    def of(self, kind: type) -> Sequence[e.Command]:
        return [command for command in self.told if isinstance(command, kind)]


def test_an_empty_part_of_a_text_is_done_at_once() -> None:
    """Durable or not, and also where the supervisor leaves: nothing of it is left to be spoken."""
    for durable, leaves in ((True, False), (True, True), (False, False)):
        bench = Bench()
        if leaves:
            bench.tell(e.Suspended(0.0))
        job = bench.submit(msgspec.structs.replace(request(), durable=durable))
        assert (job.state, len(bench.of(e.ReleaseEnd)), bench.ran) == ("done", 1, [])


def test_a_job_that_a_full_disk_held_up_is_finished_without_a_listener() -> None:
    """It stops at the bound of its memory, and goes on by itself when there is room on disk."""
    bench = Bench(size=MEGABYTE)
    bench.full = True
    job = bench.submit(request(*["text"] * 8), credit=0)
    bench.tell(e.ClientLost(0.5, b"me"))
    for second in range(1, 5):
        before = bench.writes
        bench.tell(e.Tick(float(second)))
        assert bench.writes == before + 1, "one attempt a tick, however much is waiting"
        assert job.state == "running"
        assert HELD_BYTES_MAX <= job.audio.held < HELD_BYTES_MAX + 2 * MEGABYTE
    bench.full = False
    bench.tell(e.Tick(5.0))
    assert job.state == "done"
    assert (job.audio.held, bench.jobs.running_segments) == (0, 0)
    assert [(piece.segment, type(piece.pcm)) for piece in job.audio.pieces] == [
        (segment, Stored) for segment in range(8)
    ]
    assert bench.ran == list(range(8)), "nothing was spoken twice"
    assert bench.of(e.PersistOutcome) == [
        e.PersistOutcome(now=5.0, job="j", outcome="done", message="")
    ]


def test_what_a_listener_took_and_the_disk_never_had_is_spoken_again_for_the_result() -> None:
    """It had to leave the memory; the listener left, too, and the job owes its whole audio."""
    bench = Bench(fresh_jobs(plain=Keep(60.0, 2 * MEGABYTE, 16)), size=MEGABYTE)
    bench.full = True
    job = bench.submit(request(*["text"] * 6), credit=4 * MEGABYTE)
    assert job.kept_from == 2 * MEGABYTE
    bench.tell(e.ClientLost(0.5, b"me"))
    bench.full = False
    for second in range(1, 5):
        bench.tell(e.Tick(float(second)))
    assert job.state == "done"
    assert sorted(bench.ran) == [0, 0, 1, 1, 2, 3, 4, 5]
    assert [piece.offset for piece in job.audio.pieces] == [MEGABYTE * n for n in range(6)]
    assert all(type(piece.pcm) is Stored for piece in job.audio.pieces)
    assert job.kept_from == 0


def test_a_result_is_not_done_for_the_journal_unless_all_of_it_is_stored() -> None:
    """A piece that left the memory unstored must not be missed after a restart."""
    bench = Bench(fresh_jobs(plain=Keep(60.0, 0, 16)))
    bench.full = True
    bench.submit(request("one", "two"), credit=bench.size)
    bench.full = False
    bench.tell(e.CreditGranted(1.0, "j", 100))
    assert bench.of(e.ReleaseEnd), "its listener has everything"
    assert not bench.of(e.PersistOutcome), "and a successor will make it again"


def test_audio_that_could_not_be_stored_is_counted_when_its_jobs_have_ended() -> None:
    """Heard to the end, they keep what memory there is for plain jobs, and no more in all."""
    bench = Bench(fresh_jobs(plain=Keep(60.0, 3 * MEGABYTE, 16)), size=MEGABYTE)
    bench.full = True
    for number in range(10):
        bench.tell(
            e.Submitted(
                now=0.0,
                job=f"{number}",
                owner="me",
                client=b"me",
                request=request("text"),
                credit=1 << 30,
            )
        )
    kept = [piece for job in bench.jobs.retained.ended() for piece in job.audio.pieces]
    assert len(bench.of(e.ReleaseEnd)) == 10
    assert len(kept) == 3


def test_audio_that_cannot_be_stored_and_nobody_hears_is_bounded_in_all() -> None:
    """As that of slow readers: held jobs stay without an outcome, and get no more workers."""
    bench = Bench(fresh_jobs(held=HeldLimits(8 * MEGABYTE, 8 * MEGABYTE)), size=MEGABYTE)
    bench.full = True
    for number in range(40):
        bench.tell(
            e.Submitted(
                now=0.0,
                job=f"{number}",
                owner="me",
                client=b"me",
                request=request("a", "b"),
                credit=0,
            )
        )
        bench.tell(e.ClientLost(0.0, b"me"))
    held = sum(job.audio.held for job in bench.jobs.jobs.values())
    assert held <= 8 * MEGABYTE
    assert not list(bench.jobs.retained.ended())
    bench.full = False
    bench.tell(e.Tick(1.0))
    assert bench.jobs.counts["done"] == 40


@pytest.mark.parametrize("event", [e.Cancelled(1.0, "j", "enough"), e.Tick(9.0)])
def test_an_outcome_is_told_when_the_journal_has_it(event: e.Event) -> None:
    """A kill -9 before that leaves a job that runs again, and a client that was told nothing."""
    jobs = fresh_jobs()
    jobs.handle(
        e.Submitted(
            now=0.0,
            job="j",
            owner="me",
            client=b"me",
            request=request("one", deadline=9.0),
            credit=100,
        )
    )
    jobs.handle(e.JobPersisted(0.0, "j"))
    (persist,) = jobs.handle(event)
    assert isinstance(persist, e.PersistOutcome)
    taken_over, accepted = jobs.handle(
        e.ClientAttached(now=9.1, job="j", client=b"other", offset=0, credit=100)
    )
    assert isinstance(taken_over, e.ReleaseFailure)
    assert (taken_over.client, taken_over.code) == (b"me", "conflict")
    assert isinstance(accepted, e.ReleaseAccepted), "nor is it told to who attaches meanwhile"
    assert jobs.handle(e.CreditGranted(9.1, "j", 100)) == []
    (failure,) = jobs.handle(e.OutcomePersisted(9.2, "j"))
    assert isinstance(failure, e.ReleaseFailure)
    assert (failure.client, failure.code) == (
        b"other",
        {"cancelled": "cancelled", "expired": "expired"}[persist.outcome],
    )
    assert jobs.handle(e.OutcomePersisted(9.3, "j")) == []


@pytest.mark.parametrize(("unreadable", "code"), [(True, "bad_text"), (False, "failed")])
def test_whoever_attaches_to_a_failed_job_is_told_the_same_code(
    unreadable: bool, code: str
) -> None:
    """That the text cannot be spoken is no fault of the engine, whenever a client asks."""
    jobs = fresh_jobs()
    jobs.handle(e.WorkerReady(0.0, 1))
    jobs.handle(
        e.Submitted(now=0.0, job="j", owner="me", client=b"me", request=request("one"), credit=100)
    )
    jobs.handle(e.JobPersisted(0.0, "j"))
    jobs.handle(
        e.SegmentRefused(
            now=1.0, worker=1, job="j", segment=0, attempt=1, message="m", unreadable=unreadable
        )
    )
    told = jobs.handle(e.OutcomePersisted(1.0, "j"))
    for client in (b"me", b"other"):
        told += jobs.handle(e.ClientAttached(now=2.0, job="j", client=client, offset=0, credit=100))
    failures = [command for command in told if isinstance(command, e.ReleaseFailure)]
    assert [(failure.client, failure.code, failure.message) for failure in failures] == [
        (b"me", code, "m"),
        (b"me", code, "m"),
        (b"other", code, "m"),
    ]


def test_a_journal_that_cannot_be_written_holds_an_outcome_back_for_a_while_only() -> None:
    """Then the client is told what is known; the story says so."""
    bench = Bench()
    bench.full, bench.writable = True, False
    job = bench.submit(request("one"), credit=0)
    bench.tell(e.Cancelled(10.0, "j", "enough"))
    bench.tell(e.Tick(10.0 + HOLD_BACK_S - 0.1))
    assert not bench.of(e.ReleaseFailure)
    bench.tell(e.Tick(10.0 + HOLD_BACK_S))
    assert len(bench.of(e.ReleaseFailure)) == 1
    assert job.story[-1][1] == "told unwritten"
    bench.tell(e.OutcomePersisted(20.0, "j"))
    assert len(bench.of(e.ReleaseFailure)) == 1


def recovered(outcome: JobState | None, stored: tuple[int, ...], **changes: float) -> e.Recovered:
    """What the journal tells of a job with two segments."""
    audio = {index: Stored("j", index, 0, 4) for index in stored}
    wanted = request("one", "two", deadline=changes.get("deadline"))
    return e.Recovered(
        now=50.0,
        job="j",
        owner="me",
        request=wanted,
        accepted_at=10.0,
        stored=dict(audio),
        outcome=outcome,
        message="",
        ended_at=20.0,
    )


@pytest.mark.parametrize("stored", [(), (0,), (1,)])
def test_a_result_whose_files_are_gone_has_failed_and_says_so(stored: tuple[int, ...]) -> None:
    """Its text is gone too, so it cannot be spoken again; nobody waits for it for ever."""
    bench = Bench()
    bench.tell(recovered("done", stored, deadline=30.0))
    assert bench.ran == []
    job = bench.jobs.find("j")
    assert job is not None
    assert (job.state, job.ended_at) == ("failed", 20.0)
    bench.tell(e.ClientAttached(now=51.0, job="j", client=b"me", offset=0, credit=100))
    (failure,) = bench.of(e.ReleaseFailure)
    assert isinstance(failure, e.ReleaseFailure)
    lost = 2 - len(stored)
    assert failure.code == "failed"
    assert failure.message == f"its audio is gone: {lost} of 2 segments are not in the journal"


def test_a_result_that_cannot_be_read_today_may_be_there_tomorrow() -> None:
    """The journal is not asked to write anything down, nor to remove what is left."""
    bench = Bench()
    bench.tell(recovered("done", (1,)))
    assert not bench.of(e.PersistOutcome)
    assert not bench.of(e.ForgetJob)
    again = Bench()
    again.tell(recovered("done", (0, 1)))
    job = again.jobs.find("j")
    assert job is not None
    assert (job.state, job.audio.end) == ("done", 8)


def test_a_complete_job_is_done_though_its_deadline_passed_before_it_was_written_down() -> None:
    """Its client may have heard END before the supervisor was killed."""
    bench = Bench()
    bench.tell(recovered(None, (0, 1), deadline=30.0))
    assert bench.of(e.PersistOutcome) == [
        e.PersistOutcome(now=50.0, job="j", outcome="done", message="")
    ]
    assert bench.ran == []


def test_a_job_that_is_known_is_not_recovered_once_more() -> None:
    """Recovery may begin again after an error."""
    bench = Bench()
    bench.tell(recovered("done", (0, 1)))
    first = bench.jobs.find("j")
    bench.tell(recovered("done", (0, 1)))
    assert bench.jobs.find("j") is first


def test_the_story_goes_over_a_restart_with_what_the_journal_knows() -> None:
    """When the job was accepted and how it ended; then that it was recovered."""
    bench = Bench()
    bench.tell(recovered("done", (0, 1)))
    job = bench.jobs.find("j")
    assert job is not None
    assert [(line[0], line[1]) for line in job.story] == [
        (10.0, "accepted"),
        (20.0, "done"),
        (50.0, "recovered"),
    ]


def test_a_long_story_says_where_and_how_much_is_left_out() -> None:
    """Every event is told or counted; beginning and end are there."""
    job = Job("j", request("one"), owner="me", flow="me", now=0.0)
    lines = 10 * STORY_LINES
    for number in range(lines):
        job.note(float(number), "event", number)
    assert len(job.story) <= STORY_LINES
    (gap,) = [details for _at, what, *details in job.story if what == LEFT_OUT]
    assert gap == [lines - (len(job.story) - 1)]
    assert (job.story[0][0], job.story[-1][0]) == (0.0, lines - 1.0)
    assert [line[0] for line in job.story] == sorted(line[0] for line in job.story)


@pytest.mark.parametrize("ended", [True, False])
def test_of_a_job_that_is_forgotten_nothing_is_left(ended: bool) -> None:
    """Neither its audio nor its key, whether it has ended or not; its listener is told."""
    bench = Bench()
    wanted = msgspec.structs.replace(request("text", "text"), key="mine", fingerprint=b"1")
    bench.full = not ended
    job = bench.submit(wanted, credit=1 << 30 if ended else 0)
    assert job.ended is ended
    bench.tell(e.Forgotten(1.0, "j", "forgotten by the client"))
    assert bench.jobs.find("j") is None
    assert bench.jobs.retained.stored_bytes == 0
    assert bench.of(e.ForgetJob) == [e.ForgetJob("j")]
    failures = [told.code for told in bench.told if isinstance(told, e.ReleaseFailure)]
    assert failures == ([] if ended else ["cancelled"])
    bench.full = False
    other = msgspec.structs.replace(wanted, fingerprint=b"2")
    assert bench.submit(other).state == "done", "the key is free for another request"
    bench.tell(e.Forgotten(2.0, "nobody", "of a job that does not exist nothing happens"))
