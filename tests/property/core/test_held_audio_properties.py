"""Audio that clients do not take: never more than the bound, whatever they do, and no deadlock."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supervisor.core.jobs import events as e
from supervisor.core.jobs.backpressure import RESERVE
from supervisor.core.jobs.limits import HeldLimits
from supervisor.core.jobs.machine import POISON_KILLS, Jobs
from supervisor.core.jobs.parts import sentences
from supervisor.core.jobs.request import JobRequest
from supervisor.speech import Speech
from tests.fixtures.defaults import fresh_jobs

WORKERS = 2
LONGEST = 100
"""Bytes of a segment, at most."""
LIMITS = HeldLimits(bytes=120, bytes_per_client=80)
CLIENTS = 5

Step = tuple[str, int, int]

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["speak"] * 6 + ["lose", "credit", "leave", "submit"]),
        st.integers(0, 11),
        st.integers(0, 250),
    ),
    min_size=20,
    max_size=80,
)


class World:
    """The job machine, `WORKERS` workers, and what each job was given and has let go."""

    def __init__(self) -> None:
        self.jobs = fresh_jobs(held=LIMITS)
        self.running: dict[int, e.RunSegment] = {}
        self.held: Counter[str] = Counter()
        self.owner: dict[str, str] = {}
        self.ends: Counter[str] = Counter()
        self.kills: Counter[tuple[str, int]] = Counter()
        self.epoch = 0
        for _ in range(WORKERS):
            self.hire()

    def tell(self, event: e.Event) -> None:
        for command in self.jobs.handle(event):
            match command:
                case e.RunSegment(worker=worker):
                    self.running[worker] = command
                case e.ReleaseAudio(job=job, pcm=pcm):
                    self.held[job] -= len(pcm)
                case e.ReleaseEnd(job=job, pcm=pcm):
                    self.held[job] -= len(pcm)
                    self.ends[job] += 1
                case _:
                    pass
        self.jobs.check()
        live = {job: held for job, held in self.held.items() if job in self.jobs.jobs}
        extra = WORKERS * LONGEST
        assert sum(live.values()) < LIMITS.bytes + extra
        for client in set(self.owner.values()):
            mine = sum(held for job, held in live.items() if self.owner[job] == client)
            assert mine < LIMITS.bytes_per_client + extra

    def hire(self) -> None:
        self.epoch += 1
        self.tell(e.WorkerReady(0.0, self.epoch))

    def submit(self, client: int, size: int) -> None:
        name, owner = f"j{len(self.owner)}", f"c{client % CLIENTS}"
        self.owner[name] = owner
        request = JobRequest(
            speech=Speech(engine="e", voice="v"),
            sample_rate=24_000,
            segments=sentences("text") * (1 + size % 9),
        )
        self.tell(
            e.Submitted(
                now=0.0,
                job=name,
                owner=owner,
                client=owner.encode(),
                request=request,
                credit=size * 7 % 300,
            )
        )

    def speak(self, which: int, size: int) -> None:
        if self.running:
            worker = sorted(self.running)[which % len(self.running)]
            run = self.running.pop(worker)
            if run.job in self.jobs.jobs:
                self.held[run.job] += size % (LONGEST + 1)
            audio = (bytes(size % (LONGEST + 1)),)
            self.tell(
                e.SegmentSpoken(
                    now=0.0,
                    worker=worker,
                    job=run.job,
                    segment=run.segment,
                    attempt=run.attempt,
                    pieces=audio,
                    synthesis_s=0.1,
                )
            )

    def lose(self, which: int) -> None:
        """A worker dies and is replaced, but for a segment that would be poison then."""
        if self.running:
            worker = sorted(self.running)[which % len(self.running)]
            run = self.running[worker]
            self.kills[run.job, run.segment] += 1
            if self.kills[run.job, run.segment] < POISON_KILLS:
                del self.running[worker]
                self.tell(e.WorkerLost(0.0, worker, "killed"))
                self.hire()

    def step(self, what: str, which: int, size: int) -> None:
        names = list(self.owner)
        if what == "submit":
            self.submit(which, size)
        elif what == "speak":
            self.speak(which, size)
        elif what == "lose":
            self.lose(which)
        elif what == "credit" and names:
            self.tell(e.CreditGranted(0.0, names[which % len(names)], size))
        elif what == "leave":
            self.tell(e.ClientLost(0.0, f"c{which % CLIENTS}".encode()))


@given(sizes=st.lists(st.integers(0, 250), min_size=1, max_size=8), steps=STEPS)
@settings(max_examples=200, deadline=None)
def test_held_audio_is_bounded_and_ends_with_credit(sizes: list[int], steps: list[Step]) -> None:
    """Never more than the bound and a segment for each worker, of one client and in all; once
    everybody takes his audio, every job that was not given up is done.
    """
    world = World()
    for client, size in enumerate(sizes):
        world.submit(client, size)
    for step in steps:
        world.step(*step)
    for job in list(world.jobs.jobs):
        world.tell(e.CreditGranted(0.0, job, 1 << 30))
    left = list(world.jobs.jobs)
    for turn in range(2_000):
        if not world.running:
            break
        world.speak(turn, LONGEST)
    assert not world.jobs.jobs, "a job never ended"
    assert all(world.ends[job] == 1 for job in left)


SEGMENT = 64 << 10
BOOK = JobRequest(
    speech=Speech(engine="e", voice="v"), sample_rate=24_000, segments=sentences("text") * 100
)


def speak_on(jobs: Jobs, commands: list[e.Command]) -> list[e.Command]:
    """Let the one worker speak until it has nothing to do; returns everything released."""
    released: list[e.Command] = []
    while runs := [c for c in commands if isinstance(c, e.RunSegment)]:
        (run,) = runs
        audio = (bytes(SEGMENT),)
        commands = jobs.handle(
            e.SegmentSpoken(
                now=1.0,
                worker=run.worker,
                job=run.job,
                segment=run.segment,
                attempt=run.attempt,
                pieces=audio,
                synthesis_s=0.1,
            )
        )
        released += commands
    return released


@pytest.mark.parametrize("at_once", [True, False])
def test_a_reader_who_takes_his_audio_is_served_beside_many_who_do_not(*, at_once: bool) -> None:
    """Whether the slow readers came together or one after another, which leaves no room: there
    is some for one whose audio leaves at once, and their segments do not count as waiting.
    """
    jobs = fresh_jobs(held=HeldLimits(bytes=8 << 20, bytes_per_client=8 << 20))
    jobs.handle(e.WorkerReady(0.0, 1))
    commands: list[e.Command] = []
    for number in range(200):
        slow = f"slow {number}"
        commands += jobs.handle(
            e.Submitted(now=0.0, job=slow, owner=slow, client=slow.encode(), request=BOOK, credit=0)
        )
        if not at_once:
            speak_on(jobs, commands)
            commands = []
    speak_on(jobs, commands)
    held = sum(job.audio.held for job in jobs.jobs.values())
    assert held < (8 << 20) * (1 - RESERVE) + SEGMENT
    assert jobs.waiting_segments == 0
    assert jobs.oldest_wait(9.0) == 0.0
    commands = jobs.handle(
        e.Submitted(now=1.0, job="good", owner="good", client=b"good", request=BOOK, credit=1 << 20)
    )
    for _ in range(100):
        (run,) = (c for c in commands if isinstance(c, e.RunSegment))
        assert run.job == "good"
        audio = (bytes(SEGMENT),)
        commands = jobs.handle(
            e.SegmentSpoken(
                now=1.0,
                worker=1,
                job=run.job,
                segment=run.segment,
                attempt=run.attempt,
                pieces=audio,
                synthesis_s=0.1,
            )
        )
        commands += jobs.handle(e.CreditGranted(1.0, "good", SEGMENT))
    assert any(isinstance(c, e.ReleaseEnd) and c.job == "good" for c in commands)
