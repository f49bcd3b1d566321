"""One simulated fleet, from its first job to its last outcome."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise

import msgspec

from supervisor.core.fleet import events as e
from supervisor.core.fleet.sizing import Sizing
from supervisor.simulate.fleet.clockwork import Clockwork
from supervisor.simulate.fleet.host import SimulatedHost
from supervisor.simulate.fleet.queue import Job, PromiseBroken, SimulatedQueue
from supervisor.simulate.fleet.scenario import FleetScenario

_LOOK_S = 1.5
_LOOKS = 15
"""Supervisors are asked how they are in so many groups, one after the other."""

_SIZED_S = 5.0

FLAP_S = 600.0
"""Hosts that are wanted again within this time had better not been let go."""

_DRAINED_S = 7200.0
"""After the last job was handed in, all are to be done within this time."""


class ClassReport(msgspec.Struct, frozen=True, kw_only=True):
    """Jobs of a class that were spoken; seconds from being handed in until they began."""

    jobs: int
    wait_p50_s: float
    wait_p99_s: float
    wait_max_s: float


class FleetReport(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a simulated fleet. Times in virtual seconds, but `took_s`.

    jobs: all that were handed in; each has one outcome. redelivered: deliveries but the first of a
    job. spoken_twice: audio that lost. overflow: jobs that came to a host without a slot for them,
    and went back. lost_leases: times that a host did not lengthen one in time. most_beyond: jobs
    that a host had in hand beyond its cores, at most. drained_s: from the last job handed in to the
    last outcome. desired: hosts wanted, the fewest and the most of the second half, and how often
    that changed. flaps: times that hosts were wanted again within `FLAP_S` of some being let go, in
    the whole run. faults: what went wrong, and how often.
    """

    hosts: int
    seconds: float
    cores: int
    jobs: int
    done: int
    expired: int
    redelivered: int
    spoken_twice: int
    overflow: int
    lost_leases: int
    most_beyond: int
    use_percent: float
    drained_s: float
    desired_fewest: int
    desired_most: int
    desired_changes: int
    flaps: int
    classes: dict[str, ClassReport]
    faults: dict[str, int]
    took_s: float


def simulate_fleet(
    scenario: FleetScenario, tell: Callable[[float], None] | None = None
) -> FleetReport:
    """Play a fleet; `tell` is told the part that is done. Raises PromiseBroken, with what was."""
    return _FleetRun(scenario).run(tell or (lambda _done: None))


class _FleetRun:
    def __init__(self, scenario: FleetScenario) -> None:
        self.scenario = scenario
        self.draw = random.Random(scenario.seed)  # noqa: S311  # a run can be played again
        self.clock = Clockwork()
        sources = tuple(e.Source(name, name) for name in e.CLASSES)
        rules = msgspec.structs.replace(scenario.rules, sources=sources)
        scenario = msgspec.structs.replace(scenario, rules=rules)
        self.queue = SimulatedQueue(self.clock, rules.lease_s, scenario.latency_s)
        self.hosts = [
            SimulatedHost(
                f"h{number}",
                scenario.cores[number % len(scenario.cores)],
                self.queue,
                scenario,
                self.draw,
            )
            for number in range(scenario.hosts)
        ]
        self.cores = sum(host.cores for host in self.hosts)
        self.sizing = Sizing()
        self.desired: list[tuple[float, int]] = []
        self.faults: dict[str, int] = {}
        self._count = 0
        self._busy: list[float] = []

    def run(self, tell: Callable[[float], None]) -> FleetReport:
        began = time.perf_counter()
        scenario, clock = self.scenario, self.clock
        for group in range(_LOOKS):
            clock.every(
                _LOOK_S, partial(_look, self.hosts[group::_LOOKS]), group * _LOOK_S / _LOOKS
            )
        clock.every(60.0, self._hear_clocks)
        clock.every(_SIZED_S, self._size, start=_SIZED_S)
        for number in range(len(e.CLASSES)):
            clock.at(0.0, self._hand_in, number)
        self._plan_faults()
        for hundredth in range(1, 100):
            clock.run(hundredth * scenario.seconds / 100)
            tell(hundredth / 100)
        clock.run(scenario.seconds)
        clock.run(scenario.seconds + _DRAINED_S, done=lambda: not self.queue.jobs)
        if self.queue.jobs:
            raise PromiseBroken(f"{len(self.queue.jobs)} jobs were never done")
        tell(1.0)
        return self._report(time.perf_counter() - began)

    # -- work ---------------------------------------------------------------------------

    def _hand_in(self, number: int) -> None:
        """Hand in a job of this class, and plan the next."""
        scenario, now = self.scenario, self.clock.now
        if now >= scenario.seconds:
            return
        mean = scenario.cost_s[number]
        if now > 0:
            self.queue.submit(self._job(e.CLASSES[number], mean))
        load = scenario.load * self.cores * scenario.shares[number]
        middle = abs(now - scenario.seconds / 2) < scenario.seconds / 12
        rate = load / mean * (scenario.peak if middle else 1.0)
        if rate > 0:
            self.clock.at(now + self.draw.expovariate(rate), self._hand_in, number)

    def _job(self, job_class: e.JobClass, mean_s: float) -> Job:
        """Half of its cost is the same for all of a class, the rest has a long tail."""
        scenario, now = self.scenario, self.clock.now
        self._count += 1
        cost_s = mean_s * (0.5 + self.draw.expovariate(2.0))
        job = Job(self._count, job_class, cost_s, now)
        skew_s = self.draw.uniform(-1, 1) * scenario.faults.skew_s
        job.handed_in = now + skew_s
        if self.draw.random() < scenario.deadlines:
            job.deadline = job.handed_in + scenario.deadline_s
            job.true_deadline = now + scenario.deadline_s
        return job

    # -- what goes wrong ----------------------------------------------------------------

    def _plan_faults(self) -> None:
        faults, hosts = self.scenario.faults, self.scenario.hosts
        for name, rate in (
            ("lost", faults.lost * hosts),
            ("agents", faults.agents * hosts),
            ("supervisors", faults.supervisors * hosts),
            ("cuts", faults.cuts * hosts),
            ("hot", faults.hot * hosts),
            ("elections", faults.elections),
        ):
            self.faults[name] = 0
            if rate > 0:
                self._plan(name, rate / 3600.0)

    def _plan(self, name: str, rate: float) -> None:
        at = self.clock.now + self.draw.expovariate(rate)
        if at < self.scenario.seconds:
            self.clock.at(at, self._fault, name, rate)

    def _fault(self, name: str, rate: float) -> None:
        self.faults[name] += 1
        draw, host = self.draw, self.draw.choice(self.hosts)
        match name:
            case "lost":
                host.kill_agent(draw.uniform(60, 300), host=True)
            case "agents":
                host.kill_agent(draw.uniform(0.5, 3))
            case "supervisors":
                host.kill_supervisor(draw.uniform(0.3, 5))
            case "cuts":
                host.cut(draw.uniform(5, 60))
            case "hot":
                host.hot = True
                self.clock.at(self.clock.now + draw.uniform(60, 300), host.cool)
            case "elections":
                self.queue.elect(draw.uniform(4, 9), again=0.05, ended=0.5)
        self._plan(name, rate)

    # -- looking ------------------------------------------------------------------------

    def _hear_clocks(self) -> None:
        for host in self.hosts:
            host.clock_heard()

    def _size(self) -> None:
        figures = [host.figures for host in self.hosts if host.alive]
        size = self.sizing.look(self.clock.now, self.queue.backlog_s, figures)
        if self.clock.now <= self.scenario.seconds:
            self.desired.append((self.clock.now, size.desired))
            self._busy.append(sum(one.busy for one in figures))

    def _report(self, took_s: float) -> FleetReport:
        jobs = self.queue.known.values()
        for job in jobs:
            if job.winner is None:
                raise PromiseBroken(f"job {job.id} has no outcome")
            if job.winner[1] == "done" and job.winner[0] not in self.queue.audio:
                raise PromiseBroken(f"the audio of job {job.id} is gone")
        late = [desired for at, desired in self.desired if at >= self.scenario.seconds / 2]
        leases = [host.machine.leases.counts for host in self.hosts]
        return FleetReport(
            hosts=len(self.hosts),
            seconds=self.scenario.seconds,
            cores=self.cores,
            jobs=len(jobs),
            done=sum(job.winner is not None and job.winner[1] == "done" for job in jobs),
            expired=sum(job.winner is not None and job.winner[1] == "expired" for job in jobs),
            redelivered=self.queue.redelivered,
            spoken_twice=self.queue.audio_lost,
            overflow=sum(host.overflow for host in self.hosts),
            lost_leases=sum(counts["lost"] for counts in leases)
            + sum(host.lost_leases for host in self.hosts),
            most_beyond=max(host.most_held - host.cores for host in self.hosts),
            use_percent=100 * sum(self._busy) / max(1, len(self._busy) * self.cores),
            drained_s=self.clock.now - self.scenario.seconds,
            desired_fewest=min(late, default=0),
            desired_most=max(late, default=0),
            desired_changes=sum(a != b for a, b in pairwise(late)),
            flaps=_flaps(self.desired),
            classes={name: _waits(list(jobs), name) for name in e.CLASSES},
            faults=self.faults,
            took_s=took_s,
        )


def _flaps(desired: list[tuple[float, int]]) -> int:
    flaps, let_go = 0, -math.inf
    for (_, before), (at, after) in pairwise(desired):
        if after < before:
            let_go = at
        elif after > before and at < let_go + FLAP_S:
            flaps += 1
    return flaps


def _look(hosts: list[SimulatedHost]) -> None:
    for host in hosts:
        host.look()


def _waits(jobs: list[Job], name: e.JobClass) -> ClassReport:
    waits = sorted(
        job.begun_at - job.stored_at
        for job in jobs
        if job.job_class == name and job.begun_at is not None
    )

    def part(share: float) -> float:
        return waits[math.ceil(share * len(waits)) - 1] if waits else 0.0

    return ClassReport(
        jobs=len(waits), wait_p50_s=part(0.5), wait_p99_s=part(0.99), wait_max_s=part(1.0)
    )
