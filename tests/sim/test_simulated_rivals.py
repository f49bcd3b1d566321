"""The rivals do what their descriptions say, so that a comparison with them is fair."""

from __future__ import annotations

from supervisor.core.allocation.allocator import DynamicCPUAllocator
from supervisor.core.allocation.policy import Sampled
from supervisor.simulate.fluid import CountRule, run_fluid
from supervisor.simulate.rivals import AverageRule, HorizontalRule, OriginalRule
from tests.fixtures.defaults import policy_with


def counts(rule: CountRule, load: float, seconds: float = 600) -> list[tuple[float, int]]:
    """When the count became what, under a constant load on twenty usable cores."""
    changes = run_fluid(rule, lambda _: load, seconds=seconds, usable=20)
    return [(change.time_s, change.after) for change in changes]


def test_the_original_sees_one_busy_core_of_twenty_as_idle() -> None:
    """Measured over the host, a saturated pool of one core is at 5 % and never grows."""
    assert counts(OriginalRule(policy_with(), 20, host_cores=20, foreign=0.0), 12.0) == []


def test_the_original_grows_for_strangers() -> None:
    """A busy host makes it take cores though its pool is idle."""
    grown = counts(OriginalRule(policy_with(), 20, host_cores=20, foreign=18.0), 0.0)
    assert grown[-1][1] == 19


def test_the_original_keeps_its_cooldown_and_its_old_samples() -> None:
    """Over the pool's own cores it adds one every five seconds, and overshoots a full window."""
    grown = counts(OriginalRule(policy_with(), 20, host_cores=None, foreign=0.0), 3.0)
    assert [at for at, _ in grown[:3]] == [1.0, 6.0, 11.0]


def test_the_original_never_rests_between_one_core_and_two() -> None:
    """0.8 cores of work are 80 % of one core and 40 % of two: to and fro for ever."""
    flapping = counts(OriginalRule(policy_with(), 20, host_cores=None, foreign=0.0), 0.8, 3600)
    assert len(flapping) > 100


def test_the_autoscaler_doubles_every_sync() -> None:
    """1, 5 (four more), 10 … every fifteen seconds, up to ceil(load ÷ target)."""
    grown = counts(HorizontalRule(policy_with(), 20), 6.0)
    assert grown[0] == (15.0, 2)
    assert all(at % 15 == 0 for at, _ in grown)


def test_the_autoscaler_tolerates_ten_percent() -> None:
    """At 80 % for a target of 75 % it stays."""
    rule = HorizontalRule(policy_with(min_cores=5), 20)
    assert not any(rule.handle(Sampled(float(now), 80.0, 20)) for now in range(600))


def test_the_autoscaler_waits_five_minutes_to_shrink() -> None:
    """After load it keeps the highest count that it desired in 300 s."""
    rule = HorizontalRule(policy_with(), 20)
    rule.cores = 8
    changed = [
        now
        for now in range(1, 1200)
        if rule.handle(Sampled(float(now), 75.0 if now <= 300 else 0.0, 20))
    ]
    assert changed == [600]
    assert rule.cores == 1


def test_by_the_average_alone_a_burst_is_followed_a_core_at_a_time() -> None:
    """What the default once was: the queue of the same step grows until the average has grown."""
    grown = counts(AverageRule(policy_with(), 20), 12.0)
    steps = [after for _, after in grown]
    assert steps[:5] == [2, 3, 4, 5, 6]
    assert grown[4][0] >= 23.0
    assert counts(DynamicCPUAllocator(policy_with(), 20), 12.0)[0] == (2.0, 16)


def test_by_the_average_alone_one_regretted_removal_holds_every_core_back() -> None:
    """Two cores come and go a few times; then the wait is the same, whatever the count."""
    rule = AverageRule(policy_with(), 20)
    run_fluid(rule, lambda t: 1.2 if t % 60 < 30 else 0.2, seconds=600, usable=20)
    assert rule.scale_down_wait > 15
    run_fluid(rule, lambda _: 8.0, seconds=200, usable=20, start=600)
    assert rule.cores > 5
    assert rule.scale_down_wait > 15
