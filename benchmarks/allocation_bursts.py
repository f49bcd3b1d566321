"""Waits of bursts by default, and their cost, beside the rule that the default once was.

16 usable cores, segments of two core-seconds that arrive at random, six hours from rest, played
with the real split, placement and worker-slot machine. `alarms`: half a core of work, and ten
cores more for two minutes of each hour. `random bursts`: half a core of work, and every ten
minutes on average three to twelve cores more, for half a minute to three. Ten seeds each; a seed
is another burst pattern, too. Every arm sees the same arrivals. Beside them the rule that went by
the average alone, one core a step; how cores split into workers is the product's in every arm.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from statistics import fmean as mean

from benchmarks.harness import Claim, Result, Sample, at_most, measure, percentile, say
from supervisor.core.allocation.allocator import DynamicCPUAllocator
from supervisor.simulate.fluid import CountRule
from supervisor.simulate.rivals import AverageRule
from supervisor.simulate.run import simulate
from supervisor.simulate.scenario import EngineModel, MachineModel, Scenario
from supervisor.simulate.workload import SegmentSource, Workload
from tests.fixtures.defaults import policy_with

USABLE = 16
HOURS = 6
SEEDS = range(1, 11)
BASE = 0.5
LATE_S = 1.0
ENGINE = EngineModel(seconds_per_character=0.025)
"""80 characters are two core-seconds."""
POLICY = policy_with(max_cores=USABLE)
AGGRESSIVE = policy_with(max_cores=USABLE, aggressive_mode=True)

Load = Callable[[float], float]

RULES: dict[str, Callable[[], CountRule]] = {
    "by the average alone": lambda: AverageRule(POLICY, USABLE),
    "default": lambda: DynamicCPUAllocator(POLICY, USABLE),
    "aggressive_mode": lambda: DynamicCPUAllocator(AGGRESSIVE, USABLE),
}


def run() -> Result:
    """One sample per trace, rule and seed."""
    arms: dict[str, list[Sample]] = {}
    claims: list[Claim] = []
    for trace, make in TRACES.items():
        for name, rule in RULES.items():
            arms[f"{trace}: {name}"] = [_play(make(seed), seed, rule()) for seed in SEEDS]
            say(f"{trace}: {name}")
        claims += _claims(trace, arms[f"{trace}: by the average alone"], arms[f"{trace}: default"])
    return Result(
        title="The default follows a burst",
        arms=arms,
        claims=claims,
        notes=[
            f"late: waited over {LATE_S:g} s for a worker; shares are of all segments of all seeds"
        ],
    )


def _alarms(_: int) -> tuple[Load, float]:
    """Ten cores for two minutes, in the middle of each hour."""
    return lambda now: BASE + 10.0 * (1800.0 <= now % 3600.0 < 1920.0), BASE + 10.0


def _random_bursts(seed: int) -> tuple[Load, float]:
    """Bursts whose beginnings are a Poisson process; where two meet, their loads add up."""
    chance = random.Random(1000 + seed)  # noqa: S311  # a repeatable load, not a secret
    highest, now = 13.0, 0.0
    bursts = []
    while now < HOURS * 3600.0:
        now += chance.expovariate(1 / 600.0)
        bursts.append((now, now + chance.uniform(30.0, 180.0), chance.uniform(3.0, 12.0)))

    def load(now: float) -> float:
        return min(highest, BASE + sum(more for at, end, more in bursts if at <= now < end))

    return load, highest


TRACES = {"alarms": _alarms, "random bursts": _random_bursts}


def _play(offered: tuple[Load, float], seed: int, rule: CountRule) -> Sample:
    load, highest = offered
    seconds = HOURS * 3600.0
    segments = SegmentSource(ENGINE, seed=seed)
    workload = Workload("bursts", seconds, lambda: segments.random(load, highest, seconds))
    played = simulate(Scenario(MachineModel(USABLE), ENGINE, POLICY), workload, rule)
    return {
        "segments": len(played.waits),
        "late": sum(wait > LATE_S for wait in played.waits),
        "late_percent": 100.0 * mean(wait > LATE_S for wait in played.waits),
        "p99_wait_s": percentile(played.waits, 99),
        "core_hours": played.core_seconds / 3600.0,
        "changes": len(played.changes),
    }


def _claims(trace: str, before: list[Sample], now: list[Sample]) -> list[Claim]:
    late = 100.0 * sum(measure(now, "late")) / sum(measure(now, "segments"))
    was = 100.0 * sum(measure(before, "late")) / sum(measure(before, "segments"))
    hours, were = sum(measure(now, "core_hours")), sum(measure(before, "core_hours"))
    return [
        at_most(
            f"{trace}: segments that wait over a second, default",
            late,
            4,
            "%",
            f"{was:.1f} % where the average alone decides",
        ),
        at_most(
            f"{trace}: core-hours, default",
            hours / were,
            1.25,
            "× those where the average alone decides",
            f"{hours / HOURS / len(now):.1f} cores on average",
        ),
    ]
