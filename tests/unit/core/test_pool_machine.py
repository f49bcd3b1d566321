"""The pool machine, story by story."""

from __future__ import annotations

from msgspec.structs import replace

from supervisor.core.machine import WorkerShape
from supervisor.core.pool import events as e
from supervisor.core.pool.machine import Pool
from tests.fixtures.defaults import HEALTH, RESTARTS, fresh_pool


def shape(slot: int, *cpus: int, threads: int = 1) -> WorkerShape:
    """Cores and threads of one slot."""
    return WorkerShape(slot, cpus, threads)


def settled(*shapes: WorkerShape) -> Pool:
    """A pool whose workers are ready in these shapes; their epochs are 1, 2, …"""
    pool = fresh_pool(replace(RESTARTS, base_s=1.0, intensity=4, window_s=60.0, parked_s=100.0))
    launches = pool.handle(e.Target(0.0, shapes))
    for launch in launches:
        assert isinstance(launch, e.Launch)
        pool.handle(e.Ready(0.0, launch.epoch, 0))
    assert pool.settled
    return pool


def test_a_freed_core_is_leased_on_only_after_its_worker_is_gone() -> None:
    """Replacing a worker's slot on the same core waits for the old process to end."""
    pool = settled(shape(0, 0))
    assert pool.handle(e.Target(1.0, (shape(1, 0),))) == [e.Retire(1)]
    assert pool.handle(e.Freed(2.0, 1)) == [e.Dismiss(1)]
    assert pool.core_holders == {0: 0}
    assert pool.handle(e.Exited(3.0, 1, "exit status 0", 0.5)) == [e.Launch(2, shape(1, 0))]


def test_growing_onto_a_core_that_is_still_held_waits_for_it() -> None:
    """A reshape that needs another worker's core happens when that worker has left it."""
    pool = settled(shape(0, 0), shape(1, 1))
    wide = shape(0, 0, 1, threads=2)
    assert pool.handle(e.Target(1.0, (wide,))) == [e.Retire(2)]
    pool.handle(e.Freed(2.0, 2))
    assert pool.handle(e.Exited(3.0, 2, "exit status 0", 0.5)) == [e.Reshape(1, wide)]


def test_two_workers_that_swap_cores_do_not_wait_for_each_other_for_ever() -> None:
    """A cycle of held cores is broken by retiring one worker and starting it anew."""
    pool = settled(shape(0, 0), shape(1, 1))
    assert pool.handle(e.Target(1.0, (shape(0, 1), shape(1, 0)))) == [e.Retire(1)]
    pool.handle(e.Freed(2.0, 1))
    assert pool.handle(e.Exited(3.0, 1, "exit status 0", 0.5)) == [e.Reshape(2, shape(1, 0))]
    assert pool.handle(e.Reshaped(4.0, 2, 1, 0)) == [e.Launch(3, shape(0, 1))]
    pool.handle(e.Ready(5.0, 3, 0))
    assert pool.settled


def test_a_worker_that_cannot_rebuild_keeps_its_session_and_is_not_asked_again() -> None:
    """A failed reshape is not repeated for the same target, but is for the next one."""
    pool = settled(shape(0, 0))
    wide = shape(0, 0, 1, threads=2)
    assert pool.handle(e.Target(1.0, (wide,))) == [e.Reshape(1, wide)]
    assert pool.handle(e.Reshaped(2.0, 1, 1, 0, "out of memory")) == []
    assert pool.slots[0].shape == shape(0, 0, 1, threads=1)
    assert pool.handle(e.Tick(3.0)) == []
    assert pool.handle(e.Target(4.0, (shape(0, 0),))) == [e.Reshape(1, shape(0, 0))]


def test_a_worker_that_cannot_be_narrowed_keeps_its_cores_until_it_is_replaced() -> None:
    """Two threads stay on two cores; the worker that waits for one of them starts afterwards."""
    pool = settled(shape(0, 0, 1, threads=2))
    target = (shape(0, 0), shape(1, 1))
    assert pool.handle(e.Target(1.0, target)) == [e.Reshape(1, shape(0, 0))]
    started = pool.handle(e.Reshaped(2.0, 1, 2, 0, "out of memory", (0, 1)))
    assert started == [e.Launch(2, shape(0, 0))]
    assert pool.core_holders == {0: 0, 1: 0}
    pool.check()
    assert pool.handle(e.Ready(3.0, 2, 0)) == [e.Retire(1)]
    assert pool.handle(e.Freed(4.0, 1)) == [e.Dismiss(1), e.Employ(2)]
    assert pool.handle(e.Exited(5.0, 1, "exit status 0", 0.5)) == [e.Launch(3, shape(1, 1))]
    pool.check()


def test_a_worker_that_cannot_move_stays_where_it_is() -> None:
    """Cores that the kernel refuses are not held for it; those that it is on are."""
    pool = settled(shape(0, 0))
    assert pool.handle(e.Target(1.0, (shape(0, 7),))) == [e.Reshape(1, shape(0, 7))]
    assert pool.handle(e.Reshaped(2.0, 1, 1, 0, "OSError: [Errno 22]", (0,))) == [
        e.Launch(2, shape(0, 7))
    ]
    assert pool.slots[0].held == frozenset({0})
    pool.check()


def test_the_first_death_is_refilled_at_once_the_next_ones_wait_longer() -> None:
    """Backoff is exponential with full jitter, and starts at nothing."""
    pool = settled(shape(0, 0))
    assert pool.handle(e.Exited(1.0, 1, "signal SIGKILL", 0.5)) == [e.Launch(2, shape(0, 0))]
    assert pool.handle(e.Exited(2.0, 2, "signal SIGKILL", 0.5)) == []
    assert pool.next_wakeup() == 2.0 + 0.5 * 2.0
    assert pool.handle(e.Tick(3.0)) == [e.Launch(3, shape(0, 0))]


def test_a_slot_that_keeps_dying_is_parked_while_the_others_go_on() -> None:
    """Too many deaths in a window park one slot; the pool keeps its other workers."""
    pool = settled(shape(0, 0), shape(1, 1))
    epoch, now = 1, 1.0
    for _ in range(4):
        pool.handle(e.Exited(now, epoch, "signal SIGSEGV", 0.0))
        epoch = pool.slots[0].epoch
        now += 0.1
    assert pool.slots[0].state == "fatal"
    assert pool.fatal == [pool.slots[0]]
    assert pool.slots[0].last_exit == "signal SIGSEGV"
    assert pool.handle(e.Tick(now + 50)) == []
    assert pool.slots[1].state == "ready"
    assert [type(c) for c in pool.handle(e.Tick(now + 101))] == [e.Launch]
    assert not pool.fatal


def test_that_a_slot_is_parked_is_told_once_with_its_reason() -> None:
    """And for how long; ticks meanwhile say nothing more."""
    pool = settled(shape(0, 0), shape(1, 1))
    told: list[e.Command] = []
    for number in range(4):
        now = 1.0 + number
        told += pool.handle(e.Exited(now, pool.slots[0].epoch, f"death {number}", 0.0))
        told += pool.handle(e.Tick(now))
    assert [c for c in told if isinstance(c, e.Park)] == [e.Park(0, "death 3", 100.0)]
    for seconds in range(5, 100, 5):
        assert pool.handle(e.Tick(float(seconds))) == []


def test_that_every_start_is_held_is_told_once() -> None:
    """When workers die all over the pool: with the last reason, and for how long."""
    pool = settled(shape(0, 0), shape(1, 1), shape(2, 2), shape(3, 3))
    told: list[e.Command] = []
    for number in range(12):
        epoch = pool.slots[number % 4].epoch
        told += pool.handle(e.Exited(1.0, epoch, "signal SIGSEGV", 0.0))
        told += pool.handle(e.Tick(1.0))
    assert [c for c in told if isinstance(c, e.Hold)] == [e.Hold("signal SIGSEGV", 10.0)]


def test_a_start_that_the_machine_refuses_is_no_death() -> None:
    """However often: nothing is parked or held, no death is counted, and it is tried again
    within two seconds each time.
    """
    pool = fresh_pool(replace(RESTARTS, intensity=4))
    (launch,) = pool.handle(e.Target(0.0, (shape(0, 0),)))
    now = 0.0
    for _ in range(50):
        assert isinstance(launch, e.Launch)
        assert pool.handle(e.NotStarted(now, launch.epoch, "no memory", 0.5)) == []
        assert pool.slots[0].state == "backoff"
        assert pool.slots[0].last_exit == "no memory"
        again_at = pool.next_wakeup()
        assert again_at is not None
        assert 0.0 < again_at - now <= 2.0
        now = again_at
        (launch,) = pool.handle(e.Tick(now))
    assert pool.restarts.total == 0


def test_a_refused_start_holds_up_no_other_slot() -> None:
    """The others are launched in the same breath, and when one of them has come up, the machine
    has room again: whoever was refused is tried at once.
    """
    pool = fresh_pool()
    shapes = tuple(shape(slot, slot) for slot in range(3))
    assert [type(c) for c in pool.handle(e.Target(0.0, shapes))] == [e.Launch] * 3
    for epoch in (1, 2):
        pool.handle(e.NotStarted(0.0, epoch, "EAGAIN", 0.9))
    assert pool.handle(e.Tick(0.05)) == []
    came_up = pool.handle(e.Ready(0.1, 3, 0))
    assert came_up == [e.Employ(3), e.Launch(4, shape(0, 0)), e.Launch(5, shape(1, 1))]
    pool.check()


def test_a_replacement_that_cannot_be_started_costs_the_worn_worker_nothing() -> None:
    """It speaks on, and the replacement is tried again soon."""
    pool = settled(shape(0, 0))
    pool.handle(e.Recycle(1.0, 1))
    assert pool.handle(e.NotStarted(2.0, 2, "EAGAIN", 0.5)) == []
    assert pool.slots[0].state == "ready"
    again_at = pool.next_wakeup()
    assert again_at is not None
    assert pool.handle(e.Tick(again_at)) == [e.Launch(3, shape(0, 0))]
    pool.check()


def test_another_policy_holds_for_the_deaths_to_come() -> None:
    """Settings are an event like any other: a slot that may die less often is parked sooner."""
    pool = settled(shape(0, 0))
    pool.handle(e.Configured(1.0, replace(RESTARTS, intensity=1, parked_s=7.0), HEALTH))
    told = pool.handle(e.Exited(2.0, 1, "signal SIGSEGV", 0.0))
    told += pool.handle(e.Exited(3.0, 2, "signal SIGSEGV", 0.0))
    for later in range(4, 20):
        told += pool.handle(e.Tick(float(later)))
    assert e.Park(0, "signal SIGSEGV", 7.0) in told


def test_a_worker_that_never_becomes_ready_is_killed() -> None:
    """A start that takes too long ends in a kill, and then in another start."""
    pool = fresh_pool(replace(RESTARTS, start_timeout_s=5.0))
    pool.handle(e.Target(0.0, (shape(0, 0),)))
    assert pool.next_wakeup() == 5.0
    assert pool.handle(e.Tick(5.0)) == [e.Kill(1, "did not become ready in time")]
    assert pool.handle(e.Exited(5.1, 1, "signal SIGKILL", 0.0)) == [e.Launch(2, shape(0, 0))]


def test_a_target_that_comes_after_the_stop_starts_nobody() -> None:
    """A decision of the control loop may be on its way while the pool stops."""
    pool = settled(shape(0, 0))
    assert pool.handle(e.Stop(1.0)) == [e.Retire(1)]
    assert pool.handle(e.Target(1.5, (shape(0, 0), shape(1, 1)))) == []
    assert pool.target == {}


def test_stop_retires_everything_and_the_pool_is_empty_in_the_end() -> None:
    """After Stop no worker is launched again, whatever dies."""
    pool = settled(shape(0, 0), shape(1, 1))
    assert pool.handle(e.Stop(1.0)) == [e.Retire(1), e.Retire(2)]
    pool.handle(e.Freed(2.0, 1))
    pool.handle(e.Exited(3.0, 1, "exit status 0", 0.5))
    assert pool.handle(e.Exited(3.0, 2, "signal SIGKILL", 0.5)) == []
    assert pool.empty


def test_when_the_whole_pool_dies_no_worker_is_started_for_a_while() -> None:
    """Deaths all over the pool within a window hold every start, also that of a new slot."""
    shapes = tuple(shape(slot, slot) for slot in range(4))
    pool = settled(*shapes)
    for number in range(12):
        slot = number % 4
        epoch = pool.slots[slot].epoch
        pool.handle(e.Exited(1.0, epoch, "signal SIGSEGV", 0.0))
        pool.handle(e.Tick(1.0))
    assert not pool.fatal, "no slot alone failed too often"
    assert not pool.handle(e.Target(2.0, (*shapes, shape(4, 4))))
    assert pool.next_wakeup() == 1.0 + RESTARTS.hold_s
    assert [type(c) for c in pool.handle(e.Tick(11.0))].count(e.Launch) >= 1


def test_a_worn_worker_speaks_until_its_replacement_is_ready() -> None:
    """The replacement starts first, on the same core; it speaks when the old one has finished."""
    pool = settled(shape(0, 0))
    assert pool.handle(e.Recycle(1.0, 1)) == [e.Launch(2, shape(0, 0))]
    assert pool.slots[0].epoch == 1
    assert pool.handle(e.Ready(2.0, 2, 0)) == [e.Retire(1)]
    assert pool.handle(e.Freed(3.0, 1)) == [e.Dismiss(1), e.Employ(2)]
    assert pool.handle(e.Exited(4.0, 1, "exit status 0", 0.5)) == []
    assert pool.settled
    assert not pool.slots[0].worn


def test_a_replacement_that_fails_costs_the_worn_worker_nothing() -> None:
    """The old worker goes on; the next attempt waits as any restart does."""
    pool = settled(shape(0, 0))
    pool.handle(e.Recycle(1.0))
    assert pool.handle(e.Exited(2.0, 2, "signal SIGKILL", 0.5)) == [e.Launch(3, shape(0, 0))]
    assert pool.handle(e.Exited(3.0, 3, "signal SIGKILL", 0.5)) == []
    assert pool.slots[0].state == "ready"
    assert pool.next_wakeup() == 3.0 + 0.5 * 2.0
    assert pool.handle(e.Tick(4.0)) == [e.Launch(4, shape(0, 0))]


def test_a_worn_worker_that_dies_is_succeeded_by_the_replacement_under_way() -> None:
    """Nothing is started twice for one slot."""
    pool = settled(shape(0, 0))
    pool.handle(e.Recycle(1.0))
    assert pool.handle(e.Exited(2.0, 1, "signal SIGKILL", 0.5)) == []
    assert pool.handle(e.Ready(3.0, 2, 0)) == [e.Employ(2)]
    assert pool.settled


def test_a_new_target_calls_a_replacement_off() -> None:
    """The worn worker takes its new shape first; it is replaced after that."""
    pool = settled(shape(0, 0))
    pool.handle(e.Recycle(1.0))
    wide = shape(0, 0, 1, threads=2)
    assert pool.handle(e.Target(2.0, (wide,))) == [
        e.Kill(2, "not wanted any more"),
        e.Reshape(1, wide),
    ]
    pool.handle(e.Exited(3.0, 2, "signal SIGKILL", 0.5))
    assert pool.handle(e.Reshaped(4.0, 1, 2, 1)) == [e.Launch(3, wide)]


def test_all_workers_are_replaced_one_after_the_other() -> None:
    """Recycling everybody never has more than one replacement under way."""
    pool = settled(shape(0, 0), shape(1, 1))
    assert pool.handle(e.Recycle(1.0)) == [e.Launch(3, shape(0, 0))]
    pool.handle(e.Ready(2.0, 3, 0))
    pool.handle(e.Freed(3.0, 1))
    assert pool.handle(e.Exited(4.0, 1, "exit status 0", 0.5)) == [e.Launch(4, shape(1, 1))]
    pool.handle(e.Ready(5.0, 4, 0))
    assert pool.handle(e.Freed(6.0, 2)) == [e.Dismiss(2), e.Employ(4)]
    assert pool.handle(e.Exited(7.0, 2, "exit status 0", 0.5)) == []
    assert pool.settled
