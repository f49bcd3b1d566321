"""Events go to their machine, commands to their effects, and none of them can get lost."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from supervisor.core.jobs import events as job_events
from supervisor.core.jobs.machine import Jobs
from supervisor.core.pool import events as pool_events
from supervisor.logs import LOGGER_NAME
from supervisor.service.machines import Machines, MissingEffectError, command_types
from supervisor.service.ring import Ring
from tests.fixtures.defaults import BOUNDS, fresh_pool

SECRET = "what a job said"  # noqa: S105 - no password


class Told:
    """A stub of the effects: writes down what it is asked to do."""

    def __init__(self, **failing: Exception) -> None:
        self.done: list[str] = []
        self.settled = 0
        self.broken = 0
        self.failing = failing

    def make(self, *without: type) -> Machines:
        """Machines whose every command ends here."""
        effects = {kind: self._carry_out for kind in command_types() if kind not in without}
        return Machines(effects, self.settle, self.break_off, Ring())

    def _carry_out(self, command: object) -> None:
        name = type(command).__name__
        if name in self.failing:
            raise self.failing[name]
        self.done.append(name)

    def settle(self) -> None:
        """All is done that came of an event."""
        self.settled += 1

    def break_off(self, _error: Exception) -> None:
        """Something has failed."""
        self.broken += 1


class Saying(Jobs):
    """A job machine that answers every event with the same commands."""

    def __init__(self, *commands: job_events.Command) -> None:
        super().__init__(BOUNDS)
        self._answer = list(commands)
        self.heard: list[job_events.Event] = []

    def handle(self, event: job_events.Event) -> list[job_events.Command]:
        """Say it again."""
        self.heard.append(event)
        return self._answer


TICK = job_events.Tick(1.0)
THREE = (
    job_events.CutText("j"),
    job_events.InterruptSegment(worker=1, job="j", segment=0, attempt=0),
    job_events.ForgetJob("j"),
)


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """What the supervisor's log says."""
    logger = logging.getLogger(LOGGER_NAME)
    before, logger.propagate = logger.propagate, True
    yield caplog
    logger.propagate = before


def test_every_command_of_every_machine_needs_an_effect() -> None:
    """Without an effect for each command nothing starts, and the names are told."""
    with pytest.raises(MissingEffectError) as caught:
        Told().make(job_events.ForgetJob, pool_events.Hold)
    assert "jobs.ForgetJob" in str(caught.value)
    assert "pool.Hold" in str(caught.value)


@pytest.mark.parametrize("kind", command_types())
def test_no_type_of_command_is_left_out(kind: type) -> None:
    """Jobs, pool and allocation: leaving out any one of their commands is noticed."""
    with pytest.raises(MissingEffectError, match=kind.__name__):
        Told().make(kind)


def test_commands_are_carried_out_in_order() -> None:
    """Each command meets its effect, and then those who wait for the end of it are told."""
    told = Told()
    told.make().tell(Saying(*THREE), TICK)
    assert told.done == ["CutText", "InterruptSegment", "ForgetJob"]
    assert told.settled == 1


def test_an_event_that_comes_meanwhile_waits() -> None:
    """What an effect tells the machines is taken up after the commands before it."""
    told, pool = Told(), fresh_pool()
    order: list[str] = []

    def nest(command: Any) -> None:
        order.append(type(command).__name__)
        if isinstance(command, job_events.CutText):
            machines.tell(pool, pool_events.Stop(1.0))
            assert not pool.stopping

    machines = Machines(dict.fromkeys(command_types(), nest), told.settle, told.break_off, Ring())
    machines.tell(Saying(*THREE), TICK)
    assert order == ["CutText", "InterruptSegment", "ForgetJob"]
    assert pool.stopping


def test_an_effect_that_raises_ends_it_once() -> None:
    """After a failed effect nothing is carried out and no event is taken: it is said once."""
    told, jobs = Told(InterruptSegment=OSError(SECRET)), Saying(*THREE)
    machines = told.make()
    machines.tell(jobs, TICK)
    machines.tell(jobs, TICK)
    assert told.done == ["CutText"]
    assert told.broken == 1
    assert told.settled == 0
    assert len(jobs.heard) == 1


def test_the_report_has_type_and_place_and_no_text(said: pytest.LogCaptureFixture) -> None:
    """The line names the event, the command and where it failed; a message may quote a job."""
    told = Told(InterruptSegment=ValueError(SECRET))
    told.make().tell(Saying(*THREE), TICK)
    line = said.records[-1].getMessage()
    assert "ValueError at test_machines.py:" in line
    assert "jobs.Tick, jobs.InterruptSegment" in line
    assert SECRET not in line


def test_a_machine_that_raises_ends_it_too(said: pytest.LogCaptureFixture) -> None:
    """A machine that fails in the midst of an event is not to be trusted with another."""

    class Failing(Jobs):
        def handle(self, event: job_events.Event) -> list[job_events.Command]:
            raise KeyError(event)

    told = Told()
    told.make().tell(Failing(BOUNDS), TICK)
    assert told.broken == 1
    assert "KeyError" in said.records[-1].getMessage()
