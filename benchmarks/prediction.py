"""Waits and core-hours with prediction, beside the same pool without it.

Sixteen usable cores, default settings, segments of two core-seconds that come at random, on loads
of one to two weeks (`load_traces`): those that return, those that do not, and three real ones. They
teach the forecast, which begins with nothing and looks every ten seconds, until two and a half days
are left; these count. The model is the fluid one, where a queue has no segments and a core is there
at once; a day of the alarms is played again with whole segments, workers, forks and sessions that
are rebuilt. A load on which the forecast never acted is played once, for the pool is the same then.
Late is what waited over a second.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from itertools import islice

from benchmarks.allocation_bursts import ENGINE
from benchmarks.harness import Claim, Result, Sample, at_most, say
from benchmarks.load_traces import DAY, TRACES, Trace, segments
from supervisor.core.allocation.forecast import Forecaster, ForecastPolicy
from supervisor.core.allocation.policy import Command, Sampled
from supervisor.simulate.fluid import run_fluid
from supervisor.simulate.foresight import ForeseeingAllocator
from supervisor.simulate.run import simulate
from supervisor.simulate.scenario import MachineModel, Scenario
from supervisor.simulate.workload import SegmentSource, Workload
from tests.fixtures.defaults import policy_with

USABLE = 16
LATE_S = 1.0
POLICY = policy_with(max_cores=USABLE)
LOOK_S = 10
COUNTED = 2.5 * DAY
WORST = 1.02

WITHOUT, WITH = "advise", "act"


def run() -> Result:
    """One sample per load, with and without."""
    arms: dict[str, list[Sample]] = {}
    # Two at a time, each for minutes; the alarms with segments last longest.
    with ProcessPoolExecutor(2) as pool:
        whole = [pool.submit(_play, acts) for acts in (False, True)]
        for name, pair in zip(TRACES, pool.map(_pair, TRACES), strict=True):
            arms |= {f"{name}: {arm}": [sample] for arm, sample in pair.items()}
            say(_said(name, arms))
        name = "alarms, whole segments"
        for arm, each in zip((WITHOUT, WITH), whole, strict=True):
            arms[f"{name}: {arm}"] = [each.result()]
        say(_said(name, arms))
    names = [*TRACES, name]
    return Result(
        title="Prediction is no worse than none",
        arms=arms,
        claims=[*_claims(names, arms)],
        notes=[
            "no day of a user is at hand: the one of all is made, and three are of other services",
            *(_said(each, arms) for each in names),
        ],
    )


def _pair(name: str) -> Mapping[str, Sample]:
    acting = _flow(name, acts=True)
    plain = _flow(name, acts=False) if acting["acts"] else {**acting, "acts": 0}
    return {WITHOUT: plain, WITH: acting}


class _Followed:
    """The allocator, with what waited too long and what it held."""

    def __init__(self, allocator: ForeseeingAllocator) -> None:
        self.allocator = allocator
        self.late = self.done = self.core_seconds = self.trusted = self.looks = 0.0

    @property
    def cores(self) -> int:
        return self.allocator.cores

    def handle(self, event: Sampled, /) -> list[Command]:
        """Decide on one sample, of a second."""
        self.done += event.finished
        self.late += event.finished * (event.backlog_s > LATE_S)
        self.core_seconds += self.cores
        self.looks += 1
        self.trusted += self.allocator.forecaster.standing == "trusted"
        return self.allocator.handle(event)


def _taught(trace: Trace, seconds: float, work: Iterator[float]) -> Forecaster:
    """What is known after so long a time."""
    allocator = ForeseeingAllocator(POLICY, USABLE, ForecastPolicy(), trace.calendar, trace.start)
    run_fluid(
        allocator,
        lambda _: sum(islice(work, LOOK_S)) / LOOK_S,
        seconds=seconds,
        usable=USABLE,
        interval=LOOK_S,
    )
    return allocator.forecaster


def _knowing(
    trace: Trace, start: float, forecaster: Forecaster, *, acts: bool
) -> ForeseeingAllocator:
    policy = ForecastPolicy(acts=acts)
    allocator = ForeseeingAllocator(POLICY, USABLE, policy, trace.calendar, start)
    allocator.forecaster = forecaster
    forecaster.policy = policy
    return allocator


def _flow(name: str, *, acts: bool) -> Sample:
    trace = TRACES[name]
    before = trace.days * DAY - COUNTED
    work = segments(trace.make(), seed=1)
    forecaster = _taught(trace, before, work)
    rule = _Followed(_knowing(trace, trace.start, forecaster, acts=acts))
    run_fluid(rule, lambda _: next(work), seconds=COUNTED, usable=USABLE, start=before)
    return {
        "late_percent": 100.0 * rule.late / rule.done,
        "core_hours": rule.core_seconds / 3600.0,
        "trusted_percent": 100.0 * rule.trusted / rule.looks,
        **_told(rule.allocator),
    }


def _told(allocator: ForeseeingAllocator) -> dict[str, float]:
    forecaster = allocator.forecaster
    return {
        "acts": allocator.decision_counts["forecast"],
        "loss_ratio": forecaster.judgement.ratio or 0.0,
        "rises": forecaster.judgement.rises,
        "rises_came": forecaster.judgement.came,
        "core_hours_for_nothing": forecaster.spent_s / 3600.0,
    }


def _play(acts: bool) -> Sample:  # noqa: FBT001  # a process pool passes no names
    """A day of alarms with whole segments, after three days that taught them."""
    trace, before = TRACES["alarms"], 3 * DAY
    load = trace.make()
    forecaster = _taught(trace, before, segments(load, seed=1))
    allocator = _knowing(trace, trace.start + before, forecaster, acts=acts)
    source = SegmentSource(ENGINE, seed=2)
    workload = Workload("alarms", DAY, lambda: source.random(load, 10.5, DAY))
    played = simulate(Scenario(MachineModel(USABLE), ENGINE, POLICY), workload, allocator)
    return {
        "late_percent": 100.0 * sum(wait > LATE_S for wait in played.waits) / len(played.waits),
        "core_hours": played.core_seconds / 3600.0,
        **_told(allocator),
    }


def _ratios(name: str, arms: Mapping[str, list[Sample]]) -> tuple[float, float]:
    """Lateness and core-hours with prediction ÷ without; a hundredth of a percent is none."""
    before, after = arms[f"{name}: {WITHOUT}"][0], arms[f"{name}: {WITH}"][0]
    late = (after["late_percent"] + 0.01) / (before["late_percent"] + 0.01)
    return late, after["core_hours"] / before["core_hours"]


def _said(name: str, arms: Mapping[str, list[Sample]]) -> str:
    before, after = arms[f"{name}: {WITHOUT}"][0], arms[f"{name}: {WITH}"][0]
    late, hours = _ratios(name, arms)
    return (
        f"{name}: late {before['late_percent']:.3f} → {after['late_percent']:.3f} % "
        f"({late:.2f} ×), core-hours {hours:.3f} ×, acted {after['acts']:.0f} times, "
        f"{after['rises_came']:.0f} of {after['rises']:.0f} rises came"
    )


def _claims(names: list[str], arms: Mapping[str, list[Sample]]) -> Iterator[Claim]:
    ratios = {name: _ratios(name, arms) for name in names}
    for which, what in enumerate(("lateness", "core-hours")):
        worst = max(names, key=lambda name: ratios[name][which])
        yield at_most(
            f"prediction, worst of {len(names)} loads: {what}",
            ratios[worst][which],
            WORST,
            "× without",
            worst,
        )
    for name in ("alarms", names[-1]):
        yield at_most(f"prediction, {name}: lateness", ratios[name][0], 1 / 3, "× without")
