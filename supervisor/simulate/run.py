"""One simulated run: the world advances, the core gets a sample once an interval and decides."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from supervisor.config.windows import minute_of_week
from supervisor.core.allocation.allocator import DynamicCPUAllocator
from supervisor.core.allocation.forecast import Forecaster
from supervisor.core.allocation.placement import LASTING_S, Placer
from supervisor.core.allocation.policy import Configured, Sampled
from supervisor.core.allocation.shape import WorkerShaper
from supervisor.core.machine import WorkerShape
from supervisor.simulate.fluid import CountChange, CountRule
from supervisor.simulate.foresight import ForeseeingAllocator
from supervisor.simulate.scenario import Scenario
from supervisor.simulate.workload import Workload
from supervisor.simulate.world import World


class Step(NamedTuple):
    """Observation and decision of one sample. `utilization` in percent, `split` thread counts."""

    time_s: float
    utilization: float
    cores: int
    waiting: int
    running: int
    split: tuple[int, ...]


@dataclass
class Run:
    """Results of a run. `waits` in seconds, those still waiting included; `arrivals`: when each
    of these segments arrived.
    """

    workload: str
    seconds: float
    changes_at: float
    steps: list[Step] = field(default_factory=list)
    changes: list[CountChange] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    arrivals: list[float] = field(default_factory=list)
    splits_changed: list[float] = field(default_factory=list)
    """Times when the same number of cores was split anew."""
    core_seconds: float = 0.0
    rebuilds: int = 0
    refused: int = 0
    expired: int = 0
    forecaster: Forecaster | None = None
    """What it has learned by the end; None where nothing was foretold."""


def simulate(scenario: Scenario, workload: Workload, rule: CountRule | None = None) -> Run:
    """Play the workload to its end. `rule` decides on the number of cores; default: the product's.

    How cores split into workers and where these are is the product's in any case. A rule of another
    kind takes no changes of the settings.
    """
    return _Simulation(scenario, workload, rule).run()


def _allocator(scenario: Scenario) -> DynamicCPUAllocator:
    policy, cores = scenario.policy, scenario.machine.cores
    if scenario.forecast is None:
        return DynamicCPUAllocator(policy, cores)
    return ForeseeingAllocator(
        policy, cores, scenario.forecast, minute_of_week, start=scenario.start
    )


class _Simulation:
    def __init__(self, scenario: Scenario, workload: Workload, rule: CountRule | None) -> None:
        self.scenario = scenario
        self.workload = workload
        self.interval = scenario.policy.monitoring_interval
        self.rule = rule or _allocator(scenario)
        self.shaper = WorkerShaper(scenario.policy, scenario.threads_per_worker)
        self.shaper.speedup = scenario.engine.table
        self.placer = Placer(scenario.machine.machine)
        self.foreign = scenario.machine.foreign_load
        self.world = World(scenario.engine, self.foreign, scenario.bounds)
        self.shapes: tuple[WorkerShape, ...] = ()
        self.split: tuple[int, ...] = ()
        self._replaced_at = 0.0
        self._to_come = list(scenario.changes)[::-1]
        self.result = Run(workload.name, workload.seconds, workload.changes_at)

    def run(self) -> Run:
        self._apply(0.0, 0.0, frozenset())
        arrivals = self.workload.arrivals()
        arrival = next(arrivals, None)
        for step in range(1, int(self.workload.seconds / self.interval) + 1):
            now = step * self.interval
            while arrival is not None and arrival.time_s <= now:
                self.world.advance(arrival.time_s)
                self.world.submit(arrival)
                arrival = next(arrivals, None)
            self.world.advance(now)
            self._change_settings(now)
            self._sample(now)
        return self._conclude()

    def _change_settings(self, now: float) -> None:
        """Take the changes that are due. The interval of the samples stays."""
        while self._to_come and self._to_come[-1].time_s <= now:
            change = self._to_come.pop()
            before = self.rule.cores
            if isinstance(self.rule, DynamicCPUAllocator):
                event = Configured(now, change.policy, change.threads_per_worker)
                self.rule.handle(event)
            if isinstance(self.rule, ForeseeingAllocator) and change.forecast is not None:
                self.rule.forecaster.policy = change.forecast
            self.shaper.configure(change.policy, change.threads_per_worker)
            self.world.configure(change.bounds)
            if self.rule.cores != before:
                self.result.changes.append(CountChange(now, before, self.rule.cores))

    def _sample(self, now: float) -> None:
        seen = self.world.look()
        scale = 100.0 / (max(1, seen.leased) * self.interval)
        used = min(100.0, scale * seen.wanted_s)
        sample = Sampled(
            now,
            used,
            self.scenario.machine.cores,
            starved=max(0.0, used - scale * seen.used_s),
            leased=seen.leased or None,
            backlog_s=seen.backlog_s,
            demand=seen.waiting + seen.running,
            waiting=seen.waiting,
            idle=seen.idle,
            finished=seen.finished,
            building=seen.building,
        )
        before = self.rule.cores
        if self.rule.handle(sample):
            self.result.changes.append(CountChange(now, before, self.rule.cores))
        # As the allocation machine does it: what is foretold is of many segments.
        foretold = 0
        if isinstance(self.rule, DynamicCPUAllocator):
            foretold = min(self.rule.limits.forecast, self.rule.cores)
        self._apply(now, max(seen.demand, foretold), seen.busy_slots)
        self.result.steps.append(
            Step(
                time_s=now,
                utilization=used,
                cores=self.rule.cores,
                waiting=seen.waiting,
                running=seen.running,
                split=self.split,
            )
        )

    def _apply(self, now: float, demand: float, busy: frozenset[int]) -> None:
        build_s = self.scenario.engine.session_build_s
        split = self.shaper.decide(now, self.rule.cores, demand, build_s)
        if split != self.split:
            if sum(split) == sum(self.split):
                self.result.splits_changed.append(now)
            self._replaced_at = now
        elif now - self._replaced_at > 3 * LASTING_S:
            return  # nothing to move: other programs of a simulation stay where they are
        self.split = split
        shapes = self.placer.place(
            now,
            split,
            usable=self.foreign,
            foreign=self.foreign,
            in_force=self.shapes,
            busy=busy,
        )
        if shapes != self.shapes:
            self.shapes = shapes
            self._replaced_at = now
            self.world.retarget(shapes)

    def _conclude(self) -> Run:
        result = self.result
        still = self.world.waiting_since
        result.waits = self.world.waits + [self.workload.seconds - arrived for arrived in still]
        result.arrivals = self.world.arrivals + still
        if isinstance(self.rule, ForeseeingAllocator):
            result.forecaster = self.rule.forecaster
        result.core_seconds = self.world.core_seconds
        result.rebuilds = self.world.rebuilds
        result.refused = self.world.jobs.counts["refused"]
        result.expired = self.world.jobs.counts["expired"]
        return result
