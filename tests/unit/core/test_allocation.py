"""The policy itself: when the count moves, by how much, and what it says about it."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import get_args

import pytest

from supervisor.core.allocation.allocator import HISTORY, DynamicCPUAllocator
from supervisor.core.allocation.policy import (
    Configured,
    Decision,
    Kind,
    Resize,
    Sampled,
)
from supervisor.simulate.fluid import run_fluid
from tests.fixtures.defaults import policy_with

USABLE = 20


def feed(
    allocator: DynamicCPUAllocator, *utilizations: float | None, start: float = 0.0
) -> list[Resize]:
    """One sample a second; every resize that came out."""
    return [
        resize
        for step, used in enumerate(utilizations, start=1)
        for resize in allocator.handle(Sampled(start + step, used, USABLE))
    ]


def test_it_starts_with_min_cores() -> None:
    """At rest, before any sample, the pool holds min_cores."""
    assert DynamicCPUAllocator(policy_with(), USABLE).cores == 1
    assert DynamicCPUAllocator(policy_with(min_cores=4), USABLE).cores == 4


def test_high_utilization_adds_one_core_with_the_known_words() -> None:
    """Above the target one core comes, and log line and reason have the established form."""
    (resize,) = feed(DynamicCPUAllocator(policy_with(), USABLE), 85.2, 85.2, 85.2)
    assert resize.decision.after == 2
    assert resize.decision.log_line == (
        "CPU allocation changed: 1 → 2 cores (utilization: 85.2%, reason: high_utilization_85.2%)"
    )


def test_low_utilization_removes_one_core() -> None:
    """Below target × hysteresis one core goes."""
    allocator = DynamicCPUAllocator(policy_with(), USABLE)
    run_fluid(allocator, lambda _: 5.8, seconds=100, usable=USABLE, waits=False)
    assert allocator.cores == 8
    (resize,) = feed(allocator, *[20.0] * 3, start=200)
    assert (resize.decision.after, resize.decision.reason) == (7, "low_utilization_20.0%")


def test_between_the_thresholds_nothing_happens() -> None:
    """At rest on the least cores, and amid the band, the reason is the seed's."""
    allocator = DynamicCPUAllocator(policy_with(), USABLE)
    assert not feed(allocator, 10.91, 10.91, 10.91)
    assert allocator.history[-1].reason == "optimal_range_10.9%"
    assert not feed(allocator, *[60.0] * 20, start=10)
    assert allocator.history[-1].reason == "optimal_range_60.0%"


def test_a_shrink_that_would_lead_above_the_target_is_refused() -> None:
    """0.8 cores of work on 2 are below 45 %, but on 1 they would be 80 %: no ping-pong."""
    allocator = DynamicCPUAllocator(policy_with(), USABLE)
    changes = run_fluid(allocator, lambda _: 0.8, seconds=3600, usable=USABLE)
    assert [(change.before, change.after) for change in changes] == [(1, 2)]


def test_only_samples_since_the_last_change_count() -> None:
    """Full load before a change does not argue for the next one."""
    allocator = DynamicCPUAllocator(policy_with(allocation_cooldown=0.0), USABLE)
    feed(allocator, *[100.0] * 3)
    assert not feed(allocator, *[60.0] * 20, start=3)
    assert allocator.average == 60.0


def test_a_decision_needs_three_fresh_samples() -> None:
    """Two samples decide nothing, and the record says how many there were."""
    allocator = DynamicCPUAllocator(policy_with(), USABLE)
    assert not feed(allocator, 100.0, 100.0)
    assert allocator.history[-1].reason == "fresh_samples_2_of_3"


def test_changes_keep_the_cooldown() -> None:
    """Under full load the count grows every five seconds, no sooner and no later."""
    allocator = DynamicCPUAllocator(policy_with(), USABLE)
    changes = run_fluid(allocator, lambda _: 19.0, seconds=60, usable=USABLE, waits=False)
    assert {later.time_s - sooner.time_s for sooner, later in pairwise(changes)} == {5.0}


def test_the_count_does_not_grow_into_a_queue_that_it_drains() -> None:
    """Load for 12 cores leaves a queue behind while the pool grows; 16 cores are 75 %: no more."""
    allocator = DynamicCPUAllocator(policy_with(max_cores=19), USABLE)
    run_fluid(allocator, lambda _: 12.0, seconds=3600, usable=USABLE)
    reasons = [decision.reason for decision in allocator.history]
    assert allocator.cores in {16, 17}, reasons


def saturated(allocator: DynamicCPUAllocator, seconds: int, **seen: float) -> list[str]:
    """Reasons of so many samples at 100 %, with whatever else they show."""
    now = allocator.history[-1].now if allocator.history else 0.0
    for step in range(1, seconds + 1):
        allocator.handle(Sampled(now + step, 100.0, USABLE, **seen))  # type: ignore[arg-type]
    return [decision.reason for decision in allocator.history]


def test_growth_that_only_the_wait_for_a_core_calls_for_names_the_strangers() -> None:
    """Workers got a quarter and wanted all of their core: more cores, and why in the reason."""
    allocator = DynamicCPUAllocator(policy_with(max_cores=2), USABLE)
    (*_, reason) = saturated(allocator, 3, starved=75.0)
    assert (allocator.cores, reason) == (2, "starved_by_others_75%")


def test_growth_that_the_pools_own_time_calls_for_keeps_its_words() -> None:
    """Workers got 80 % of their core, over the target, and wanted the rest: high utilization."""
    allocator = DynamicCPUAllocator(policy_with(max_cores=2), USABLE)
    (*_, reason) = saturated(allocator, 3, starved=20.0)
    assert (allocator.cores, reason) == (2, "high_utilization_100.0%")


def test_a_pool_at_its_bound_says_whether_it_is_the_bound_or_strangers() -> None:
    """At max_cores: the bound where it has its cores, strangers where these take a fifth."""
    allocator = DynamicCPUAllocator(policy_with(max_cores=1), USABLE)
    assert saturated(allocator, 3, starved=15.0)[-1] == "bound_max_cores_1"
    assert saturated(allocator, 20, starved=50.0)[-1] == "starved_by_others_50%"
    assert allocator.starved_percent == 50.0
    assert saturated(allocator, 20)[-1] == "bound_max_cores_1"
    assert allocator.starved_percent == 0.0


def test_no_core_goes_while_work_waits_and_no_worker_was_idle() -> None:
    """Whatever the utilization says; and as soon as a worker is idle it decides again."""
    allocator = DynamicCPUAllocator(policy_with(), USABLE)
    saturated(allocator, 8)
    assert allocator.cores > 1
    held = allocator.cores
    for step in range(100):
        allocator.handle(Sampled(10.0 + step, 5.0, USABLE, backlog_s=0.9, demand=9.0, idle=0.0))
    assert allocator.cores == held
    assert allocator.history[-1].reason == "work_waiting_0.9s"
    assert allocator.history[-1].kind == "work_waiting"
    for step in range(100):
        allocator.handle(Sampled(110.0 + step, 5.0, USABLE, backlog_s=0.9, demand=9.0, idle=0.5))
    assert allocator.cores < held


def test_cores_of_a_burst_go_soon_though_the_last_ones_are_kept_for_long() -> None:
    """What was learned of the second core, again and again, does not keep the ones of a burst."""
    allocator = DynamicCPUAllocator(policy_with(max_cores=12), USABLE)

    def load(now: float) -> float:
        if 3000 <= now < 3060:
            return 8.0
        return 1.2 if now % 60 < 30 else 0.2

    run_fluid(allocator, load, seconds=3000, usable=USABLE)
    assert allocator.cores == 2
    learned = allocator.scale_down_wait
    assert learned >= 60
    run_fluid(allocator, load, seconds=60, usable=USABLE, start=3000)
    assert allocator.cores >= 11
    run_fluid(allocator, load, seconds=90, usable=USABLE, start=3060)
    assert allocator.cores == 2
    assert allocator.scale_down_wait == learned


def test_a_premature_removal_lengthens_the_next_wait() -> None:
    """A load that comes back right after each removal finds the cores there, in the end."""
    allocator = DynamicCPUAllocator(policy_with(), USABLE)

    def pulsing(now: float) -> float:
        return 2.9 if now % 40 < 20 else 1.0

    changes = run_fluid(allocator, pulsing, seconds=3600, usable=USABLE)
    assert allocator.scale_down_wait > 5.0
    assert not [change for change in changes if change.time_s > 600]


def test_the_wait_shortens_after_removals_that_held() -> None:
    """What a restless hour taught is forgotten in a calm one."""
    allocator = DynamicCPUAllocator(policy_with(), USABLE)
    run_fluid(allocator, lambda t: 2.9 if t % 40 < 20 else 1.0, seconds=600, usable=USABLE)
    learnt = allocator.scale_down_wait
    run_fluid(allocator, lambda _: 0.1, seconds=3600, usable=USABLE, start=600)
    assert allocator.cores == 1
    assert allocator.scale_down_wait < learnt


def test_a_failed_monitor_holds_and_says_so() -> None:
    """Without a measurement nothing is decided, and the next good sample goes on as before."""
    allocator = DynamicCPUAllocator(policy_with(), USABLE)
    assert not feed(allocator, None)
    assert allocator.history[-1].reason == "first_sample"
    assert not feed(allocator, 100.0, 100.0, None, math.nan)
    assert allocator.history[-1].reason == "monitor_failed"
    assert [resize.decision.after for resize in feed(allocator, 100.0, start=4)] == [2]


def test_a_clock_that_steps_back_cuts_no_wait_short() -> None:
    """After a step back the cooldown starts anew, and old samples are gone."""
    allocator = DynamicCPUAllocator(policy_with(), USABLE)
    feed(allocator, *[100.0] * 3, start=1000)
    assert not feed(allocator, *[100.0] * 5, start=0)
    assert [resize.decision.now for resize in feed(allocator, *[100.0] * 3, start=5)] == [6.0]


def test_a_pause_makes_old_samples_worthless() -> None:
    """Samples from before a suspend do not count towards a decision after it."""
    allocator = DynamicCPUAllocator(policy_with(), USABLE)
    feed(allocator, 100.0, 100.0)
    assert not feed(allocator, 100.0, 100.0, start=5000)
    assert feed(allocator, 100.0, start=5002)


def test_work_refers_to_the_cores_that_were_leased() -> None:
    """Three of four decided cores leased and full are 75 % of four: no growth from a slow start."""
    allocator = DynamicCPUAllocator(policy_with(min_cores=4), USABLE)
    for step in range(20):
        assert not allocator.handle(Sampled(float(step), 100.0, USABLE, leased=3))
    assert allocator.average == pytest.approx(75.0)


def test_building_sessions_is_no_load() -> None:
    """Samples during a build, and the one in which its session is swapped in, do not count."""
    allocator = DynamicCPUAllocator(policy_with(min_cores=4), USABLE)
    feed(allocator, *[60.0] * 5)
    for now in (6.0, 7.0):
        assert not allocator.handle(Sampled(now, 100.0, USABLE, building=True))
        assert allocator.history[-1].reason == "sessions_building"
    assert not allocator.handle(Sampled(8.0, 100.0, USABLE))
    assert allocator.average == 60.0
    assert allocator.utilization_history[-1] == 100.0


def test_every_sample_leaves_a_decision_with_its_inputs() -> None:
    """The last fifty decisions can be read, each with what it was made of."""
    allocator = DynamicCPUAllocator(policy_with(), USABLE)
    feed(allocator, *[50.0] * 80)
    assert len(allocator.history) == HISTORY
    assert allocator.history[-1].inputs == Sampled(80.0, 50.0, USABLE)
    assert allocator.history[-1].average == 50.0


def test_new_settings_hold_at_once() -> None:
    """A new bound moves the count with the event, a new target with the next samples."""
    allocator = DynamicCPUAllocator(policy_with(), USABLE)
    (resize,) = allocator.handle(Configured(1.0, policy_with(min_cores=6), "auto"))
    assert (resize.decision.after, resize.decision.reason) == (6, "bound_min_cores_6")
    (resize,) = allocator.handle(Configured(1.5, policy_with(max_cores=3), "auto"))
    assert (resize.decision.after, resize.decision.reason) == (3, "bound_max_cores_3")
    allocator.handle(Configured(2.0, policy_with(cpu_target=50.0), "auto"))
    assert [r.decision.after for r in feed(allocator, *[60.0] * 5, start=7)] == [4]


REASONS: tuple[tuple[Kind, tuple[float, ...], str], ...] = (
    ("backlog", (1.26,), "backlog_1.3s"),
    ("bound_max_cores", (4,), "bound_max_cores_4"),
    ("bound_memory", (4,), "bound_memory_4"),
    ("bound_min_cores", (4,), "bound_min_cores_4"),
    ("bound_reserve", (4,), "bound_reserve_4"),
    ("bound_share", (2,), "bound_share_2"),
    ("bound_usable", (4,), "bound_usable_4"),
    ("configured", (), "configured"),
    ("cooldown", (0.54,), "cooldown_0.5s"),
    ("disabled", (), "disabled"),
    ("draining_backlog", (2.0,), "draining_backlog_2.0s"),
    ("first_sample", (), "first_sample"),
    ("forecast", (14,), "forecast_14"),
    ("fresh_samples", (2, 3), "fresh_samples_2_of_3"),
    ("high_utilization", (85.2,), "high_utilization_85.2%"),
    ("horizontal", (), "horizontal"),
    ("low_utilization", (12.0,), "low_utilization_12.0%"),
    ("memory_critical", (12.3,), "memory_critical_12MB"),
    ("memory_pressure", (34.0,), "memory_pressure_34%"),
    ("memory_short", (120.4,), "memory_short_120MB"),
    ("monitor_failed", (), "monitor_failed"),
    ("optimal_range", (60.0,), "optimal_range_60.0%"),
    ("original", (), "original"),
    ("scale_down_wait", (15.0,), "scale_down_wait_15s"),
    ("sessions_building", (), "sessions_building"),
    ("starved_by_others", (74.6,), "starved_by_others_75%"),
    ("thermal_cap", (3,), "thermal_cap_3"),
    ("work_waiting", (0.25,), "work_waiting_0.2s"),
    ("yield_to", (4711,), "yield_to_4711"),
)


@pytest.mark.parametrize(("kind", "figures", "reason"), REASONS)
def test_the_words_of_a_reason_are_made_from_its_kind_and_figures(
    kind: Kind, figures: tuple[float, ...], reason: str
) -> None:
    """They are what operators grep for and diagnostics show: they do not change."""
    assert Decision(0.0, 1, 1, None, None, kind, figures).reason == reason


def test_every_kind_of_reason_has_its_words_in_a_test() -> None:
    """A new kind gets a line above."""
    assert {kind for kind, _figures, _reason in REASONS} == set(get_args(Kind))


def test_every_decision_is_counted_by_its_kind() -> None:
    """Beyond those that the history still holds, in a few kinds."""
    allocator = DynamicCPUAllocator(policy_with(), 8)
    for now in range(3 * HISTORY):
        allocator.handle(Sampled(float(now), 50.0 + 50.0 * (now % 40 > 20), 8))
    counts = allocator.decision_counts
    assert sum(counts.values()) == 3 * HISTORY
    assert counts["high_utilization"] >= 1
    assert len(counts) < 10
