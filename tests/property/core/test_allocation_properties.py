"""Whatever the samples, the clock and the settings: bounds, cooldown and rest are kept."""

from __future__ import annotations

import math
from random import Random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from supervisor.core.allocation.allocator import DynamicCPUAllocator
from supervisor.core.allocation.memory_states import (
    BETTER_S,
    STATES,
    MemoryPolicy,
    MemorySeen,
    MemoryWatch,
)
from supervisor.core.allocation.policy import Configured, Event, Policy, Sampled
from supervisor.simulate.fluid import run_fluid
from tests.fixtures.defaults import policy_with

FORCED = ("bound_", "disabled", "forecast_", "memory_")
"""Reasons of the moves that wait for nothing."""

policies = st.builds(
    policy_with,
    enabled=st.sampled_from([True, True, True, False]),
    cpu_target=st.floats(5, 99),
    hysteresis_factor=st.floats(0.05, 0.99),
    monitoring_interval=st.sampled_from([0.1, 1.0, 10.0]),
    history_window=st.integers(1, 30),
    allocation_cooldown=st.sampled_from([0.0, 0.5, 5.0, 60.0]),
    min_cores=st.none() | st.integers(1, 40),
    max_cores=st.none() | st.integers(1, 80),
    aggressive_mode=st.booleans(),
    thermal_protection=st.booleans(),
)
any_float = st.floats(allow_nan=True, allow_infinity=True)
memories = st.builds(
    MemorySeen,
    total=st.just(8_000_000_000),
    available=st.sampled_from([0, 40, 120, 300, 500, 5000]).map(lambda mb: mb * 1_000_000),
    worker_bytes=st.sampled_from([0, 100_000_000]),
    pressure=st.none() | st.floats(0, 100),
    high=st.integers(0, 2),
    oom=st.integers(0, 1),
    widths=st.lists(st.integers(1, 8), max_size=5).map(tuple),
    idle=st.integers(0, 5),
)


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Samples and settings in a row, with a clock that stands, jumps and steps back."""
    now = 0.0
    events: list[Event] = []
    for _ in range(draw(st.integers(1, 60))):
        now += draw(st.sampled_from([1.0, 1.0, 1.0, 0.1, 0.0, 30.0, 5000.0, -3.0, -4000.0]))
        if draw(st.integers(0, 19)) == 0:
            events.append(Configured(now, draw(policies), "auto"))
            continue
        events.append(
            Sampled(
                now,
                draw(st.none() | st.floats(0, 100) | any_float),
                usable=draw(st.sampled_from([20, 20, 20, 64, 5, 1, 0])),
                leased=draw(st.none() | st.integers(0, 70)),
                temperature=draw(st.none() | st.floats(20, 110) | st.just(math.nan)),
                throttling=draw(st.booleans()),
                memory_cap=draw(st.none() | st.integers(0, 40)),
                backlog_s=draw(st.sampled_from([0.0, 0.0, 0.5, 4.0, 1e6])),
                demand=draw(st.sampled_from([0.0, 1.0, 7.0, 1e5])),
                waiting=draw(st.sampled_from([0.0, 1.0, 1e5])),
                idle=draw(st.none() | st.sampled_from([0.0, 0.0, 0.4, 3.0])),
                finished=draw(st.sampled_from([0.0, 1.0, 300.0])),
                starved=draw(st.sampled_from([0.0, 50.0, 100.0]) | any_float),
                memory=draw(st.none() | memories),
                forecast=draw(st.sampled_from([0, 0, 0, 3, 14, 5000])),
            )
        )
    return events


@given(policies, histories())
def test_any_history_keeps_the_bounds_and_the_cooldown(policy: Policy, events: list[Event]) -> None:
    """Never outside the bounds, never two free moves within the cooldown, always a reason."""
    allocator = DynamicCPUAllocator(policy, 20)
    changed_at: float | None = None
    last = 0.0
    for event in events:
        if event.now < last and changed_at is not None:
            changed_at = event.now
        last = event.now
        before = allocator.cores
        resizes = allocator.handle(event)
        bounds = allocator.bounds
        decision = allocator.history[-1]
        assert bounds.lower <= allocator.cores <= bounds.hard
        assert (decision.before, decision.after) == (before, allocator.cores)
        assert decision.reason
        assert [resize.decision.after for resize in resizes] == [allocator.cores] * (
            before != allocator.cores
        )
        if resizes:
            cooldown = allocator.policy.allocation_cooldown
            forced = decision.reason.startswith(FORCED)
            assert forced or changed_at is None or event.now - changed_at >= cooldown
            if not decision.reason.startswith("forecast_"):  # After it nothing has to wait.
                changed_at = event.now


@given(policies, histories())
def test_no_core_goes_for_want_of_work_while_work_waits(
    policy: Policy, events: list[Event]
) -> None:
    """While a segment waits and no worker was idle only limits of the machine take cores."""
    allocator = DynamicCPUAllocator(policy, 20)
    for event in events:
        before = allocator.cores
        allocator.handle(event)
        if isinstance(event, Sampled) and event.backlog_s > 0 and event.idle == 0.0:
            reason = allocator.history[-1].reason
            limited = reason.startswith((*FORCED, "thermal_cap"))
            assert allocator.cores >= before or limited, reason


@settings(deadline=None, max_examples=60)
@example(policy_with(), 30.4, 64)
@example(policy_with(), 70.0, 64)
@given(policies, st.floats(0, 20), st.integers(1, 16))
def test_a_constant_load_comes_to_rest(policy: Policy, load: float, usable: int) -> None:
    """Every constant load under every policy: no change in the second half of the run. A run is as
    long as there are cores, so of many cores there are a few examples alone.
    """
    allocator = DynamicCPUAllocator(policy, usable)
    interval = policy.monitoring_interval
    step = max(policy.allocation_cooldown, 3 * interval) + interval
    growing = usable * step + policy.history_window * interval
    half = math.ceil((growing + usable * 3 * step) / interval) * interval
    run_fluid(allocator, lambda _: load, seconds=half, usable=usable, interval=interval)
    rest = run_fluid(
        allocator, lambda _: load, seconds=half, usable=usable, interval=interval, start=half
    )
    assert rest == []


@settings(deadline=None, max_examples=60)
@given(st.floats(0, 18), st.floats(0.0, 0.35), st.integers(0, 2**32))
def test_bounded_noise_does_not_keep_the_count_moving(load: float, noise: float, seed: int) -> None:
    """Load that scatters by a third of a core: after ten minutes at most one core goes and comes.

    One, because an average of ten samples that scatter so may cross a threshold once in a long
    while; and a removal that was regretted makes the next one wait twice as long.
    """
    random = Random(seed)
    allocator = DynamicCPUAllocator(policy_with(max_cores=40), 40)

    def noisy(_: float) -> float:
        return max(0.0, load + random.uniform(-noise, noise))

    run_fluid(allocator, noisy, seconds=600, usable=40)
    late = run_fluid(allocator, noisy, seconds=900, usable=40, start=600)
    moves = [change.after - change.before for change in late]
    assert moves.count(-1) <= 1, moves
    assert moves.count(1) <= 1, moves
    assert len(moves) == moves.count(1) + moves.count(-1), moves


@given(
    st.lists(st.tuples(st.sampled_from([0.0, 1.0, 5.0, 31.0]), memories), min_size=1, max_size=60)
)
def test_memory_is_never_called_better_than_it_was_within_half_a_minute(
    seen: list[tuple[float, MemorySeen]],
) -> None:
    """Whatever comes, the state is at least as bad as what bytes alone said in that time, its bound
    only falls while it lasts, and a worker stays.
    """
    watch, policy = MemoryWatch(), MemoryPolicy(reserve=400_000_000)
    now, cap = 0.0, None
    said: list[tuple[float, int]] = []
    for step, memory in seen:
        now += step
        watch.update(now, policy, memory, cores=16)
        alone = MemoryWatch()
        alone.update(now, policy, memory, cores=16)
        said.append((now, STATES.index(alone.state)))
        worst = max(rank for at, rank in said if now - at < BETTER_S)
        assert STATES.index(watch.state) >= worst
        assert (watch.cap is not None) == (watch.state in {"short", "critical"})
        if watch.cap is not None:
            assert 1 <= watch.cap <= (16 if cap is None else cap)
        cap = watch.cap
