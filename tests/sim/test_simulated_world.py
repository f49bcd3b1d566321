"""The simulated workers obey physics, and the real slot machine's invariants hold in them."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from supervisor.core.machine import WorkerShape
from supervisor.simulate.scenario import ENGINES, EngineModel, MachineModel
from supervisor.simulate.workload import Arrival
from supervisor.simulate.world import World
from tests.fixtures.defaults import BOUNDS, limits_with
from workers.engines.hibari import Hibari

ENGINE = EngineModel(seconds_per_character=0.1, parallel=1.0, session_build_s=2.0, start_s=0.5)


def test_a_segment_takes_its_work_divided_by_the_threads() -> None:
    """Ten core-seconds on one wide worker of four perfect threads: busy for 2.5 s."""
    world = World(ENGINE, {})
    world.retarget((WorkerShape(0, (0, 1, 2, 3), 4),))
    world.advance(5.0)
    world.submit(Arrival(5.0, 100.0))
    world.look()
    world.advance(7.4)
    assert world.look().running == 1
    world.advance(7.6)
    seen = world.look()
    assert seen.running == 0
    assert world.waits == [0.0]


def test_cpu_time_is_the_work_done() -> None:
    """What the monitor reads sums up to the work, whatever the number of workers."""
    world = World(ENGINE, {})
    world.retarget(tuple(WorkerShape(slot, (slot,), 1) for slot in range(3)))
    world.advance(1.0)
    for _ in range(7):
        world.submit(Arrival(1.0, 30.0))
    used = 0.0
    for second in range(2, 20):
        world.advance(float(second))
        used += world.look().used_s
    assert used == pytest.approx(7 * 3.0)


def test_a_worker_starts_first_come_first_served_after_its_fork() -> None:
    """Waits grow in order of arrival, and the first one is the fork."""
    world = World(ENGINE, {})
    world.retarget((WorkerShape(0, (0,), 1),))
    for _ in range(3):
        world.submit(Arrival(0.0, 10.0))
    world.advance(10.0)
    assert world.waits == pytest.approx([0.5, 1.5, 2.5])


def test_a_retired_worker_finishes_its_segment_and_holds_its_core_until_then() -> None:
    """A drain loses nothing, and the core is paid for as long as it is held."""
    world = World(ENGINE, {})
    world.retarget((WorkerShape(0, (0,), 1), WorkerShape(1, (1,), 1)))
    world.advance(1.0)
    world.submit(Arrival(1.0, 50.0))
    world.submit(Arrival(1.0, 50.0))
    world.retarget((WorkerShape(1, (1,), 1),))
    world.pool.check()
    world.advance(3.0)
    assert world.look().leased == 2
    world.advance(7.0)
    seen = world.look()
    assert (seen.leased, seen.running, seen.waiting) == (1, 0, 0)
    assert seen.used_s == pytest.approx(6.0)


def test_a_wider_session_is_built_beside_the_old_one() -> None:
    """Work goes on during the build, the build is seen, and the new width holds after it."""
    world = World(ENGINE, {})
    world.retarget((WorkerShape(0, (0,), 1),))
    world.advance(1.0)
    world.look()
    world.retarget((WorkerShape(0, (0, 1), 2),))
    world.submit(Arrival(1.0, 10.0))
    world.advance(2.5)
    seen = world.look()
    assert seen.building
    assert seen.running == 0
    assert world.rebuilds == 1
    world.advance(4.0)
    world.submit(Arrival(4.0, 10.0))
    world.advance(4.4)
    assert world.look().running == 1
    world.advance(4.6)
    assert world.look().running == 0


def test_strangers_slow_a_worker_down() -> None:
    """On a CPU that is half taken, the same segment takes twice as long; it wants all of it."""
    world = World(ENGINE, {0: 0.5})
    world.retarget((WorkerShape(0, (0,), 1),))
    world.advance(1.0)
    world.submit(Arrival(1.0, 10.0))
    world.look()
    world.advance(2.9)
    seen = world.look()
    assert seen.running == 1
    assert (seen.used_s, seen.wanted_s) == pytest.approx((0.95, 1.9))
    world.advance(3.1)
    assert world.look().running == 0


def test_idle_and_finished_are_those_since_the_last_look() -> None:
    """One of two workers speaks two segments of a second: one idle, then all of both."""
    world = World(ENGINE, {})
    world.retarget((WorkerShape(0, (0,), 1), WorkerShape(1, (1,), 1)))
    world.advance(1.0)
    world.look()
    world.submit(Arrival(1.0, 10.0))
    world.advance(2.0)
    world.submit(Arrival(2.0, 10.0))
    world.advance(3.0)
    seen = world.look()
    assert seen.idle == pytest.approx(1.0)
    assert seen.finished == 2
    world.advance(4.0)
    seen = world.look()
    assert seen.idle == pytest.approx(2.0)
    assert seen.finished == 0


def test_two_clients_have_equal_shares() -> None:
    """Who hands in two sentences does not wait for the hundred that another one had before."""
    world = World(ENGINE, {})
    world.retarget((WorkerShape(0, (0,), 1),))
    world.advance(1.0)
    for _ in range(100):
        world.submit(Arrival(1.0, 10.0, "book"))
    world.advance(3.5)
    for _ in range(2):
        world.submit(Arrival(3.5, 10.0, "reader"))
    world.advance(8.9)
    seen = world.look()
    assert seen.waiting == world.jobs.waiting_segments == 94
    assert seen.backlog_s == world.jobs.oldest_wait(8.9) == pytest.approx(7.9)
    assert world.waits == pytest.approx([0.0, 1.0, 2.0, 0.5, 1.5, 5.0, 6.0, 7.0])


def test_an_urgent_job_goes_before_those_that_wait() -> None:
    """Priority 9 runs next, though four of the usual one were there before."""
    world = World(ENGINE, {})
    world.retarget((WorkerShape(0, (0,), 1),))
    world.advance(1.0)
    for _ in range(5):
        world.submit(Arrival(1.0, 10.0))
    world.advance(1.1)
    world.submit(Arrival(1.1, 10.0, priority=9))
    world.advance(2.5)
    assert world.waits == pytest.approx([0.0, 0.9])


def test_what_is_too_late_ends_and_frees_its_worker() -> None:
    """One is spoken longer than its deadline allows, one waits longer."""
    world = World(ENGINE, {})
    world.retarget((WorkerShape(0, (0,), 1),))
    world.advance(1.0)
    world.submit(Arrival(1.0, 100.0, deadline_s=3.0))
    world.submit(Arrival(1.0, 10.0, deadline_s=2.0))
    world.submit(Arrival(1.0, 10.0))
    for second in range(2, 7):
        world.advance(float(second))
        world.look()
    seen = world.look()
    assert world.jobs.counts["expired"] == 2
    assert world.jobs.counts["done"] == 1
    assert (seen.running, seen.waiting) == (0, 0)
    assert world.waits == pytest.approx([0.0, 3.0])
    world.jobs.check()


def test_what_is_more_than_may_wait_is_refused() -> None:
    """The settings' bounds hold: two jobs are let in, one of a client that has one already."""
    world = World(ENGINE, {}, replace(BOUNDS, limits=limits_with(jobs=3, jobs_per_client=1)))
    world.retarget((WorkerShape(0, (0,), 1),))
    for client in ("a", "a", "b", "c", "d"):
        world.submit(Arrival(0.0, 10.0, client))
    world.advance(10.0)
    assert world.jobs.counts["refused"] == 2
    assert world.jobs.counts["done"] == 3


def test_admission_knows_the_whole_length_of_a_segment() -> None:
    """However long: the work that it predicts is the work that there is."""
    world = World(ENGINE, {})
    world.retarget((WorkerShape(0, (0,), 1),))
    world.advance(1.0)
    world.submit(Arrival(1.0, 36_000.0))
    assert world.jobs.admission.work_s == pytest.approx(3600.0)


def test_a_machine_model_has_sockets_and_siblings() -> None:
    """Eight CPUs in two sockets with two threads each: four cores, CPU 0 beside CPU 4."""
    cpus = MachineModel(8, sockets=2, smt=2).machine.cpus
    assert len({(cpu.package, cpu.core) for cpu in cpus}) == 4
    assert (cpus[0].package, cpus[0].core) == (cpus[4].package, cpus[4].core)
    assert MachineModel(4, foreign=1.5).foreign_load == {0: 1.0, 1: 0.5, 2: 0.0, 3: 0.0}


def test_the_simulated_pool_is_told_what_the_engine_declares() -> None:
    """hibari's share stands in the engine, which the supervisor must not import, and here."""
    model = ENGINES["hibari"]
    assert model.declared == model.parallel == Hibari({}).describe().parallel
