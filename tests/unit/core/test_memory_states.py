"""The memory's states: worse at once, better after a while, and what is given back in each."""

from __future__ import annotations

import pytest

from supervisor.core.allocation import events as e
from supervisor.core.allocation.allocator import DynamicCPUAllocator
from supervisor.core.allocation.machine import Allocation
from supervisor.core.allocation.memory_states import (
    BETTER_S,
    GIVE_BACK_S,
    MemoryPolicy,
    MemorySeen,
    MemoryWatch,
    reserve_bytes,
)
from supervisor.core.allocation.policy import Configured, Sampled
from supervisor.core.machine import Cpu, Machine
from tests.fixtures.defaults import policy_with

MB = 1_000_000
POLICY = MemoryPolicy(reserve=400 * MB)


def seen(
    available_mb: float,
    *,
    widths: tuple[int, ...] = (1, 1, 1, 1),
    idle: int = 0,
    pressure: float | None = None,
    high: int = 0,
    oom: int = 0,
) -> MemorySeen:
    """Four workers of 100 MB on a machine of 8 GB."""
    return MemorySeen(
        total=8000 * MB,
        available=int(available_mb * MB),
        worker_bytes=100 * MB,
        pressure=pressure,
        high=high,
        oom=oom,
        widths=widths,
        idle=idle,
    )


def looked(*found: MemorySeen, policy: MemoryPolicy = POLICY, step: float = 1.0) -> MemoryWatch:
    """A watch that has seen these, one a second."""
    watch = MemoryWatch()
    for number, each in enumerate(found):
        watch.update(number * step, policy, each, cores=4)
    return watch


@pytest.mark.parametrize(
    ("available_mb", "state"),
    [
        (500, "free"),
        (499.9, "tight"),
        (200, "tight"),
        (199.9, "short"),
        (50, "short"),
        (49.9, "critical"),
        (0, "critical"),
    ],
)
def test_what_is_left_makes_the_state(available_mb: float, state: str) -> None:
    """One worker above the reserve, half of it, an eighth."""
    assert looked(seen(available_mb)).state == state


@pytest.mark.parametrize(
    ("total_mb", "reserve_mb"), [(512, 64), (2000, 250), (3000, 256), (8000, 400), (64_000, 1024)]
)
def test_the_reserve_by_itself(total_mb: int, reserve_mb: int) -> None:
    """A twentieth, but no less than 256 and no more than 1024 MB, and an eighth at most."""
    assert reserve_bytes(MemoryPolicy(), total_mb * MB) == reserve_mb * MB
    assert reserve_bytes(MemoryPolicy(reserve=7), total_mb * MB) == 7
    assert reserve_bytes(MemoryPolicy(reserve=None), total_mb * MB) == 0


def test_worse_at_once_and_better_after_half_a_minute() -> None:
    """To the worst that was seen meanwhile, not to the last."""
    watch, states, wait = MemoryWatch(), [], int(BETTER_S)
    for second in range(2 * wait + 3):
        left = {0: 10, 9: 120}.get(second, 5000)
        watch.update(float(second), POLICY, seen(left), 4)
        states.append(watch.state)
    assert states == ["critical"] * (wait + 1) + ["short"] * (wait + 1) + ["free"]


def test_pressure_counts_once_it_has_lasted() -> None:
    """Five seconds over the bound make memory short, whatever is free; without one it never is."""
    pressed = [seen(5000, pressure=11.0)] * 6
    assert looked(*pressed[:5]).state == "free"
    assert looked(*pressed).state == "short"
    assert looked(*pressed).reason == ("memory_pressure", 11.0)
    assert looked(*pressed[:3], seen(5000, pressure=9.0), *pressed[:5]).state == "free"
    for bound in (None, 12.0):
        policy = MemoryPolicy(reserve=400 * MB, pressure_percent=bound)
        assert looked(*pressed, policy=policy).state == "free"


def test_a_limit_that_was_met_is_critical() -> None:
    """The hard one in any case; the soft one only where little is left, for page cache meets it,
    too. What was counted before the first look says nothing.
    """
    assert looked(seen(5000, oom=3, high=9)).state == "free"
    assert looked(seen(5000), seen(5000, oom=1)).state == "critical"
    assert looked(seen(5000), seen(5000, high=1)).state == "free"
    assert looked(seen(300), seen(300, high=1)).state == "critical"


def test_short_trims_first_and_then_lets_idle_workers_go_one_by_one() -> None:
    """Each five seconds, and down to one."""
    watch, widths, caps = MemoryWatch(), [1, 1, 1, 1], []
    for second in range(21):
        found = seen(120, widths=tuple(widths), idle=len(widths))
        watch.update(float(second), POLICY, found, sum(widths))
        assert watch.trims == (second == 0)
        caps.append(watch.cap)
        widths = [1] * (watch.cap or 0)
    assert caps == [4] * 5 + [3] * 5 + [2] * 5 + [1] * 6
    assert watch.reason == ("memory_short", 120.0)


def test_short_leaves_those_that_speak() -> None:
    """But adds none."""
    assert looked(*[seen(120, idle=0)] * 20).cap == 4


def test_critical_leaves_one_worker_at_once() -> None:
    """The one with most cores, whatever the others do."""
    watch = looked(seen(120, widths=(2, 1, 1)), seen(20, widths=(2, 1, 1)))
    assert watch.cap == 2
    assert watch.reason == ("memory_critical", 20.0)


def test_one_worker_stays_whatever_happens() -> None:
    """With all of its cores: these take no memory."""
    assert looked(*[seen(0, widths=(4,), idle=1)] * 20).cap == 4


def test_who_gives_nothing_back_only_stops_growing() -> None:
    """No bound, no trim."""
    policy = MemoryPolicy(reserve=400 * MB, give_back=False)
    watch = looked(*[seen(20, idle=4)] * 20, policy=policy)
    assert (watch.state, watch.cap, watch.trims) == ("critical", None, False)


def test_memory_that_is_not_watched_is_free() -> None:
    """Whatever happens."""
    watch = looked(*[seen(0, oom=7, pressure=99.0)] * 20, policy=MemoryPolicy(reserve=None))
    assert (watch.state, watch.cap) == ("free", None)


def sampled(now: float, memory: MemorySeen, utilization: float = 95.0) -> Sampled:
    """A sample of a pool in full work."""
    return Sampled(now, utilization, 16, memory=memory, memory_cap=sum(memory.widths))


def test_the_allocator_gives_cores_back_with_the_reason() -> None:
    """Below min_cores, too, and without the cooldown; they come back when memory has."""
    allocator = DynamicCPUAllocator(policy_with(min_cores=4, max_cores=4), 16, POLICY)
    allocator.handle(sampled(0.0, seen(20)))
    assert allocator.cores == 1
    assert allocator.history[-1].reason == "memory_critical_20MB"
    allocator.handle(sampled(1.0, seen(20, widths=(1,))))
    assert allocator.history[-1].kind in {"first_sample", "fresh_samples"}
    for second in range(2, 2 + int(BETTER_S) + 1):
        allocator.handle(Sampled(float(second), 95.0, 16, memory=seen(5000, widths=(1,))))
    assert allocator.cores == 4


def test_other_settings_judge_anew() -> None:
    """What was critical beside a large reserve is free beside a small one with the next sample."""
    policy = policy_with(min_cores=4, max_cores=4)
    allocator = DynamicCPUAllocator(policy, 16, POLICY)
    allocator.handle(sampled(0.0, seen(40)))
    assert (allocator.cores, allocator.limits.memory.state) == (1, "critical")
    allocator.handle(Configured(1.0, policy, "auto", MemoryPolicy(reserve=1_000_000)))
    allocator.handle(Sampled(2.0, 95.0, 16, memory=seen(400, widths=(1,)), memory_cap=4))
    assert (allocator.cores, allocator.limits.memory.state) == (4, "free")


def test_a_static_pool_gives_back_as_well() -> None:
    """`enabled` false is about load."""
    allocator = DynamicCPUAllocator(policy_with(enabled=False, max_cores=4), 16, POLICY)
    allocator.handle(sampled(0.0, seen(20)))
    assert allocator.cores == 1
    assert allocator.history[-1].reason == "memory_critical_20MB"


def machine(memory: MemoryPolicy = POLICY) -> Allocation:
    """An allocation of four cores in workers that follow the demand."""
    cpus = Machine(tuple(Cpu(id=number, core=number) for number in range(8)))
    policy = policy_with(min_cores=4, max_cores=4)
    allocation = Allocation(e.Began(policy, "auto", 8, cpus, memory))
    allocation.handle(e.GainExpected(0.0, None, 0.1))
    return allocation


def look(allocation: Allocation, now: float, memory: MemorySeen, demand: float) -> list[e.Command]:
    """Have it look once."""
    ground = e.Ground(
        usable=tuple(range(8)),
        excluded=(),
        cores=8,
        foreign=(),
        busy=(0,),
        demand=demand,
        session_build_s=0.1,
    )
    sample = Sampled(now, 50.0, 8, memory=memory, memory_cap=sum(memory.widths))
    commands = allocation.handle(e.Looked(now, sample, ground))
    allocation.check()
    return commands


def test_no_session_is_rebuilt_while_memory_is_short() -> None:
    """Four workers whose demand falls to one become fewer, never wider: a session takes memory.

    Which of them go is the placement's choice: those that speak stay.
    """
    allocation = machine()
    for second in range(60):
        look(allocation, float(second), seen(5000), demand=4.0)
    assert [shape.threads for shape in allocation.target] == [1, 1, 1, 1]
    for second in range(60, 60 + int(4 * GIVE_BACK_S)):
        widths = tuple(len(shape.cpus) for shape in allocation.target)
        look(allocation, float(second), seen(120, widths=widths, idle=len(widths) - 1), demand=1.0)
        assert {shape.threads for shape in allocation.target} == {1}
    assert [shape.slot for shape in allocation.target] == [0]


def test_the_machine_tells_what_has_changed_and_asks_for_a_trim() -> None:
    """Once for each change."""
    allocation = machine()
    kinds = [
        [type(command) for command in look(allocation, float(number), seen(left), 4.0)]
        for number, left in enumerate((5000, 120, 120, 20))
    ]
    told = [[kind for kind in found if kind in {e.MemoryChanged, e.TrimWorkers}] for found in kinds]
    assert told == [[], [e.MemoryChanged, e.TrimWorkers], [], [e.MemoryChanged, e.TrimWorkers]]
