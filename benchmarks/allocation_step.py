"""Time until the pool follows a step: 19 usable cores, at rest, then load for 12 arrives.

Twice: as a fluid (the policy alone) and as whole segments of one core-second with
the real split, placement and worker-slot machine. 16 cores are what 12 cores of
work take at a target of 75 %; enough to keep up are 12.
"""

from __future__ import annotations

from benchmarks.harness import Result, Sample, at_most
from benchmarks.restlessness import restlessness
from supervisor.core.allocation.allocator import DynamicCPUAllocator
from supervisor.core.allocation.policy import Policy
from supervisor.simulate.fluid import CountChange, run_fluid
from supervisor.simulate.report import QUIET_S
from supervisor.simulate.run import simulate
from supervisor.simulate.scenario import EngineModel, MachineModel, Scenario
from supervisor.simulate.workload import SegmentSource, parse
from tests.fixtures.defaults import policy_with

USABLE = 19
LOAD = 12
RIGHT = 16
AT, SECONDS = 60.0, 3600.0


def run() -> Result:
    """Both worlds under both modes; all simulated, so one round tells everything."""
    arms: dict[str, list[Sample]] = {}
    for mode, aggressive in (("default", False), ("aggressive", True)):
        policy = policy_with(max_cores=USABLE, aggressive_mode=aggressive)
        arms[f"{mode}, fluid"] = [_measures(_fluid(policy))]
        arms[f"{mode}, segments"] = [_measures(_segments(policy))]
    default = [arms["default, fluid"][0], arms["default, segments"][0]]
    eager = [arms["aggressive, fluid"][0], arms["aggressive, segments"][0]]
    return Result(
        title="The pool follows a step of load",
        arms=arms,
        claims=[
            at_most(
                "default policy: cores beyond the right number",
                max(sample["beyond_16_cores"] for sample in default),
                1,
                "cores",
            ),
            at_most(
                "aggressive_mode: enough cores",
                max(sample["enough_after_s"] for sample in eager),
                3,
                "s",
            ),
            at_most(
                "changes after settling, policy alone",
                sum(arms[arm][0]["changes_after_settling"] for arm in arms if "fluid" in arm),
                0,
                "changes",
            ),
            at_most(
                "changes after settling, whole segments",
                sum(arms[arm][0]["changes_after_settling"] for arm in arms if "segments" in arm),
                0,
                "changes",
                "12 of 16 cores are exactly the target of 75 %: a rebuilt split may tip it",
            ),
            at_most(
                "changes in the last half of the hour, all arms",
                sum(arms[arm][0]["changes_in_last_half"] for arm in arms),
                0,
                "changes",
            ),
        ],
        notes=[f"settled: no change for {QUIET_S:g} s"],
    )


def _fluid(policy: Policy) -> list[CountChange]:
    return run_fluid(
        DynamicCPUAllocator(policy, USABLE),
        lambda now: LOAD if now > AT else 0.0,
        seconds=SECONDS,
        usable=USABLE,
    )


def _segments(policy: Policy) -> list[CountChange]:
    engine = EngineModel(seconds_per_character=0.0125)
    scenario = Scenario(MachineModel(USABLE), engine, policy)
    load = parse(f"step:load={LOAD},at={AT}", SegmentSource(engine), SECONDS)
    return simulate(scenario, load).changes


def _measures(changes: list[CountChange]) -> Sample:
    return {
        "enough_after_s": next(c.time_s for c in changes if c.after >= LOAD) - AT,
        "right_after_s": next((c.time_s for c in changes if c.after >= RIGHT), SECONDS) - AT,
        "most_cores": max(change.after for change in changes),
        "beyond_16_cores": max(0, max(change.after for change in changes) - RIGHT),
        **restlessness(changes, AT, SECONDS),
    }
