"""Bounds are part of the decision: which one won, and that none of them makes the count flap."""

from __future__ import annotations

import pytest

from supervisor.core.allocation.allocator import DynamicCPUAllocator
from supervisor.core.allocation.bounds import effective_bounds
from supervisor.core.allocation.policy import Policy, Sampled
from supervisor.simulate.fluid import run_fluid
from tests.fixtures.defaults import policy_with


@pytest.mark.parametrize(
    ("policy", "usable", "memory", "thermal", "expected"),
    [
        (policy_with(), 20, None, None, (1, 19, "reserve")),
        (policy_with(), 1, None, None, (1, 1, "usable")),
        (policy_with(), 0, None, None, (1, 1, "usable")),
        (policy_with(min_cores=4), 4, None, None, (4, 4, "usable")),
        (policy_with(max_cores=8), 20, None, None, (1, 8, "max_cores")),
        (policy_with(max_cores=99), 20, None, None, (1, 20, "usable")),
        (policy_with(), 20, 5, None, (1, 5, "memory")),
        (policy_with(), 20, 0, None, (1, 1, "memory")),
        (policy_with(), 20, None, 7, (1, 7, "thermal")),
        (policy_with(min_cores=9), 20, None, 7, (9, 9, "thermal")),
        (policy_with(min_cores=9, max_cores=12), 4, None, None, (4, 4, "usable")),
    ],
)
def test_which_limit_wins(
    policy: Policy,
    usable: int,
    memory: int | None,
    thermal: int | None,
    expected: tuple[int, int, str],
) -> None:
    """The tightest limit sets the upper bound and is named."""
    bounds = effective_bounds(policy, usable, memory, thermal)
    assert (bounds.lower, bounds.upper, bounds.winner) == expected


@pytest.mark.parametrize(
    ("policy", "memory", "thermal", "forecast", "expected"),
    [
        (policy_with(), None, None, 14, (14, 19, "forecast")),
        (policy_with(), None, None, 99, (19, 19, "forecast")),
        (policy_with(min_cores=6), None, None, 6, (6, 19, "min_cores")),
        (policy_with(min_cores=6), None, None, 5, (6, 19, "min_cores")),
        (policy_with(max_cores=8), None, None, 14, (8, 8, "forecast")),
        (policy_with(), 5, None, 14, (5, 5, "forecast")),
        (policy_with(), 0, None, 14, (1, 1, "min_cores")),
        (policy_with(), None, 7, 14, (7, 7, "forecast")),
        (policy_with(min_cores=9), None, 7, 14, (9, 9, "min_cores")),
    ],
)
def test_a_forecast_is_a_floor_below_every_limit(
    policy: Policy,
    memory: int | None,
    thermal: int | None,
    forecast: int,
    expected: tuple[int, int, str],
) -> None:
    """It raises the lower bound up to max_cores, memory and heat, and moves no other bound."""
    bounds = effective_bounds(policy, 20, memory, thermal, forecast)
    assert (bounds.lower, bounds.upper, bounds.lower_winner) == expected
    without = effective_bounds(policy, 20, memory, thermal)
    assert (bounds.upper, bounds.hard, bounds.winner) == (
        without.upper,
        without.hard,
        without.winner,
    )
    assert bounds.notes == without.notes


def test_cores_for_a_forecast_go_at_once_and_hold_nothing_up() -> None:
    """In one step; and a queue that comes with them waits for no cooldown."""
    allocator = DynamicCPUAllocator(policy_with(max_cores=16), 20)
    idle = [Sampled(float(now), 5.0, 20, forecast=10 * (10 <= now < 20)) for now in range(60)]
    cores = []
    for sample in idle:
        allocator.handle(sample)
        cores.append(allocator.cores)
    assert cores[9:20] == [1, *[10] * 10]
    assert {*cores[20:]} == {1}
    allocator.handle(Sampled(60.0, 5.0, 20, forecast=5))
    late = Sampled(61.0, 100.0, 20, backlog_s=2.0, demand=50.0, waiting=45.0, finished=5.0)
    allocator.handle(late)
    assert allocator.cores > 5
    assert allocator.history[-1].kind == "backlog"


def test_others_need_not_give_a_core_for_a_forecast() -> None:
    """What the policy asks for beside other supervisors is what the load needs now."""
    allocator = DynamicCPUAllocator(policy_with(max_cores=16), 20)
    for now in range(5):
        allocator.handle(Sampled(float(now), 5.0, 20, forecast=12))
    assert (allocator.cores, allocator.wanted) == (12, 1)


def test_what_cannot_be_honoured_is_said() -> None:
    """max_cores above usable and min_cores above the limit are each told in one line."""
    bounds = effective_bounds(policy_with(min_cores=9, max_cores=12), 4, None, None)
    assert bounds.notes == (
        "max_cores 12 is above the 4 usable cores",
        "min_cores 9 is above the limit usable of 4",
    )
    assert effective_bounds(policy_with(), 4, None, None).notes == ()


def test_a_bound_that_is_reached_changes_nothing_for_an_hour() -> None:
    """Full load against max_cores 4 of 23: three growths, then none, each refusal explained."""
    allocator = DynamicCPUAllocator(policy_with(max_cores=4), 23)
    changes = run_fluid(allocator, lambda _: 20.0, seconds=3600, usable=23, waits=False)
    assert [change.after for change in changes] == [2, 3, 4]
    assert allocator.history[-1].reason == "bound_max_cores_4"


def test_cores_taken_away_are_given_up_at_once() -> None:
    """Usable cores shrink right after a growth: the very next sample moves, cooldown or not."""
    allocator = DynamicCPUAllocator(policy_with(min_cores=6), 20)
    for now in (1.0, 2.0, 3.0):
        allocator.handle(Sampled(now, 100.0, 20))
    assert allocator.cores == 7
    (resize,) = allocator.handle(Sampled(4.0, None, 3))
    assert (resize.decision.after, resize.decision.reason) == (3, "bound_usable_3")
    assert allocator.bounds.notes == ("min_cores 6 is above the limit usable of 3",)


def test_memory_cap_falls_at_once_and_rises_when_it_lasts() -> None:
    """Memory that flickers around one worker's need moves the count once, not every time."""
    allocator = DynamicCPUAllocator(policy_with(), 20)
    changes = []
    for step in range(600):
        memory = None if step < 100 else 4 + step % 2
        changes += allocator.handle(Sampled(float(step), 90.0, 20, memory_cap=memory))
    assert [resize.decision.after for resize in changes][-1] == 4
    assert sum(resize.decision.reason.startswith("bound_memory") for resize in changes) == 1
    for step in range(600, 700):
        allocator.handle(Sampled(float(step), 90.0, 20, memory_cap=9))
    assert allocator.cores > 4
