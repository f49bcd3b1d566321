"""Every option of performance.dynamic_cpu_allocation does what it says.

Each test compares two pools that differ in one option alone, so it fails if the
option does nothing. onnx_integration is tested with `shape`, update_environment
with the pool.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from supervisor.core.allocation.allocator import DynamicCPUAllocator
from supervisor.core.allocation.policy import Policy, Sampled
from supervisor.simulate.fluid import CountChange, run_fluid
from tests.fixtures.defaults import policy_with

USABLE = 20


def run(
    policy: Policy, load: Callable[[float], float] | float, seconds: float = 600
) -> tuple[int, list[CountChange]]:
    """Cores at the end, and the changes on the way. Nothing waits: utilization decides."""
    allocator = DynamicCPUAllocator(policy, USABLE)
    offered = load if callable(load) else lambda _: load
    interval = policy.monitoring_interval
    changes = run_fluid(
        allocator, offered, seconds=seconds, usable=USABLE, interval=interval, waits=False
    )
    return allocator.cores, changes


def first_growth(policy: Policy) -> float:
    """Seconds from the arrival of full load, after a minute of rest, to the first growth."""
    _, changes = run(policy, lambda now: 19.0 if now > 60 else 0.0, seconds=300)
    return changes[0].time_s - 60


def test_enabled_false_is_a_static_pool() -> None:
    """Disabled: max_cores from the start, min_cores where that alone is set, else usable − 1."""
    assert run(policy_with(max_cores=6), 3.0)[1]
    for policy, size in (
        (policy_with(enabled=False, max_cores=6), 6),
        (policy_with(enabled=False, max_cores=6, min_cores=2), 6),
        (policy_with(enabled=False, min_cores=2), 2),
        (policy_with(enabled=False, min_cores=1), 1),
        (policy_with(enabled=False), 19),
    ):
        allocator = DynamicCPUAllocator(policy, USABLE)
        assert allocator.cores == size
        assert not run_fluid(allocator, lambda _: 3.0, seconds=60, usable=USABLE)
        assert {decision.reason for decision in allocator.history} == {"disabled"}


@pytest.mark.parametrize(("target", "cores"), [(50.0, 12), (75.0, 8), (90.0, 7)])
def test_cpu_target(target: float, cores: int) -> None:
    """5.8 cores of work end on just as many cores as keep the target."""
    assert run(policy_with(cpu_target=target), 5.8)[0] == cores


def test_hysteresis_factor() -> None:
    """The wider the band, the more idle cores are kept when load falls from 8.7 to 4 cores."""

    def falling(now: float) -> float:
        return 8.7 if now < 200 else 4.0

    ends = [run(policy_with(hysteresis_factor=h), falling)[0] for h in (0.3, 0.6, 0.95)]
    assert ends == [12, 8, 6]


def test_monitoring_interval() -> None:
    """Ten times the interval: ten times the time until an average says something."""
    assert first_growth(policy_with()) < 10
    assert first_growth(policy_with(monitoring_interval=10.0)) >= 70


def test_history_window() -> None:
    """A longer average reacts later to the same step."""
    delays = [first_growth(policy_with(history_window=window)) for window in (3, 10, 30)]
    assert delays == [3, 8, 23]


def test_allocation_cooldown() -> None:
    """Time between two growths under full load is the cooldown."""
    for cooldown in (5.0, 20.0):
        _, changes = run(policy_with(allocation_cooldown=cooldown), 19.0)
        assert changes[1].time_s - changes[0].time_s == cooldown


def test_min_cores() -> None:
    """An idle pool keeps min_cores, from the start and after load."""
    assert run(policy_with(min_cores=3), 0.0) == (3, [])
    assert run(policy_with(min_cores=3), lambda t: 9.0 if t < 100 else 0.0, 900)[0] == 3


def test_max_cores() -> None:
    """Full load stops at max_cores; null leaves one usable core to the system."""
    assert run(policy_with(max_cores=7), 19.0)[0] == 7
    assert run(policy_with(), 19.0)[0] == 19


def test_aggressive_mode_steps_in_proportion() -> None:
    """Both ways in one step where the default takes one core at a time."""

    def wave(now: float) -> float:
        return 3.9 if now < 100 else 1.5 if now < 200 else 12.0

    def steps(policy: Policy) -> set[int]:
        return {abs(change.after - change.before) for change in run(policy, wave)[1]}

    assert steps(policy_with(min_cores=4)) == {1}
    assert max(steps(policy_with(min_cores=4, aggressive_mode=True))) > 3


@pytest.mark.parametrize("aggressive", [False, True])
def test_either_mode_follows_a_queue_without_an_average(aggressive: bool) -> None:
    """Load for nine cores after a long rest: the cores for it when its head is a second old."""
    allocator = DynamicCPUAllocator(policy_with(aggressive_mode=aggressive), USABLE)
    changes = run_fluid(allocator, lambda t: 9.0 if t > 60 else 0.0, seconds=63, usable=USABLE)
    assert [(change.time_s, change.after) for change in changes] == [(62.0, 12)]


def heated(policy: Policy, *readings: tuple[float | None, bool]) -> DynamicCPUAllocator:
    """Eight cores in steady state at 60 %, each reading for ten seconds."""
    allocator = DynamicCPUAllocator(policy, USABLE)
    run_fluid(allocator, lambda _: 5.8, seconds=100, usable=USABLE, waits=False)
    assert allocator.cores == 8
    for step in range(10 * len(readings)):
        temperature, throttling = readings[step // 10]
        allocator.handle(
            Sampled(200.0 + step, 60.0, USABLE, temperature=temperature, throttling=throttling)
        )
    return allocator


@pytest.mark.parametrize("reading", [(86.0, False), (None, True)])
def test_thermal_protection_gives_cores_back(reading: tuple[float | None, bool]) -> None:
    """Hot or throttling, in steady state: a core less every cooldown; switched off: none."""
    allocator = heated(policy_with(), reading)
    assert allocator.cores == 6
    assert allocator.bounds.winner == "thermal"
    assert "thermal_cap_6" in {decision.reason for decision in allocator.history}
    assert heated(policy_with(thermal_protection=False), reading).cores == 8


def test_thermal_protection_recovers_with_hysteresis() -> None:
    """Between 80 and 85 °C the cap stays; below, it rises a core per ten seconds, then ends."""
    hot = (86.0, False)
    assert heated(policy_with(), hot, (83.0, False), (83.0, False)).bounds.upper == 5
    assert heated(policy_with(), hot, (79.0, False), (79.0, False)).bounds.upper == 6
    assert heated(policy_with(), hot, *[(79.0, False)] * 30).bounds.winner == "reserve"


def test_thermal_protection_keeps_min_cores() -> None:
    """However hot, what the operator promised stays."""
    assert heated(policy_with(min_cores=7), *[(99.0, False)] * 5).cores == 7
