"""What is taken for a hang, and what is not."""

from __future__ import annotations

import pytest

from supervisor.core.jobs import events as job_events
from supervisor.core.jobs.parts import sentences
from supervisor.core.jobs.request import JobRequest
from supervisor.core.pool import events as e
from supervisor.core.pool.health import Hang, Health, HealthPolicy, Running, Vitals
from supervisor.speech import Speech
from tests.fixtures.defaults import RESTARTS, fresh_jobs, fresh_pool

W = 7
STEP_S = 0.5


class Watched:
    """One worker under a clock: `pass_` lets time go by while it shows these vitals."""

    def __init__(self, policy: HealthPolicy | None = None) -> None:
        self.health = Health(policy or HealthPolicy(5.0, 10.0, 20.0))
        self.now = 100.0
        self.cpu_s = 3.0
        self.steps = 0
        self.running: Running | None = None
        self.health.looked(self.now, {W: Vitals(self.cpu_s, 0, answered=True)})

    def pass_(
        self,
        seconds: float,
        *,
        cpu: float = 0.0,
        steps: int = 0,
        answers: bool = True,
        waits: bool = False,
    ) -> list[Hang]:
        """Look twice a second; `cpu` is the share of one core, `steps` are taken at each look."""
        hangs = []
        for _ in range(round(seconds / STEP_S)):
            self.now += STEP_S
            self.cpu_s += cpu * STEP_S
            self.steps += steps
            vitals = Vitals(self.cpu_s, self.steps, answers, waits, self.running)
            hangs += self.health.looked(self.now, {W: vitals})
        return hangs

    def begin(self, characters: int = 100, expected_s: float = 0.0) -> None:
        """It is given a segment."""
        self.running = Running(self.now, characters, expected_s)

    def end(self) -> None:
        """It has answered for it."""
        self.running = None


def test_an_idle_worker_that_answers_is_well() -> None:
    """Nothing to do is no hang, for however long."""
    assert Watched().pass_(1000) == []


def test_an_idle_worker_that_neither_answers_nor_computes_hangs() -> None:
    """A stopped process, say; it is named once, and only after the timeout."""
    watched = Watched()
    assert watched.pass_(4.5, answers=False) == []
    (hang,) = watched.pass_(10, answers=False)
    assert hang.worker == W
    assert "no answer and no CPU time for 5.0 s" in hang.reason


def test_answers_of_a_busy_worker_are_no_progress() -> None:
    """A control thread may answer while the engine waits for a lock that nobody gives up."""
    watched = Watched()
    watched.begin()
    (hang,) = watched.pass_(6, answers=True)
    assert "no progress and no CPU time" in hang.reason


def test_waiting_for_a_program_of_its_own_is_neither_silence_nor_the_segments_time() -> None:
    """A model that is made at first use takes as long as it takes; the time after it counts."""
    watched = Watched()
    watched.begin()
    assert watched.pass_(1000, waits=True) == []
    assert watched.pass_(4.5) == []
    (hang,) = watched.pass_(1)
    assert "no progress and no CPU time" in hang.reason


def test_who_says_that_it_waits_and_then_falls_silent_hangs() -> None:
    """What it said last is worth nothing once it owes an answer."""
    watched = Watched()
    watched.begin()
    assert watched.pass_(100, waits=True) == []
    assert watched.pass_(6, waits=True, answers=False)


def test_a_missed_heartbeat_is_no_hang_while_it_computes() -> None:
    """Native code that keeps the interpreter's lock answers nobody, and is at work."""
    watched = Watched()
    watched.begin()
    assert watched.pass_(19, cpu=1.0, answers=False) == []


def test_progress_without_cpu_time_is_life() -> None:
    """Steps that go on count, also where somebody else computes."""
    watched = Watched()
    watched.begin()
    assert watched.pass_(19, steps=1) == []


def test_cpu_time_that_is_not_known_is_not_taken_for_none() -> None:
    """Where /proc does not tell, only the time of the segment can."""
    watched = Watched()
    watched.begin()
    found = {W: Vitals(None, 0, answered=False, running=watched.running)}
    for _ in range(19):
        watched.now += 1.0
        assert watched.health.looked(watched.now, found) == []


def test_answering_heartbeats_is_not_taken_for_work() -> None:
    """The CPU time of a thread that only answers stays under the threshold."""
    watched = Watched()
    watched.begin()
    assert watched.pass_(6, cpu=0.001)


def test_a_segment_far_past_its_predicted_time_is_a_hang_however_busy() -> None:
    """It is given so many times what was predicted when it began, and never less than a minimum;
    with that a segment is told of which nothing is known.
    """
    watched = Watched()
    for expected_s in (0.1, 0.0):
        watched.begin(100, expected_s)
        assert watched.pass_(19, cpu=1.0) == []
        watched.end()
    watched.begin(100, 10.0)
    assert watched.pass_(99, cpu=1.0) == []
    (hang,) = watched.pass_(2, cpu=1.0)
    assert "100 characters not spoken within 100 s" in hang.reason


def test_a_new_segment_starts_a_new_clock() -> None:
    """Segment after segment, each within its time, is no hang; nor is a pause before one."""
    watched = Watched()
    for _ in range(10):
        watched.begin()
        assert watched.pass_(15, cpu=1.0) == []
        watched.end()
    watched.pass_(4.5, answers=False)
    watched.begin()
    assert watched.pass_(4.5) == []


def test_what_nobody_saw_is_nobodys_fault() -> None:
    """After the supervisor was stopped for an hour, or the machine slept, no worker is blamed."""
    watched = Watched()
    watched.begin()
    watched.now += 3600.0
    vitals = {W: Vitals(watched.cpu_s, 0, answered=False, running=watched.running)}
    assert watched.health.looked(watched.now, vitals) == []
    watched.now -= 1800.0  # Nor by a clock that went back.
    assert watched.health.looked(watched.now, vitals) == []


def test_a_worker_that_is_gone_leaves_nothing() -> None:
    """Its successor under another epoch starts with a clean record."""
    watched = Watched()
    watched.pass_(4.5, answers=False)
    watched.now += STEP_S
    watched.health.looked(watched.now, {})
    assert watched.pass_(4.5, answers=False) == []


def test_a_segment_that_follows_at_once_has_a_clock_of_its_own() -> None:
    """Of two segments as long as each other, and no look between them, none took twice as long."""
    watched = Watched()
    for _ in range(10):
        watched.begin()
        assert watched.pass_(15, cpu=1.0) == []


def test_the_pool_condemns_who_hangs_once() -> None:
    """A look is an event of the pool machine; a policy that is set later holds for the next."""
    pool = fresh_pool()
    stopped = {W: Vitals(3.0, 0, answered=False)}
    pool.handle(e.Looked(0.0, stopped))
    pool.handle(e.Configured(0.0, RESTARTS, HealthPolicy(2.0, 10.0, 20.0)))
    told = [command for now in range(1, 6) for command in pool.handle(e.Looked(now, stopped))]
    assert told == [e.Condemn(W, "it hangs: no answer and no CPU time for 2.0 s")]


def test_what_a_segment_is_expected_to_take_is_what_admission_learned() -> None:
    """By engine, voice and speed, from the segments before it; a mere guess is not told."""
    jobs = fresh_jobs()
    jobs.handle(job_events.WorkerReady(0.0, W))

    def run(speed: float, characters: int, seconds: float) -> float:
        request = JobRequest(
            speech=Speech(engine="e", voice="v", speed=speed),
            sample_rate=24_000,
            segments=sentences("x" * characters),
        )
        name = f"{speed} {characters}"
        submitted = job_events.Submitted(
            now=1.0, job=name, owner="o", client=b"c", request=request, credit=1 << 20
        )
        given = [c for c in jobs.handle(submitted) if isinstance(c, job_events.RunSegment)]
        jobs.handle(
            job_events.SegmentSpoken(
                now=1.0,
                worker=W,
                job=name,
                segment=0,
                attempt=given[0].attempt,
                pieces=(b"pcm!",),
                synthesis_s=seconds,
            )
        )
        return given[0].expected_s

    assert run(1.0, 100, 10.0) == 0.0
    assert run(1.0, 50, 5.0) == pytest.approx(5.0)
    assert run(2.0, 100, 5.0) == pytest.approx(5.0)
    jobs.handle(job_events.CostsExpected(2.0, {}, {"other": 0.5}))
    request = JobRequest(
        speech=Speech(engine="other", voice="v"), sample_rate=24_000, segments=sentences("x" * 10)
    )
    submitted = job_events.Submitted(
        now=2.0, job="declared", owner="o", client=b"c", request=request, credit=1 << 20
    )
    (given,) = [c for c in jobs.handle(submitted) if isinstance(c, job_events.RunSegment)]
    assert given.expected_s == pytest.approx(5.0)
