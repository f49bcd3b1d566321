"""The segment cache under any order of events: no wrong audio, bounded memory, no job lost."""

from __future__ import annotations

import random
from typing import Any

import pytest
from msgspec import structs

from supervisor.core.jobs import events as e
from supervisor.core.jobs.audio import Pcm
from supervisor.core.jobs.limits import CacheLimits
from supervisor.core.jobs.machine import Jobs
from supervisor.core.jobs.parts import sentences
from supervisor.core.jobs.request import JobRequest, Shared
from supervisor.core.jobs.segment_cache import Spoken
from supervisor.speech import Speech
from tests.fixtures.defaults import BOUNDS

TEXTS = ("one", "two", "a longer one", "x" * 300)
ENTRY = 2_000
"""About what an entry takes, its overhead counted."""


def audio(scope: str, speech: Speech, text: str, made_by: str, exact: bool) -> bytes:
    """Audio that says all it follows from: a mix-up cannot go unseen."""
    said = f"{scope}|{speech.voice}|{speech.speed}|{speech.seed}|{text}|{made_by}|{exact};"
    return said.encode()


class World:
    """Clients, workers, disk and time do what they like."""

    def __init__(self) -> None:
        self.now = 0.0
        self.count = 0
        self.limits = CacheLimits(
            bytes=3 * ENTRY, disk_bytes=1, segment_chars=200, min_uses=1, ttl_s=50.0
        )
        self.machine = Jobs(structs.replace(BOUNDS, cache=self.limits))
        self.running: dict[int, e.RunSegment] = {}
        self.looks: list[e.ReadCached] = []
        self.disk: dict[bytes, Spoken] = {}
        self.requests: dict[str, JobRequest] = {}
        self.heard: dict[str, bytes] = {}
        self.made_by = "f1"
        self.loads = 0
        self.loads_before: dict[str, int] = {}
        self.ended: set[str] = set()
        self.workers = 0

    def tell(self, event: e.Event) -> None:
        for command in self.machine.handle(event):
            self.carry_out(command)

    def carry_out(self, command: Any) -> None:
        match command:
            case e.RunSegment(worker=worker):
                assert worker not in self.running, "one worker got two segments"
                self.running[worker] = command
            case e.ReleaseAudio(job=job, pcm=pcm):
                self.hear(job, pcm)
            case e.ReleaseEnd(job=job, pcm=pcm, cached=cached, segments=segments):
                self.hear(job, pcm)
                self.look_at(job, cached, segments)
                self.ended.add(job)
            case e.ReleaseFailure(job=job) | e.ReleaseRefusal(reference=job):
                self.ended.add(job)
            case e.ReadCached():
                self.looks.append(command)
            case e.WriteCached(key=key, spoken=spoken):
                self.disk[key] = spoken
            case e.ClearCached():
                self.disk.clear()

    def hear(self, job: str, pcm: Pcm) -> None:
        assert isinstance(pcm, bytes | memoryview)
        self.heard[job] += bytes(pcm)

    def look_at(self, job: str, cached: int, segments: int) -> None:
        """Each segment is this job's, in voice, speed, seed, scope and text."""
        request = self.requests[job]
        scope = "none" if request.shared is None else request.shared.scope
        assert cached <= segments
        heard = self.heard[job].decode().split(";")[:-1]
        for index, part in enumerate(request.segments):
            speech, _silence = request.manner(part, index)
            wanted = f"{scope}|{speech.voice}|{speech.speed}|{speech.seed}|{part.text}|"
            if request.shared is not None and not request.shared.seeded:
                told = heard[index].split("|")
                told[3] = str(speech.seed)
                heard[index] = "|".join(told)
            assert heard[index].startswith(wanted), "it is another segment"
            made_by, exact = heard[index].removeprefix(wanted).split("|")
            if self.loads == self.loads_before[job]:
                assert made_by == self.made_by, "what speaks now does not sound so"
            assert exact == "True" or not request.reproducible, "it was to be made by one thread"

    def worker(self) -> None:
        if self.workers < 6:
            self.workers += 1
            self.tell(e.WorkerReady(self.now, self.workers))

    def submit(self, texts: list[str], scope: str | None, **how: Any) -> None:
        self.count += 1
        job = f"j{self.count}"
        self.requests[job] = request = JobRequest(
            speech=Speech(
                engine="draws" if how["seeded"] else "draws nothing",
                voice="v",
                seed=how["seed"],
                speed=how["speed"],
            ),
            sample_rate=24_000,
            segments=sentences(*texts),
            reproducible=how["reproducible"],
            shared=None if scope is None else Shared(scope, how["seeded"]),
        )
        self.heard[job], self.loads_before[job] = b"", self.loads
        self.tell(
            e.Submitted(
                now=self.now,
                job=job,
                owner="o",
                client=job.encode(),
                request=request,
                credit=how["credit"],
                reference=job,
                flow=str(scope),
            )
        )

    def speak(self, which: int, threads: int, known: bool) -> None:
        if not self.running:
            return
        worker = sorted(self.running)[which % len(self.running)]
        run = self.running.pop(worker)
        request = run.request
        speech, _silence = request.manner(run.part, run.segment)
        scope = "none" if request.shared is None else request.shared.scope
        exact = request.reproducible or threads == 1
        pcm = audio(scope, speech, run.part.text, self.made_by, exact)
        self.tell(
            e.SegmentSpoken(
                now=self.now,
                worker=worker,
                job=run.job,
                segment=run.segment,
                attempt=run.attempt,
                pieces=(pcm[:10], memoryview(pcm)[10:]),
                synthesis_s=1.0,
                made_by=self.made_by if known else "",
                exact=exact,
            )
        )

    def speak_all(self, threads: int) -> None:
        """The workers get through what there is."""
        for _ in range(20):
            self.speak(0, threads, known=True)

    def fail(self, which: int, lost: bool) -> None:
        if not self.running:
            return
        worker = sorted(self.running)[which % len(self.running)]
        run = self.running.pop(worker)
        if lost:
            self.tell(e.WorkerLost(self.now, worker, "it died"))
            self.tell(e.WorkerReady(self.now, worker + 100))
        else:
            self.tell(
                e.SegmentRefused(
                    now=self.now,
                    worker=worker,
                    job=run.job,
                    segment=run.segment,
                    attempt=run.attempt,
                    message="no",
                )
            )

    def disk_answers(self, there: bool) -> None:
        if self.looks:
            look = self.looks.pop(0)
            spoken = self.disk.get(look.key) if there else None
            self.tell(e.CachedRead(self.now, look.maker, spoken))

    def disk_tells(self) -> None:
        self.tell(e.CachedFound(self.now, tuple(self.disk)))

    def cancel(self, which: int) -> None:
        jobs = list(self.machine.jobs)
        if jobs:
            self.tell(e.Cancelled(self.now, jobs[which % len(jobs)], "enough"))

    def grant(self, which: int) -> None:
        jobs = list(self.machine.jobs)
        if jobs:
            self.tell(e.CreditGranted(self.now, jobs[which % len(jobs)], 1 << 30))

    def configure(self, entries: int) -> None:
        limits = structs.replace(self.limits, bytes=entries * ENTRY, disk_bytes=entries)
        self.tell(e.Configured(self.now, structs.replace(BOUNDS, cache=limits)))

    def load_anew(self) -> None:
        """Other settings of the engine; nothing of before is found any more."""
        self.made_by = "f2" if self.made_by == "f1" else "f1"
        self.loads += 1
        self.tell(e.EnginesChanged(self.now))

    def clear(self) -> None:
        self.tell(e.CacheCleared(self.now))
        assert not len(self.machine.repeats.cache)

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.tell(e.Tick(self.now))

    def disturb(self, what: int, figure: int) -> None:
        """What happens rarely, or nothing would be cached for long."""
        match what:
            case 0:
                self.configure(figure % 5)
                self.configure(figure % 5 or 3)
            case 1:
                self.load_anew()
            case 2 if figure % 4 == 0:
                self.clear()
            case 3:
                self.wait(float(figure))
            case _:
                self.worker()

    def holds(self) -> None:
        """All invariants; the bound on memory is one of them."""
        self.machine.check()

    def teardown(self) -> None:
        """In the end every job has ended, whatever it waited for."""
        for job in list(self.machine.jobs):
            self.tell(e.CreditGranted(self.now, job, 1 << 30))
        while self.running or self.looks:
            self.speak(0, 1, known=True)
            self.disk_answers(there=False)
        assert not self.machine.jobs, "a job waits for ever"
        assert self.ended == set(self.requests)


RUNS = 40
STEPS = 300


def step(world: World, dice: random.Random) -> None:
    """One thing that happens."""
    if dice.random() < 0.05:
        world.disturb(dice.randrange(6), dice.randrange(41))
        return
    match dice.choices(range(8), (8, 6, 1, 1, 1, 1, 2, 1))[0]:
        case 0:
            world.submit(
                dice.choices(TEXTS, k=dice.randint(1, 3)),
                dice.choice(("a", "a", "a", "b", None)),
                seeded=dice.random() < 0.5,
                seed=dice.choice((0, 0, 1)),
                speed=dice.choice((1.0, 1.0, 1.5)),
                reproducible=dice.random() < 0.5,
                credit=dice.choice((0, 60, 1 << 30, 1 << 30)),
            )
        case 1:
            world.speak(dice.randrange(6), dice.randint(1, 2), known=dice.random() < 0.9)
        case 2:
            world.speak_all(dice.randint(1, 2))
        case 3:
            world.fail(dice.randrange(6), lost=dice.random() < 0.5)
        case 4:
            world.cancel(dice.randrange(20))
        case 5:
            world.grant(dice.randrange(20))
        case 6:
            world.disk_answers(there=dice.random() < 0.8)
        case 7:
            world.disk_tells()


@pytest.mark.parametrize("seed", range(RUNS))
def test_in_any_order(seed: int) -> None:
    """Things that happen, drawn from a seed: hypothesis draws too many runs in which nobody asks
    for anything.
    """
    dice = random.Random(seed)
    world = World()
    world.worker()
    for _ in range(STEPS):
        step(world, dice)
        world.holds()
    world.teardown()
    assert world.machine.repeats.hits, "what is looked for does not happen"
