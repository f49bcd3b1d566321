"""The real core on simulated machines: it settles, follows a step, and loses nothing on the way."""

from __future__ import annotations

import pytest

from supervisor.core.allocation.allocator import DynamicCPUAllocator
from supervisor.core.allocation.policy import Policy
from supervisor.simulate.fluid import CountChange, CountRule, run_fluid
from supervisor.simulate.report import report
from supervisor.simulate.rivals import AverageRule
from supervisor.simulate.run import Run, simulate
from supervisor.simulate.scenario import EngineModel, MachineModel, Scenario
from supervisor.simulate.workload import SegmentSource, Workload, parse
from tests.fixtures.defaults import policy_with

ENGINE = EngineModel(seconds_per_character=0.0125)
"""A segment of 80 characters is one core-second."""


def play(
    form: str,
    seconds: float = 900,
    policy: Policy | None = None,
    machine: MachineModel | None = None,
) -> Run:
    """A workload on twenty cores, nineteen of which the pool may take."""
    scenario = Scenario(machine or MachineModel(20), ENGINE, policy or policy_with())
    return simulate(scenario, parse(form, SegmentSource(ENGINE), seconds))


@pytest.mark.parametrize("aggressive", [False, True])
def test_every_constant_load_comes_to_rest(aggressive: bool) -> None:
    """Loads from 0 to 19 cores in half cores, an hour each: no change after ten minutes.

    The benchmark `allocation_constant_load` does it in tenths.
    """

    def late_changes(load: float) -> list[CountChange]:
        policy = policy_with(max_cores=19, aggressive_mode=aggressive)
        allocator = DynamicCPUAllocator(policy, 19)
        run_fluid(allocator, lambda _: load, seconds=600, usable=19)
        return run_fluid(allocator, lambda _: load, seconds=3000, usable=19, start=600)

    late = {halves / 2: late_changes(halves / 2) for halves in range(39)}
    assert {load: changes for load, changes in late.items() if changes} == {}


@pytest.mark.parametrize("aggressive", [False, True])
@pytest.mark.parametrize("load", [0.2, 0.7, 1.0, 2.5, 5.3, 7.0, 9.0, 10.0, 12.4, 13.1])
def test_count_and_split_rest_together_under_whole_segments(load: float, aggressive: bool) -> None:
    """Allocation and shape feed back on each other; neither changes in the last half hour.

    At 7.0 and 12.4 segments come in step with the samples, which then saw any number of them.
    The benchmark `allocation_constant_load` does it in tenths.
    """
    run = play(f"constant:load={load}", 3600, policy_with(max_cores=19, aggressive_mode=aggressive))
    assert [change for change in run.changes if change.time_s > 1800] == []
    assert [at for at in run.splits_changed if at > 1800] == []


def test_the_default_policy_follows_a_step_without_overshoot() -> None:
    """Load for twelve cores out of nothing: sixteen are right, one more is allowed."""
    run = play("step:load=12,at=60", 1200)
    found = report(run)
    assert 16 <= found.peak_cores <= 17
    assert run.steps[-1].waiting == 0


@pytest.mark.parametrize("aggressive", [False, True])
def test_enough_cores_are_there_in_three_seconds(aggressive: bool) -> None:
    """The same step: twelve cores at least, three seconds after the load, in either mode."""
    run = play("step:load=12,at=60", 1200, policy_with(aggressive_mode=aggressive))
    enough = next(step.time_s for step in run.steps if step.cores >= 12)
    assert enough - 60 <= 3
    assert report(run).changes_after_settling == 0


def test_many_segments_are_spoken_side_by_side_and_one_alone_widely() -> None:
    """The split follows demand: a single-threaded worker per core in a crowd, one wide alone."""
    policy = policy_with(min_cores=6, max_cores=6)
    crowded = play("constant:load=5.9", 300, policy)
    assert crowded.steps[-1].split == (1,) * 6
    alone = play("constant:load=0.3", 300, policy)
    assert alone.steps[-1].split == (6,)


def test_strangers_are_dodged() -> None:
    """With four of twelve cores held by strangers, four workers wait no longer than without."""
    policy = policy_with(max_cores=6)
    quiet = report(play("poisson:load=3", 900, policy, MachineModel(12)))
    beside = report(play("poisson:load=3", 900, policy, MachineModel(12, foreign=4.0)))
    assert quiet.mean_wait_s is not None
    assert beside.mean_wait_s == pytest.approx(quiet.mean_wait_s)


def test_every_segment_starts_once_or_still_waits() -> None:
    """Through growth, shrinking, new splits and drains, the number of waits is that of arrivals."""
    form = "burst:segments=150,every=200"
    arrivals = parse(form, SegmentSource(ENGINE), 1000).arrivals()
    for policy in (policy_with(), policy_with(aggressive_mode=True), policy_with(enabled=False)):
        assert len(play(form, 1000, policy).waits) == 600
    assert len(list(arrivals)) == 600


def test_leased_cores_never_exceed_the_machine() -> None:
    """Even while some drain and others start, no more cores are paid for than there are."""
    run = play("diurnal:low=0,high=15,period=600", 1200)
    assert run.core_seconds <= 20 * 1200
    assert max(step.cores for step in run.steps) <= 19


def test_by_default_hardly_a_segment_of_a_burst_waits_for_long() -> None:
    """Half a core of work, and ten cores for two minutes, twice: 4 % wait over a second, where the
    average alone leaves a third waiting, and no more core time. `allocation_bursts` plays more.
    """
    engine = EngineModel(seconds_per_character=0.025)
    policy = policy_with(max_cores=16)

    def load(now: float) -> float:
        return 10.5 if 1800 <= now % 3600 < 1920 else 0.5

    def played(rule: CountRule) -> tuple[float, float]:
        arrivals = SegmentSource(engine, seed=4)
        workload = Workload("alarms", 7200, lambda: arrivals.random(load, 10.5, 7200))
        run = simulate(Scenario(MachineModel(16), engine, policy), workload, rule)
        return sum(wait > 1.0 for wait in run.waits) / len(run.waits), run.core_seconds

    late, core_seconds = played(DynamicCPUAllocator(policy, 16))
    late_by_average, core_seconds_by_average = played(AverageRule(policy, 16))
    assert late <= 0.04
    assert late_by_average >= 0.25
    assert core_seconds <= 1.25 * core_seconds_by_average
