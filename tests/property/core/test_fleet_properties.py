"""Hosts of a fleet in any order of deliveries, losses and deaths: one outcome a job, nothing is
acknowledged before it, the winner's audio stays, and in the end no job is lost.

The queue here gives each job at least once and forgets nothing: a delivery that is not lengthened
is given to another; what a host asks for may be done and not answered, or not be done at all.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from supervisor.core.fleet import events as e
from supervisor.core.fleet.machine import FleetHost

HOSTS = 2
MOST_CORES = 4
LEASE_S = 3.0
SOURCES = tuple(e.Source(name, name) for name in e.CLASSES)


class Job:
    """A job in the queue. `holder`: the delivery that the queue counts as its own."""

    def __init__(self, number: int, job_class: e.JobClass) -> None:
        self.id = f"job{number}"
        self.job_class = job_class
        self.waits_from = 0.0
        self.holder: tuple[int, int, int] | None = None
        self.until = 0.0
        self.deliveries = 0
        self.on_queue = True


class Agent:
    """A host's machine, what it asked for and has no answer to, and what its supervisor speaks."""

    def __init__(self, host: int, epoch: int, now: float) -> None:
        rules = e.Rules(host=f"h{host}", epoch=f"e{epoch}", sources=SOURCES, lease_s=LEASE_S)
        self.key = (host, epoch)
        self.machine = FleetHost(rules)
        self.asked: list[e.Command] = []
        self.speaking: set[int] = set()
        self.pulls: dict[int, e.Ask] = {}
        """Pulls that the queue holds."""
        self.up = True
        """Its supervisor answers."""
        self.linked = True
        self.cores = 2
        for event in (e.SupervisorFound(now), e.HostSeen(now, self.cores), e.BrokerFound(now)):
            self.asked += self.machine.handle(event)


class Fleet:
    """The world around the hosts."""

    def __init__(self) -> None:
        self.now = 10.0
        self.jobs: dict[str, Job] = {}
        self.outcomes: dict[str, tuple[str, str]] = {}
        """By job, the state and the attempt."""
        self.audio: set[str] = set()
        self.attempts: dict[str, int] = {}
        self.delivery = 0
        self.held: dict[int, Job] = {}
        self.agents = [Agent(host, 0, self.now) for host in range(HOSTS)]
        self.killed: set[tuple[int, int]] = set()
        self.left_behind: set[str] = set()
        """Audio that could not be deleted."""

    # -- what hosts ask for -------------------------------------------------------------

    def tell(self, agent: Agent, event: e.Event) -> None:
        """Tell an event; what follows waits to be done, but what concerns the host alone."""
        for command in agent.machine.handle(event):
            match command:
                case e.Speak(lease=lease):
                    assert lease not in agent.speaking, "a lease is spoken twice"
                    agent.speaking.add(lease)
                case e.Stop(lease=lease):
                    agent.speaking.discard(lease)
                case e.Closed(lease=lease, job=job, won=won):
                    assert lease not in agent.speaking, "closed, but the supervisor goes on"
                    assert not won or job in self.outcomes, "closed as won without an outcome"
                case e.Abandon(pull=pull):
                    agent.pulls.pop(pull, None)
                case e.Forget() | e.Offer() | e.NewerSchema():
                    pass
                case _:
                    agent.asked.append(command)
        agent.machine.check()

    def do(self, agent: Agent, command: e.Command, fate: str) -> None:
        """Have the queue or a store do it. fate: done; unanswered: done, but it is not told;
        undone: neither.
        """
        if not agent.linked:
            fate = "undone"
        handler: Callable[..., e.Event | None] = getattr(
            self, f"do_{type(command).__name__.lower()}"
        )
        answer = handler(agent, command, done=fate != "undone", ok=fate == "done")
        if answer is not None:
            self.tell(agent, answer)

    def do_ask(self, agent: Agent, ask: e.Ask, *, done: bool, ok: bool) -> e.Event | None:
        if not done:
            return e.PullEnded(self.now, ask.pull, failed=True)
        agent.pulls[ask.pull] = ask
        return None

    def do_return(self, agent: Agent, command: e.Return, *, done: bool, ok: bool) -> None:
        job = self.held[command.delivery]
        if done and job.holder == (*agent.key, command.delivery):
            job.holder, job.waits_from = None, self.now + command.delay_s

    def do_progress(
        self, agent: Agent, command: e.Progress, *, done: bool, ok: bool
    ) -> e.Event | None:
        if done:  # The server does not look whose sign it is.
            self.held[command.delivery].until = self.now + LEASE_S
        return e.Confirmed(self.now, command.delivery) if ok else None

    def do_putaudio(self, agent: Agent, command: e.PutAudio, *, done: bool, ok: bool) -> e.Event:
        if done:
            self.audio.add(command.attempt)
        return e.AudioPut(self.now, command.lease, ok=ok)

    def do_dropaudio(self, agent: Agent, command: e.DropAudio, *, done: bool, ok: bool) -> None:
        if done:
            self.audio.discard(command.attempt)
        else:
            self.left_behind.add(command.attempt)

    def do_createoutcome(
        self, agent: Agent, command: e.CreateOutcome, *, done: bool, ok: bool
    ) -> e.Event:
        new = command.job not in self.outcomes
        if done and new:
            stored = command.attempt in self.audio
            assert command.state != "done" or stored, "done without audio"
            self.outcomes[command.job] = (command.state, command.attempt)
        answer: e.FenceAnswer = ("won" if new else "exists") if ok else "unknown"
        return e.OutcomeAnswered(self.now, command.lease, answer)

    def do_readoutcome(
        self, agent: Agent, command: e.ReadOutcome, *, done: bool, ok: bool
    ) -> e.Event:
        found = self.outcomes.get(command.job)
        return e.OutcomeRead(self.now, command.lease, found[1] if found and ok else None, ok)

    def do_countattempt(
        self, agent: Agent, command: e.CountAttempt, *, done: bool, ok: bool
    ) -> e.Event:
        self.attempts[command.job] = self.attempts.get(command.job, 0) + done
        return e.AttemptCounted(self.now, command.lease, self.attempts[command.job] if ok else None)

    def do_bury(self, agent: Agent, command: e.Bury, *, done: bool, ok: bool) -> e.Event:
        assert self.outcomes[command.job][0] == "failed", "buried without having failed"
        return e.Buried(self.now, command.lease, ok)

    def do_ack(self, agent: Agent, command: e.Ack, *, done: bool, ok: bool) -> e.Event:
        job = self.held[command.delivery]
        assert job.id in self.outcomes, "acknowledged before its outcome"
        job.on_queue = job.on_queue and not done
        return e.Acked(self.now, command.lease, ok)

    def give(self, agent: Agent, pull: int, *, lost: bool = False) -> bool:
        """Answer an open pull with a job that waits, or end it where it does not wait for one;
        `lost`: the job does not come.
        """
        ask = agent.pulls.pop(pull)
        for job in self.jobs.values():
            waits = job.on_queue and job.holder is None and job.waits_from <= self.now
            if waits and job.job_class == ask.consumer:
                self.delivery += 1
                job.deliveries += 1
                job.holder, job.until = (*agent.key, self.delivery), self.now + LEASE_S
                self.held[self.delivery] = job
                if ask.batch > 1:
                    agent.pulls[pull] = e.Ask(
                        pull, ask.consumer, ask.batch - 1, ask.wait_s, ask.priority
                    )
                event = e.Delivered(self.now, pull, self.delivery, job.id, job.deliveries)
                if not lost:
                    self.tell(agent, event)
                return True
        if ask.wait_s:
            agent.pulls[pull] = ask
        else:
            self.tell(agent, e.PullEnded(self.now, pull))
        return False

    def pass_time(self, seconds: float) -> None:
        """Time passes for all; a supervisor that answers says so; leases run out."""
        self.now += seconds
        for job in self.jobs.values():
            if job.holder is not None and job.until <= self.now:
                job.holder = None
        for agent in self.agents:
            event: Any = e.HostSeen(self.now, agent.cores) if agent.up else e.Tick(self.now)
            self.tell(agent, event)

    # -- what may happen ----------------------------------------------------------------

    def play(self, draw: random.Random, steps: int) -> None:
        """Many small things, as they come in a fleet: most of them go well."""
        happenings = {
            self.submit: 4,
            self.act: 60,
            self.wait: 12,
            self.supervisor: 30,
            self.kill: 1,
            self.link: 3,
            self.supervisor_comes_and_goes: 2,
            self.drain: 1,
            self.grace_over: 1,
            self.cores: 1,
            self.cancel: 2,
        }
        for what in draw.choices([*happenings], [*happenings.values()], k=steps):
            what(draw, draw.choice(self.agents))
            self.check()

    def submit(self, draw: random.Random, _agent: Agent) -> None:
        for _ in range(draw.choice([1, 1, 1, 6])):
            job = Job(len(self.jobs), draw.choice(e.CLASSES))
            self.jobs[job.id] = job

    def act(self, draw: random.Random, agent: Agent) -> None:
        """Some of what a host asked for is done, in any order, and some pulls are answered."""
        fate = draw.choices(["done", "unanswered", "undone"], (10, 1, 1))[0]
        for _ in range(draw.randint(1, 4)):
            if agent.asked:
                self.do(agent, agent.asked.pop(draw.randrange(len(agent.asked))), fate)
            if agent.linked and agent.pulls:
                self.give(agent, draw.choice([*agent.pulls]), lost=fate == "undone")

    def wait(self, draw: random.Random, _agent: Agent) -> None:
        self.pass_time(draw.choice([0.01, 0.1, 0.3, 0.3, 1.0, 3.1]))

    def supervisor(self, draw: random.Random, agent: Agent) -> None:
        """The supervisor has something to say of a job that it has."""
        if not agent.speaking:
            return
        lease = draw.choice([*agent.speaking])
        said: list[e.Event] = [
            e.Begun(self.now, lease),
            e.Spoken(self.now, lease),
            e.Failed(self.now, lease, "bad_text", "no"),
            e.Refused(self.now, lease),
            e.Died(self.now, lease, "worker died"),
        ]
        event = draw.choices(said, (6, 12, 1, 1, 1))[0]
        if not isinstance(event, e.Begun):
            agent.speaking.discard(lease)
        self.tell(agent, event)

    def supervisor_comes_and_goes(self, _draw: random.Random, agent: Agent) -> None:
        agent.up = not agent.up
        self.tell(agent, (e.SupervisorFound if agent.up else e.SupervisorLost)(self.now))

    def link(self, _draw: random.Random, agent: Agent) -> None:
        agent.linked = not agent.linked
        agent.pulls.clear()
        self.tell(agent, (e.BrokerFound if agent.linked else e.BrokerLost)(self.now))

    def kill(self, _draw: random.Random, agent: Agent) -> None:
        """The agent dies, and another takes its place; the queue knows nothing of it."""
        self.killed.add(agent.key)
        host, epoch = agent.key
        self.agents[host] = Agent(host, epoch + 1, self.now)

    def drain(self, draw: random.Random, agent: Agent) -> None:
        self.tell(agent, e.Drain(self.now, off=draw.random() < 0.6))

    def grace_over(self, _draw: random.Random, agent: Agent) -> None:
        self.tell(agent, e.GraceOver(self.now))

    def cores(self, draw: random.Random, agent: Agent) -> None:
        agent.cores = draw.randint(1, MOST_CORES)

    def cancel(self, draw: random.Random, _agent: Agent) -> None:
        """Every host hears it; who has the job ends it."""
        if self.jobs:
            job = draw.choice([*self.jobs])
            for agent in self.agents:
                self.tell(agent, e.CancelAsked(self.now, job))

    # -- what holds ---------------------------------------------------------------------

    def check(self) -> None:
        """What always holds."""
        for state, attempt in self.outcomes.values():
            assert state != "done" or attempt in self.audio, "the winner's audio is gone"
        for job in self.jobs.values():
            assert job.on_queue or job.id in self.outcomes, "taken off without an outcome"
        for agent in self.agents:
            assert agent.machine.leases.slots <= MOST_CORES + agent.machine.rules.prefetch

    def mend(self) -> None:
        """All is well again: every job ends, and of all attempts only the winners' audio is left,
        but for what agents that were killed have left there.
        """
        for agent in self.agents:
            if not agent.up:
                agent.up = True
                self.tell(agent, e.SupervisorFound(self.now))
            if not agent.linked:
                agent.linked = True
                self.tell(agent, e.BrokerFound(self.now))
            self.tell(agent, e.Drain(self.now, off=True))
        for _ in range(2000):
            self.pass_time(0.1)
            for agent in self.agents:
                self.work(agent)
            queued = any(job.on_queue for job in self.jobs.values())
            if not queued and not any(agent.machine.leases.all for agent in self.agents):
                break
        assert not [job.id for job in self.jobs.values() if job.on_queue], "jobs were not done"
        assert not any(agent.machine.leases.all for agent in self.agents), "leases are left"
        assert set(self.outcomes) == set(self.jobs)
        winners = {attempt for _, attempt in self.outcomes.values()}
        for attempt in self.audio - winners:
            _, host, epoch, _ = attempt.split(".")
            killed = (int(host[1:]), int(epoch[1:])) in self.killed
            assert killed or attempt in self.left_behind, f"{attempt} was left behind"

    def work(self, agent: Agent) -> None:
        """All that a host asked for is done, and its supervisor speaks what it has."""
        for lease in [*agent.speaking]:
            agent.speaking.discard(lease)
            self.tell(agent, e.Begun(self.now, lease))
            self.tell(agent, e.Spoken(self.now, lease))
        while agent.asked:
            self.do(agent, agent.asked.pop(0), "done")
            for pull in [*agent.pulls]:
                while pull in agent.pulls and self.give(agent, pull):
                    pass


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 1 << 32))
def test_every_job_has_one_outcome_whatever_happens(seed: int) -> None:
    """A thousand happenings, and then all is mended."""
    fleet = Fleet()
    fleet.play(random.Random(seed), 1000)
    fleet.mend()
