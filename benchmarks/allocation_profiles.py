"""Waits of the sentences of alarms, and what they cost, with a time profile and without.

The load of `allocation_bursts`: half a core of work, and ten cores more for two minutes of each
hour, six hours from rest, sixteen usable cores, segments of two core-seconds. The profile is read
by the settings as any: the two minutes of every hour, with as many cores as there are and one
thread a worker; one arm has these cores without the threads. Each arm is played twice: in the fluid
model, where work has no segments and none arrives by chance, and with whole segments that arrive at
random (ten seeds, the same arrivals for every arm), the real split, placement and worker-slot
machine. There a share is of the segments that came in the two minutes; those that come alone have
no profile.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import fmean as mean
from typing import Any

from benchmarks.allocation_bursts import BASE, ENGINE, HOURS, LATE_S, USABLE
from benchmarks.harness import Claim, Result, Sample, at_most, measure, say
from supervisor.broker.bounds import bounds
from supervisor.config.loading import Loaded, load
from supervisor.core.allocation.allocator import DynamicCPUAllocator
from supervisor.core.allocation.policy import Command, Configured, Sampled
from supervisor.service.control import make_policy
from supervisor.simulate.fluid import CountRule, run_fluid
from supervisor.simulate.rivals import AverageRule
from supervisor.simulate.run import simulate
from supervisor.simulate.scenario import Change, MachineModel, Scenario
from supervisor.simulate.workload import SegmentSource, Workload

SEEDS = range(1, 11)
SECONDS = HOURS * 3600.0
START = 1_796_083_200.0
"""2026-12-01T00:00Z; the profile is in UTC."""
ALARMS = (1800.0, 1920.0)
"""Seconds of the hour: its minutes 30 and 31."""
MORE = 10.0

_CORES = {"performance": {"dynamic_cpu_allocation": {"min_cores": USABLE}}}
_EVERY = {"name": "alarms", "timezone": "UTC", "every": {"minute": "30-31"}}

ARMS: Mapping[str, list[dict[str, Any]]] = {
    "by the average alone": [],
    "default": [],
    "profile of cores": [{**_EVERY, "set": _CORES}],
    "profile of cores and threads": [
        {**_EVERY, "set": {**_CORES, "pool": {"threads_per_worker": 1}}}
    ],
}
AVERAGE, DEFAULT, CORES, PROFILE = ARMS


def run() -> Result:
    """One sample per arm in the fluid model, and one per arm and seed with segments."""
    arms: dict[str, list[Sample]] = {}
    for name, profiles in ARMS.items():
        loaded = _settings(profiles)
        arms[f"fluid: {name}"] = [_flow(name, loaded)]
        arms[f"segments: {name}"] = [_play(name, loaded, seed) for seed in SEEDS]
        say(name)
    average, default = (_hours(arms, name) for name in (AVERAGE, DEFAULT))
    return Result(
        title="A profile is there before the alarms",
        arms=arms,
        claims=[
            _late(arms, "fluid", "work"),
            _cost(arms, "fluid", AVERAGE),
            _late(arms, "segments", "what comes with the alarms"),
            _cost(arms, "segments", DEFAULT),
        ],
        notes=[
            f"late: waited over {LATE_S:g} s for a worker; shares are of all seeds together",
            f"core-hours with segments: {average:.1f} {AVERAGE}, {default:.1f} by default",
        ],
    )


def _settings(profiles: list[dict[str, Any]]) -> Loaded:
    """The settings at the start, as the supervisor reads them."""
    section = {"performance": {"dynamic_cpu_allocation": {"max_cores": USABLE}}}
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "config.json"
        path.write_text(json.dumps({**section, "profiles": profiles}))
        return load(path, None, {}, at=START)


def _changes(loaded: Loaded) -> tuple[Change, ...]:
    return tuple(
        Change(
            at - START,
            make_policy(then),
            then.settings.pool.threads_per_worker,
            bounds(then.settings),
        )
        for at, then in loaded.edges(START, START + SECONDS)
    )


def _load(now: float) -> float:
    return BASE + MORE * (ALARMS[0] <= now % 3600.0 < ALARMS[1])


def _rule(name: str, loaded: Loaded) -> CountRule:
    make: Callable[..., CountRule] = AverageRule if name == AVERAGE else DynamicCPUAllocator
    return make(make_policy(loaded), USABLE)


class _Followed:
    """A rule that takes the changes of the settings, with what waited too long and the cores."""

    def __init__(self, rule: CountRule, changes: tuple[Change, ...]) -> None:
        self.late = self.done = self.core_seconds = 0.0
        self._rule = rule
        self._to_come = [*changes]

    @property
    def cores(self) -> int:
        return self._rule.cores

    def handle(self, event: Sampled, /) -> list[Command]:
        """Decide on one sample, of a second."""
        self.done += event.finished
        self.late += event.finished * (event.backlog_s > LATE_S)
        self.core_seconds += self.cores
        commands: list[Command] = []
        while self._to_come and self._to_come[0].time_s <= event.now:
            change = self._to_come.pop(0)
            if isinstance(self._rule, DynamicCPUAllocator):
                told = Configured(event.now, change.policy, change.threads_per_worker)
                commands += self._rule.handle(told)
        return commands + self._rule.handle(event)


def _flow(name: str, loaded: Loaded) -> Sample:
    rule = _Followed(_rule(name, loaded), _changes(loaded))
    changes = run_fluid(rule, _load, seconds=SECONDS, usable=USABLE)
    return {
        "counted": rule.done,
        "late": rule.late,
        "late_percent": 100.0 * rule.late / rule.done,
        "core_hours": rule.core_seconds / 3600.0,
        "changes": len(changes),
    }


def _play(name: str, loaded: Loaded, seed: int) -> Sample:
    segments = SegmentSource(ENGINE, seed=seed)
    workload = Workload("alarms", SECONDS, lambda: segments.random(_load, BASE + MORE, SECONDS))
    policy = make_policy(loaded)
    scenario = Scenario(MachineModel(USABLE), ENGINE, policy, changes=_changes(loaded))
    rule = _rule(name, loaded) if name == AVERAGE else None
    played = simulate(scenario, workload, rule)
    alarms = [
        wait
        for wait, arrived in zip(played.waits, played.arrivals, strict=True)
        if ALARMS[0] <= arrived % 3600.0 < ALARMS[1]
    ]
    return {
        "counted": len(alarms),
        "late": sum(wait > LATE_S for wait in alarms),
        "late_percent": 100.0 * mean(wait > LATE_S for wait in alarms),
        "all": len(played.waits),
        "late_of_all": sum(wait > LATE_S for wait in played.waits),
        "core_hours": played.core_seconds / 3600.0,
        "changes": len(played.changes),
        "rebuilds": played.rebuilds,
    }


def _share(samples: list[Sample], late: str = "late", counted: str = "counted") -> float:
    """Percent."""
    return 100.0 * sum(measure(samples, late)) / sum(measure(samples, counted))


def _hours(arms: Mapping[str, list[Sample]], name: str) -> float:
    return mean(measure(arms[f"segments: {name}"], "core_hours"))


def _late(arms: Mapping[str, list[Sample]], model: str, what: str) -> Claim:
    now, before = arms[f"{model}: {PROFILE}"], arms[f"{model}: {DEFAULT}"]
    said = f"{_share(before):.2f} % without a profile"
    if model == "segments":
        every = [_share(samples, "late_of_all", "all") for samples in (now, before)]
        cores = _share(arms[f"segments: {CORES}"])
        said += f", {cores:.2f} % with its cores alone"
        said += f"; of all sentences {every[0]:.2f} %, without {every[1]:.2f} %"
    return at_most(f"{model}: {what} that waits over a second", _share(now), 0.1, "%", said)


def _cost(arms: Mapping[str, list[Sample]], model: str, name: str) -> Claim:
    now, before = arms[f"{model}: {PROFILE}"], arms[f"{model}: {name}"]
    hours, were = sum(measure(now, "core_hours")), sum(measure(before, "core_hours"))
    return at_most(
        f"{model}: core-hours",
        hours / were,
        1.15,
        "× those by default" if name == DEFAULT else f"× those {name}",
        f"{hours / HOURS / len(now):.2f} cores on average",
    )
