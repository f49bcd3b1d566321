"""The last events are remembered without a word of any job, and can be told again."""

from __future__ import annotations

import itertools
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from typer.testing import CliRunner

from supervisor.cli import app
from supervisor.core.allocation.events import (
    Began,
    GainExpected,
    Ground,
    Lease,
    LeaseRefused,
    Looked,
    MachineChanged,
)
from supervisor.core.allocation.machine import Allocation
from supervisor.core.allocation.policy import Configured, Sampled
from supervisor.core.jobs import events as e
from supervisor.core.jobs.audio import Pcm, Stored
from supervisor.core.jobs.limits import Keep
from supervisor.core.jobs.machine import Jobs
from supervisor.core.jobs.request import JobRequest
from supervisor.core.jobs.segmentation import uncut
from supervisor.core.machine import Cpu, Machine, WorkerShape
from supervisor.core.pool import events as pool_events
from supervisor.service.machines import Machines, command_types
from supervisor.service.record import FORMAT, RecordError, read
from supervisor.service.replay import Replay, Step
from supervisor.service.ring import SETTINGS, Ring, write
from supervisor.speech import LeftOut, Speech
from tests.fixtures.defaults import BOUNDS, HEALTH, RESTARTS, fresh_jobs, fresh_pool, policy_with

SECRET = "Xylophon"  # noqa: S105 - no password
TEXT = f"The {SECRET} of Dr. Who cost 3.50 at 5 p.m. today; nobody bought it! " * 120


MACHINE = Machine(tuple(Cpu(cpu, core=cpu) for cpu in range(4)))


class Run:
    """A supervisor in memory: real machines, workers that answer at once, and their record."""

    def __init__(self, size: int = 100_000) -> None:
        self.jobs, self.pool = fresh_jobs(), fresh_pool()
        self.allocation = Allocation(Began(policy_with(), "auto", 4, MACHINE))
        self.ring = Ring(size)
        self._clock = itertools.count(1)
        self._names = itertools.count(1)
        self.running: dict[int, e.RunSegment] = {}
        self.leased: tuple[int, ...] = ()
        """CPUs that another supervisor has."""
        self.cutting: list[str] = []
        self.storing: list[e.PersistAudio] = []
        effects: dict[type, Callable[[Any], None]] = dict.fromkeys(command_types(), self._ignore)
        effects |= {
            e.RunSegment: self._run,
            e.CutText: lambda command: self.cutting.append(command.job),
            e.PersistJob: lambda command: self.tell(e.JobPersisted(self.now, command.job)),
            e.PersistAudio: self.storing.append,
            pool_events.Launch: self._launch,
            Lease: self._lease,
            pool_events.Employ: lambda command: self.tell(e.WorkerReady(self.now, command.epoch)),
        }
        self.machines = Machines(effects, lambda: None, self._broken, self.ring)
        self.machines.record_start(self.allocation)
        self.tell(e.Configured(self.now, replace(BOUNDS, plain=Keep(60.0, 1 << 20, 100))))
        self.tell(pool_events.Configured(self.now, RESTARTS, HEALTH))
        self.tell(e.CostsExpected(self.now, {"noop": 0.01}, {}))

    @property
    def now(self) -> float:
        return next(self._clock) / 100

    def tell(self, event: Any) -> None:
        """Hand an event to the machine that it is for."""
        of_pool = type(event).__module__ == pool_events.__name__
        self.machines.tell(self.pool if of_pool else self.jobs, event)

    def hire(self, workers: int) -> None:
        """So many workers are wanted."""
        shapes = tuple(WorkerShape(slot, (slot,), 1) for slot in range(workers))
        self.tell(pool_events.Target(self.now, shapes))

    def submit(self, *, durable: bool = False, key: str | None = None) -> str:
        """Hand in the text; only its first slice is cut."""
        job = f"j{next(self._names)}"
        whole = uncut(TEXT, language="en", first_max_chars=40, max_chars=90)
        first, rest = whole.slice()
        request = JobRequest(
            speech=Speech(engine="noop", voice="tone", seed=1),
            sample_rate=24_000,
            segments=first,
            rest=rest,
            durable=durable,
            key=key,
            fingerprint=TEXT.encode(),
            left_out=(LeftOut(what=f"<{SECRET}>", at=3),),
        )
        event = e.Submitted(
            now=self.now,
            job=job,
            owner="uid:1",
            client=b"client",
            request=request,
            credit=1 << 30,
            reference=SECRET,
        )
        self.tell(event)
        return job

    def go_on(self, turns: int = 10_000) -> None:
        """Whoever has something to do does it: cut, speak, store."""
        for _ in range(turns):
            if self.cutting:
                self.tell(e.CutTurn(self.now, self.cutting.pop(0)))
            elif self.storing:
                audio = self.storing.pop(0)
                size = sum(map(len, audio.pieces))
                stored = Stored(audio.job, audio.segment, 0, size)
                self.tell(
                    e.AudioStored(
                        now=self.now, job=audio.job, segment=audio.segment, pieces=(stored,)
                    )
                )
            elif self.running:
                run = self.running.pop(next(iter(self.running)))
                pieces = (bytes(4 * len(run.part.text)), b"1234")
                self.tell(
                    e.SegmentSpoken(
                        now=self.now,
                        worker=run.worker,
                        job=run.job,
                        segment=run.segment,
                        attempt=run.attempt,
                        pieces=pieces,
                        synthesis_s=0.01,
                        left_out=f"cannot say {SECRET}" if run.segment == 2 else None,
                    )
                )
            else:
                return

    def look(self, used: float) -> None:
        """A sample of the utilization, and the workers that come of it."""
        now = self.now
        ground = Ground(
            usable=(0, 1, 2, 3),
            excluded=(),
            cores=4,
            foreign=(0.5, 0.0, 0.0, 0.1),
            busy=(0,),
            demand=3.0,
            session_build_s=None,
        )
        self.machines.tell(self.allocation, Looked(now, Sampled(now, used, 4), ground))

    def die(self) -> None:
        """The worker that has been at work for longest is killed, and replaced."""
        epoch = next(iter(self.running))
        del self.running[epoch]
        self.tell(e.WorkerLost(self.now, epoch, "signal SIGKILL"))
        self.tell(pool_events.Exited(self.now, epoch, "signal SIGKILL", 0.5))
        self.tell(pool_events.Tick(self.now + 60.0))

    def record(self) -> bytes:
        """What is remembered, as a file has it."""
        return msgspec.json.encode(self.ring.document())

    def _run(self, command: e.RunSegment) -> None:
        self.running[command.worker] = command

    def _launch(self, command: pool_events.Launch) -> None:
        self.tell(pool_events.Ready(self.now, command.epoch, 0))

    def _lease(self, command: Lease) -> None:
        """Who asks for what others have is told so."""
        if {cpu for shape in command.shapes for cpu in shape.cpus}.intersection(self.leased):
            self.machines.tell(self.allocation, LeaseRefused(self.now, self.leased))
        else:
            self.tell(pool_events.Target(self.now, command.shapes))

    def _ignore(self, _command: object) -> None:
        pass

    @staticmethod
    def _broken(error: Exception) -> None:
        raise error


def eventful(size: int = 100_000) -> Run:
    """Long texts, durable and plain; workers that die; a cancelled job, and one that failed."""
    run = Run(size)
    run.hire(2)
    run.submit()
    run.submit(durable=True, key=SECRET)
    run.go_on(40)
    run.die()
    run.go_on(15)
    cancelled = run.submit()
    run.go_on(7)
    run.tell(e.Cancelled(run.now, cancelled, "enough"))
    run.submit(key=SECRET)
    run.submit(durable=True, key=SECRET)
    run.tell(
        e.ClientAttached(
            now=run.now, job="j2", client=b"other", offset=0, credit=1 << 30, reference=SECRET
        )
    )
    run.die()
    run.go_on(20)
    worker, at = next(iter(run.running.items()))
    del run.running[worker]
    run.tell(
        e.SegmentRefused(
            now=run.now,
            worker=worker,
            job=at.job,
            segment=at.segment,
            attempt=at.attempt,
            message=f"cannot say {SECRET}",
        )
    )
    run.machines.tell(run.allocation, GainExpected(run.now, {2: 1.5}, None))
    for used in (float("nan"), *[99.0] * 5):
        run.look(used)
    run.leased = (0, 1)
    run.look(99.0)
    run.machines.tell(run.allocation, MachineChanged(run.now, Machine(MACHINE.cpus[:3])))
    run.machines.tell(run.allocation, Configured(run.now, policy_with(max_cores=2), 1))
    run.look(99.0)
    run.go_on()
    run.tell(e.Tick(run.now))
    return run


def replayed(data: bytes) -> list[Step]:
    """The story that fresh machines live through."""
    return list(Replay(read(data)).steps())


def unlike(steps: Iterable[Step]) -> Iterator[Step]:
    """What went otherwise than then."""
    return (step for step in steps if step.other is not None or step.broken is not None)


def test_fresh_machines_answer_as_those_did_that_were_recorded() -> None:
    """Event by event the same commands, though no text and no audio is known any more."""
    run = eventful()
    assert run.jobs.counts["done"] == 1
    assert run.jobs.counts["failed"] == 1
    assert run.jobs.counts["retried"] >= 1
    steps = replayed(run.record())
    assert len(steps) > 300
    assert list(unlike(steps)) == []
    assert not any(step.skipped for step in steps)
    assert sum("CutTurn" in type(step.entry.event).__name__ for step in steps) > 5


def test_no_word_of_a_job_is_in_the_record() -> None:
    """Neither of its text, nor of messages that may quote it, nor the names that clients gave."""
    data = eventful().record()
    assert SECRET.encode() not in data
    assert TEXT.encode().hex().encode() not in data


def test_a_job_of_the_journal_is_told_again_as_far_as_it_was_spoken() -> None:
    """A text that was cut further because of what the journal had needs its text for that."""
    run = Run()
    rest = uncut(TEXT, language="en", first_max_chars=40, max_chars=90)
    request = JobRequest(
        speech=Speech(engine="noop", voice="tone", seed=1),
        sample_rate=24_000,
        segments=(),
        durable=True,
        rest=rest,
    )
    stored: dict[int, Pcm] = {0: Stored("old", 0, 0, 400), 30: Stored("old", 30, 0, 80)}
    run.tell(
        e.Recovered(
            now=run.now, job="old", owner="uid:1", request=request, accepted_at=0.0, stored=stored
        )
    )
    run.hire(1)
    run.go_on()
    assert run.jobs.counts["done"] == 1
    assert SECRET.encode() not in run.record()
    assert list(unlike(replayed(run.record()))) == []


def test_a_record_whose_beginning_is_lost_begins_with_what_can_be_known() -> None:
    """Workers that answer are known; what refers to older jobs is left out, and counted; what
    can be told is told in order and breaks nothing.
    """
    run = eventful(size=150)
    for _ in range(3):
        run.submit()
    run.go_on(60)
    document = read(run.record())
    assert document.lost > 100
    steps = list(Replay(document).steps())
    assert not [step for step in steps if step.broken]
    spoken = [s for s in steps if isinstance(s.entry.event, e.SegmentSpoken) and not s.skipped]
    assert spoken
    assert any(step.skipped for step in steps)


def test_settings_stay_in_the_record_however_old_they_are() -> None:
    """A replay without them would decide by other bounds."""
    run = eventful(size=20)
    kinds = [type(entry.event).__name__ for entry in read(run.record()).entries]
    of_all = ["Began", "Configured", "Configured", "CostsExpected"]
    assert kinds[:-20] == [*of_all, "GainExpected", "MachineChanged", "Configured"]


def test_an_answer_has_the_latest_events_as_far_as_there_is_room() -> None:
    """A client refuses a longer one. Its beginning is missing like that of an old record."""
    ring = eventful().ring
    whole = ring.document()
    assert ring.answer()["events"] == whole["events"]
    answer = ring.answer(room=30_000)
    size = sum(len(msgspec.json.encode(event)) for event in answer["events"])
    assert 25_000 < size <= 30_000
    assert answer["events"][-50:] == whole["events"][-50:]
    document = read(msgspec.json.encode(answer))
    assert set(SETTINGS) <= {type(entry.event) for entry in document.entries}
    assert document.lost == len(whole["events"]) - len(answer["events"])
    assert not [step for step in Replay(document).steps() if step.broken]


def test_the_story_ends_where_an_invariant_is_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever replays a record of a bug is shown the event after which it shows, and why."""

    def check(jobs: Jobs) -> None:
        assert jobs.counts["spoken"] < 3, "three are too many"

    monkeypatch.setattr(Jobs, "check", check)
    file = tmp_path / "events.json"
    file.write_bytes(eventful().record())
    result = CliRunner().invoke(app, ["replay", "--quiet", str(file)])
    assert result.exit_code == 1
    assert "SegmentSpoken" in result.output.splitlines()[0]
    assert "BROKEN: three are too many" in result.output


def test_a_machine_that_fails_on_an_event_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What ended the supervisor ends its replay, at the same event."""
    data = eventful().record()

    def fail(_jobs: Jobs, _event: object) -> list[e.Command]:
        raise IndexError("out of range")

    monkeypatch.setattr(Jobs, "handle", fail)
    file = tmp_path / "events.json"
    file.write_bytes(data)
    result = CliRunner().invoke(app, ["replay", str(file)])
    assert result.exit_code == 1
    assert "BROKEN: the machine fails: IndexError" in result.output


def test_the_command_prints_the_story(tmp_path: Path) -> None:
    """A line for each event with what came of it, and the sums."""
    path = write(tmp_path / "state", eventful().ring.document("ValueError at x.py:1"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    result = CliRunner().invoke(app, ["replay", str(path)])
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert any("WorkerLost" in line and "signal SIGKILL" in line for line in lines)
    assert any("pool" in line and "-> Launch" in line for line in lines)
    assert any("Submitted" in line and "request=(noop tone [" in line for line in lines)
    assert any("0 left out, 0 answered otherwise" in line for line in lines)
    assert "ValueError at x.py:1" in lines


def with_event(event: str, more: str = "") -> bytes:
    """A record of one event, and what else its entry has."""
    head = f'"format": {FORMAT}, "written_at": 0, "now": 0, "version": "", "lost": 0, "fault": null'
    return f'{{{head}, "events": [{{"family": "jobs", "event": {event}{more}}}]}}'.encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'{"format": 1}',
        f'{{"format": {FORMAT}}}'.encode(),
        f'{{"format": {FORMAT + 1}}}'.encode(),
        with_event('{"is": "service.supervisor:Service"}'),
        with_event('{"is": "core.jobs.machine:Jobs"}'),
        with_event('{"is": "core.jobs.events:Tick"}'),
        with_event('{"is": "core.jobs.events:Nothing", "now": 1.0}'),
        with_event('{"what": 1}'),
        with_event("null", ', "recalled": [["hit", 1]]'),
        with_event("null", f', "recalled": [["hit", "j", 0, [{1 << 70}]]]'),
    ],
)
def test_what_is_no_record_is_refused_in_one_line(data: bytes, tmp_path: Path) -> None:
    """A file that is damaged, foreign or hostile makes nothing but an error."""
    with pytest.raises(RecordError):
        read(data)
    file = tmp_path / "events.json"
    file.write_bytes(data)
    result = CliRunner().invoke(app, ["replay", str(file)])
    assert result.exit_code == 2
