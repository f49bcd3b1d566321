"""Our policy beside the original's rule and a horizontal autoscaler, on the same traces.

A host of 20 cores, 19 for the pool; segments of one core-second; an hour each. All
rules decide on the number of cores alone: how these split into workers and where
they lie is ours in every arm. The original's rule is played as written (measured
over the whole host) and, kinder, measured over the pool's own cores.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from benchmarks.harness import Result, Sample, say
from supervisor.core.allocation.allocator import DynamicCPUAllocator
from supervisor.simulate.fluid import CountRule
from supervisor.simulate.report import report
from supervisor.simulate.rivals import HorizontalRule, OriginalRule
from supervisor.simulate.run import simulate
from supervisor.simulate.scenario import EngineModel, MachineModel, Scenario
from supervisor.simulate.workload import SegmentSource, parse
from tests.fixtures.defaults import BOUNDS, limits_with, policy_with

HOST = 20
HOUR = 3600.0
ALL_COME_IN = replace(BOUNDS, limits=limits_with(jobs=1 << 40, work_s=1e12, bytes=1 << 60))
"""A pool that is too small is to show how long it keeps segments waiting, not refuse them."""

ENGINE = EngineModel(seconds_per_character=0.0125)
POLICY = policy_with(max_cores=19)
AGGRESSIVE = policy_with(max_cores=19, aggressive_mode=True)

TRACES = {
    "a step to 12 cores": ("step:load=12,at=60", 0.0),
    "a day in an hour, 1 to 12 cores": ("diurnal:low=1,high=12,period=3600", 0.0),
    "200 segments every 10 min": ("burst:segments=200,every=600", 0.0),
    "random, 3 cores": ("poisson:load=3", 0.0),
    "random, 0.3 cores, strangers use 16": ("poisson:load=0.3", 16.0),
}
"""Workload, and how many cores strangers use."""

RULES: dict[str, Callable[[float], CountRule]] = {
    "ours": lambda _: DynamicCPUAllocator(POLICY, HOST),
    "ours, aggressive_mode": lambda _: DynamicCPUAllocator(AGGRESSIVE, HOST),
    "original, over the host": lambda foreign: OriginalRule(POLICY, HOST, HOST, foreign),
    "original, over the pool": lambda _: OriginalRule(POLICY, HOST, None, 0.0),
    "horizontal autoscaler": lambda _: HorizontalRule(POLICY, HOST),
}


def run() -> Result:
    """One run per trace and rule: everything is simulated, so one tells all."""
    arms: dict[str, list[Sample]] = {}
    for trace, (form, foreign) in TRACES.items():
        for name, rule in RULES.items():
            arms[f"{trace}: {name}"] = [_play(form, foreign, rule(foreign))]
        say(trace)
    return Result(
        title="Against the original policy and a horizontal autoscaler",
        arms=arms,
        claims=[],
        notes=[
            "segments that no worker had taken when the hour ended count with their wait so far"
        ],
    )


def _play(form: str, foreign: float, rule: CountRule) -> Sample:
    scenario = Scenario(MachineModel(HOST, foreign=foreign), ENGINE, POLICY, bounds=ALL_COME_IN)
    found = report(simulate(scenario, parse(form, SegmentSource(ENGINE), HOUR), rule))
    return {
        "mean_wait_s": found.mean_wait_s or 0.0,
        "p95_wait_s": found.p95_wait_s or 0.0,
        "core_s": found.core_seconds,
        "changes": found.changes,
        "most_cores": found.peak_cores,
    }
