"""Whether a constant load leaves the pool at rest: 0 to 19 cores in tenths, an hour each.

The same 191 hours, under both modes, as a fluid and as whole segments of one
core-second (evenly spaced) with the real split, placement and worker-slot machine.
Random arrivals are no constant load; how often they move the count is measured
beside it, for a rival too.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import fmean as mean

from benchmarks.harness import Claim, Result, Sample, at_most, measure, say
from benchmarks.restlessness import restlessness
from supervisor.core.allocation.allocator import DynamicCPUAllocator
from supervisor.core.allocation.policy import Policy
from supervisor.simulate.fluid import CountChange, CountRule, run_fluid
from supervisor.simulate.report import QUIET_S
from supervisor.simulate.rivals import HorizontalRule, OriginalRule
from supervisor.simulate.run import simulate
from supervisor.simulate.scenario import EngineModel, MachineModel, Scenario
from supervisor.simulate.workload import SegmentSource, parse
from tests.fixtures.defaults import policy_with

USABLE = 19
HOUR = 3600.0
TENTHS = range(USABLE * 10 + 1)
ENGINE = EngineModel(seconds_per_character=0.0125)
DEFAULT = policy_with(max_cores=USABLE)
AGGRESSIVE = policy_with(max_cores=USABLE, aggressive_mode=True)


def run() -> Result:
    """One sample per load and arm."""
    arms: dict[str, list[Sample]] = {}
    for name, rule in _RULES.items():
        arms[f"{name}, fluid"] = [_measures(load / 10, _fluid(rule, load / 10)) for load in TENTHS]
        say(f"{name}: {USABLE * 10 + 1} simulated hours as a fluid")
    for name, policy in (("default", DEFAULT), ("aggressive", AGGRESSIVE)):
        arms[f"{name}, segments"] = [_segments(policy, load / 10, "constant") for load in TENTHS]
        say(f"{name}: {len(TENTHS)} simulated hours in segments")
    arms["default, random arrivals"] = [
        _segments(DEFAULT, float(load), "poisson") for load in range(USABLE + 1)
    ]
    random = arms["default, random arrivals"]
    moved = mean(measure(random, "changes_after_settling"))
    moved_late = mean(measure(random, "changes_in_last_half"))
    return Result(
        title="The pool does not flap",
        arms=arms,
        claims=[
            *_flapping("every constant load, default", arms["default, fluid"]),
            *_flapping("every constant load, aggressive_mode", arms["aggressive, fluid"]),
            *_flapping("whole segments, default", arms["default, segments"]),
            *_flapping("whole segments, aggressive_mode", arms["aggressive, segments"]),
            _resplitting("whole segments, default", arms["default, segments"]),
            _resplitting("whole segments, aggressive_mode", arms["aggressive, segments"]),
        ],
        notes=[
            f"settled: no change for {QUIET_S:g} s",
            f"changes of the count an hour under random arrivals, after settling: {moved:.1f}",
            f"the same, in the second half hour: {moved_late:.1f}",
        ],
    )


_RULES: dict[str, Callable[[], CountRule]] = {
    "default": lambda: DynamicCPUAllocator(DEFAULT, USABLE),
    "aggressive": lambda: DynamicCPUAllocator(AGGRESSIVE, USABLE),
    "original rule": lambda: OriginalRule(DEFAULT, USABLE, None, 0.0),
    "horizontal autoscaler": lambda: HorizontalRule(DEFAULT, USABLE),
}


def _fluid(rule: Callable[[], CountRule], load: float) -> list[CountChange]:
    return run_fluid(rule(), lambda _: load, seconds=HOUR, usable=USABLE)


def _segments(policy: Policy, load: float, form: str) -> Sample:
    scenario = Scenario(MachineModel(USABLE), ENGINE, policy)
    played = simulate(scenario, parse(f"{form}:load={load}", SegmentSource(ENGINE), HOUR))
    return {
        **_measures(load, played.changes),
        "splits_in_last_half": sum(at > HOUR / 2 for at in played.splits_changed),
    }


def _measures(load: float, changes: list[CountChange]) -> Sample:
    return {"load_cores": load, **restlessness(changes, 0.0, HOUR)}


def _flapping(claim: str, samples: list[Sample]) -> list[Claim]:
    return [
        at_most(f"{claim}: {title}, at the worst load", max(measure(samples, name)), 0, "changes")
        for title, name in (
            ("changes after settling", "changes_after_settling"),
            ("changes in the last half hour", "changes_in_last_half"),
        )
    ]


def _resplitting(claim: str, samples: list[Sample]) -> Claim:
    worst = max(measure(samples, "splits_in_last_half"))
    return at_most(
        f"{claim}: new splits in the last half hour, at the worst load", worst, 0, "changes"
    )
