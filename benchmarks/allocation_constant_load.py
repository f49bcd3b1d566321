"""Whether a constant load leaves the pool at rest: 0 to 19 cores in tenths, an hour each.

The same 191 hours as a fluid under both modes, and as whole segments of one
core-second (evenly spaced) with the real split, placement and worker-slot machine.
Random arrivals are no constant load; how often they move the count is measured
beside it, for a rival too.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import fmean as mean

from benchmarks.harness import Claim, Result, Sample, at_most, measure, say
from supervisor.core.allocation import DynamicCPUAllocator
from supervisor.core.policy import Policy
from supervisor.simulate.fluid import Change, CountRule, run_fluid
from supervisor.simulate.report import QUIET_S, settling
from supervisor.simulate.rivals import HorizontalRule, OriginalRule
from supervisor.simulate.run import simulate
from supervisor.simulate.scenario import EngineModel, MachineModel, Scenario
from supervisor.simulate.workload import Segments, parse

USABLE = 19
HOUR = 3600.0
TENTHS = range(USABLE * 10 + 1)
ENGINE = EngineModel(seconds_per_character=0.0125)
DEFAULT = Policy(max_cores=USABLE)
AGGRESSIVE = Policy(max_cores=USABLE, aggressive_mode=True)


def run() -> Result:
    """One sample per load and arm."""
    arms: dict[str, list[Sample]] = {}
    for name, rule in _RULES.items():
        arms[f"{name}, fluid"] = [_measures(load / 10, _fluid(rule, load / 10)) for load in TENTHS]
        say(f"{name}: {USABLE * 10 + 1} simulated hours as a fluid")
    for name, policy in (("default", DEFAULT), ("aggressive", AGGRESSIVE)):
        tenths = TENTHS if name == "default" else range(0, USABLE * 10 + 1, 10)
        arms[f"{name}, segments"] = [_segments(policy, load / 10, "constant") for load in tenths]
        say(f"{name}: {len(tenths)} simulated hours in segments")
    arms["default, random arrivals"] = [
        _segments(DEFAULT, float(load), "poisson") for load in range(USABLE + 1)
    ]
    random = arms["default, random arrivals"]
    moved = mean(measure(random, "changes_after_settling"))
    even = arms["default, segments"]
    resplit = sum(sample["splits_in_last_half"] > 0 for sample in even)
    moved_late = mean(measure(random, "changes_in_last_half"))
    return Result(
        title="The pool does not flap",
        arms=arms,
        claims=[
            _flapping("every constant load, default", arms["default, fluid"]),
            _flapping("every constant load, aggressive_mode", arms["aggressive, fluid"]),
            _flapping("every constant load in whole segments, default", arms["default, segments"]),
        ],
        notes=[
            f"settled: no change for {QUIET_S:g} s",
            f"changes of the count an hour under random arrivals, after settling: {moved:.1f}",
            f"the same, in the second half hour: {moved_late:.1f}",
            f"hours in whose second half a settled split changes: {resplit} of {len(even)}",
        ],
    )


_RULES: dict[str, Callable[[], CountRule]] = {
    "default": lambda: DynamicCPUAllocator(DEFAULT, USABLE),
    "aggressive": lambda: DynamicCPUAllocator(AGGRESSIVE, USABLE),
    "original rule": lambda: OriginalRule(DEFAULT, USABLE, None, 0.0),
    "horizontal autoscaler": lambda: HorizontalRule(DEFAULT, USABLE),
}


def _fluid(rule: Callable[[], CountRule], load: float) -> list[Change]:
    return run_fluid(rule(), lambda _: load, seconds=HOUR, usable=USABLE)


def _segments(policy: Policy, load: float, form: str) -> Sample:
    scenario = Scenario(MachineModel(USABLE), ENGINE, policy)
    played = simulate(scenario, parse(f"{form}:load={load}", Segments(ENGINE), HOUR))
    return {
        **_measures(load, played.changes),
        "splits_in_last_half": sum(at > HOUR / 2 for at in played.splits_changed),
    }


def _measures(load: float, changes: list[Change]) -> Sample:
    settled = settling(changes, 0.0, HOUR)
    rest = HOUR if settled is None else settled
    return {
        "load_cores": load,
        "settled_after_s": rest,
        "changes_after_settling": sum(change.time_s > rest for change in changes),
        "changes_in_last_half": sum(change.time_s > HOUR / 2 for change in changes),
    }


def _flapping(claim: str, samples: list[Sample]) -> Claim:
    late = max(sample["changes_after_settling"] for sample in samples)
    return at_most(f"{claim}: changes after settling, at the worst load", late, 0, "changes")
