"""What the machine does to the control loop: cores that go, files that fail, clocks, strangers."""

from __future__ import annotations

import logging
import math
from collections.abc import Collection, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from supervisor.logs import get_logger
from supervisor.pool.leases import CoreLeases
from supervisor.service.control import ALL_LEASED
from tests.unit.service.conftest import MakeLoop
from tests.unit.service.controlled import Controlled

ONE_THREAD = {"pool.threads_per_worker": 1}
CPUSET = "sys/fs/cgroup/cpuset.cpus.effective"


@pytest.fixture
def warnings() -> Iterator[list[str]]:
    """The warnings that the supervisor logs, as they come."""
    lines: list[str] = []

    class Keeper(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    keeper = Keeper(logging.WARNING)
    get_logger().addHandler(keeper)
    yield lines
    get_logger().removeHandler(keeper)


@pytest.fixture
def container(make_loop: MakeLoop) -> Controlled:
    """Four workers of one thread in a container whose cpuset can be changed."""
    loop = make_loop("container-quota-1.5", ONE_THREAD, min_cores=4, max_cores=4)
    loop.tree.write("sys/fs/cgroup/cpu.max", "max 100000\n")
    loop.run(2)
    assert loop.cores == 4
    return loop


def test_a_cpuset_that_shrinks_moves_the_workers_within_two_intervals(
    container: Controlled,
) -> None:
    """Other CPUs, as many of them: the workers are there, and none has gone."""
    workers = set(container.leases)
    container.tree.write(CPUSET, "10-13\n")
    container.run(2)
    assert container.cpus == {10, 11, 12, 13}
    assert set(container.leases) == workers


def test_a_cpuset_with_fewer_cpus_shrinks_the_pool_and_gives_back_when_it_widens(
    container: Controlled,
) -> None:
    """Two CPUs are left: two workers within two intervals; the other two come back."""
    container.tree.write(CPUSET, "1-2\n")
    container.run(2)
    assert container.cpus == {1, 2}
    assert container.reason.startswith(("bound_usable", "fresh_samples"))
    container.tree.write(CPUSET, "0-15\n")
    container.run(2)
    assert container.cores == 4


def test_a_quota_that_shrinks_bounds_the_pool(container: Controlled) -> None:
    """CPU time for one core: one worker, wherever it may run."""
    container.tree.write("sys/fs/cgroup/cpu.max", "150000 100000\n")
    container.run(2)
    assert container.cores == 1
    assert container.control.monitor.limits.won == "quota"


def test_a_monitor_that_fails_holds_and_says_so(make_loop: MakeLoop, warnings: list[str]) -> None:
    """Under full load and without a reading nothing changes; it is said once, and it goes on."""
    loop = make_loop(settings=ONE_THREAD)
    loop.demand = 19
    held = loop.run(20)[-1]
    assert held > 1
    stat = (loop.tree.root / "proc/stat").read_text()
    loop.measurable = False
    loop.tree.write("proc/stat", "nonsense\n")
    for pid in loop.leases:
        loop.tree.write(f"proc/{pid}/stat", "nonsense\n")
    assert set(loop.run(30)) == {held}
    assert loop.reason == "monitor_failed"
    assert loop.control.error is not None
    said = [line for line in warnings if line.startswith("monitor: ")]
    assert said
    assert len(said) == len(set(said)), "each failure is said once"
    loop.tree.write("proc/stat", stat)
    loop.measurable = True
    assert loop.run(60)[-1] > held
    assert loop.control.error is None


def test_strangers_on_its_core_make_the_pool_grow_and_are_named(make_loop: MakeLoop) -> None:
    """A segment all the time on a quarter of a core, on a kernel that does not count waiting: the
    pool takes its second core, says why, and goes on saying so where it may have no more.
    """
    loop = make_loop(settings=ONE_THREAD, max_cores=2)
    loop.demand, loop.share = 8, 0.25
    assert loop.run(6)[-1] == 2
    grown = [d for d in loop.control.allocator.history if d.after > d.before]
    assert [decision.reason for decision in grown] == ["starved_by_others_75%"]
    loop.run(20)
    assert loop.reason == "starved_by_others_75%"
    loop.share = 1.0
    loop.run(20)
    assert loop.reason == "bound_max_cores_2"


def test_strangers_on_the_cores_of_an_idle_pool_move_nothing(make_loop: MakeLoop) -> None:
    """Every core taken, and nothing to speak."""
    loop = make_loop(settings=ONE_THREAD, max_cores=2)
    loop.strangers = dict.fromkeys(range(20), 1.0)
    assert set(loop.run(60)) == {1}
    assert loop.control.allocator.starved_percent == 0.0


def test_other_sources_name_no_strangers(make_loop: MakeLoop) -> None:
    """Their load is in what is measured."""
    loop = make_loop(settings=ONE_THREAD, max_cores=2, utilization_source="cores")
    loop.demand, loop.share = 8, 0.25
    loop.run(30)
    assert loop.reason == "bound_max_cores_2"


def test_a_clock_that_leaps_changes_nothing(make_loop: MakeLoop) -> None:
    """The machine sleeps for a day in the middle of a steady load: the pool is what it was."""
    loop = make_loop(settings=ONE_THREAD)
    loop.demand = 6
    before = loop.run(120)[-1]
    changes = len(loop.targets)
    loop.clock.leap(86_400.0)
    loop.run(10)
    assert loop.cores == before
    assert len(loop.targets) == changes


def test_cores_of_others_are_left_alone_and_used_when_they_are_given_back(
    make_loop: MakeLoop,
) -> None:
    """Another supervisor holds all cores but two: the pool has these two, and later the rest."""
    loop = make_loop(settings=ONE_THREAD, monitoring_interval=0.5, allocation_cooldown=1.0)
    (first,) = loop.cpus
    spare = (first + 2) % 20
    with closing(CoreLeases(loop.lease_directory)) as other:
        assert other.acquire(set(range(20)) - {first, spare})
        loop.configure(max_cores=20)
        loop.demand = 20
        loop.run(30)
        assert loop.cpus == {first, spare}
        assert loop.control.leases.others == other.held
        assert "max_cores 20 is above the 2 usable cores" in loop.control.allocator.bounds.notes
    assert loop.run(60)[-1] == 20


def test_with_no_core_left_it_waits_says_so_and_comes_up_when_one_is_free(
    make_loop: MakeLoop, warnings: list[str]
) -> None:
    """A loop that starts on a machine in which all is leased has no worker, and no error after."""
    first = make_loop(settings=ONE_THREAD, min_cores=20, max_cores=20)
    assert first.cores == 20
    second = make_loop(settings=ONE_THREAD, leases=first.lease_directory)
    second.run(20)
    assert second.cores == 0
    assert second.control.error == ALL_LEASED
    assert warnings.count(f"monitor: {ALL_LEASED}") == 1
    first.configure(min_cores=1, max_cores=19)
    second.run(2)
    assert second.cores == 1
    assert second.cpus.isdisjoint(first.cpus)
    assert second.control.error is None


def test_two_loops_never_hold_the_same_core(make_loop: MakeLoop) -> None:
    """Both under full load, in turns: their cores are disjoint after every interval."""
    options = {"monitoring_interval": 0.5, "allocation_cooldown": 0.5, "max_cores": 20}
    one = make_loop(settings=ONE_THREAD, **options)
    two = make_loop(settings=ONE_THREAD, leases=one.lease_directory, **options)
    one.demand = two.demand = 20
    for _ in range(60):
        one.run(0.5)
        two.run(0.5)
        assert one.cpus.isdisjoint(two.cpus)
    assert one.cores + two.cores == 20


def test_memory_bounds_the_number_of_workers(make_loop: MakeLoop) -> None:
    """Workers of 8 GB where 20 GB are free: as many as fit, however high the load."""
    loop = make_loop(settings=ONE_THREAD, monitoring_interval=0.5, allocation_cooldown=0.5)
    loop.worker_bytes = 8_000_000_000
    loop.demand = 19
    loop.run(60)
    bounds = loop.control.allocator.bounds
    assert bounds.winner == "memory"
    assert loop.cores == bounds.upper < 19


def test_memory_never_takes_cores_that_are_held(make_loop: MakeLoop) -> None:
    """Eight cores in two workers of four threads, 20 GB free for workers of 8 GB: all fit, though
    there are fewer workers than cores.
    """
    four = {"pool.threads_per_worker": 4}
    loop = make_loop(settings=four, min_cores=8, max_cores=8, monitoring_interval=0.5)
    loop.worker_bytes = 8_000_000_000
    assert set(loop.run(60)) == {8}
    loop.worker_bytes = 80_000_000_000
    assert set(loop.run(60)) == {8}


def test_memory_lets_whole_workers_in(make_loop: MakeLoop) -> None:
    """Of workers with four threads two more fit, and with them eight cores more."""
    loop = make_loop(settings={"pool.threads_per_worker": 4}, min_cores=4, allocation_cooldown=0.5)
    loop.worker_bytes = 8_000_000_000
    loop.run(2)
    assert loop.control.allocator.bounds.hard == 4 + 2 * 4


def test_a_lease_that_failed_is_asked_for_again(make_loop: MakeLoop, tmp_path: Path) -> None:
    """The directory of the leases cannot be made at first: as soon as it can, leases are real."""
    place = tmp_path / "in-the-way"
    place.write_text("a file")
    loop = make_loop(leases=place / "leases", min_cores=2, max_cores=2)
    loop.run(5)
    other = CoreLeases(place / "leases")
    assert loop.control.leases.error is not None
    place.unlink()
    loop.run(2)
    assert loop.control.leases.error is None
    other.look(range(20))
    assert other.others == loop.control.leases.held == loop.cpus


def test_leases_half_taken_are_given_back(
    make_loop: MakeLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another supervisor is always quicker: only cores in use stay leased until the next try."""
    loop = make_loop(settings=ONE_THREAD, min_cores=2, max_cores=4, allocation_cooldown=0.5)
    held = loop.control.leases.held
    assert len(held) == 2
    acquire = loop.control.leases.acquire

    def in_part(cpus: Collection[int]) -> bool:
        acquire(cpus)
        return False

    monkeypatch.setattr(loop.control.leases, "acquire", in_part)
    loop.configure(min_cores=4)
    assert loop.control.leases.held == held == loop.cpus


def test_building_sessions_is_no_load(make_loop: MakeLoop) -> None:
    """A pool that does nothing but rebuild looks busy, and does not grow for it."""
    loop = make_loop(settings=ONE_THREAD)
    loop.demand, loop.building = 19, True
    assert set(loop.run(60)) == {1}
    assert loop.reason == "sessions_building"
    loop.building = False
    assert loop.run(60)[-1] > 1


def test_a_session_that_was_built_between_two_samples_is_no_load(make_loop: MakeLoop) -> None:
    """It is told by its generation, even if no sample fell into the build."""
    loop = make_loop(settings=ONE_THREAD)
    loop.demand = 19
    for generation in range(20):
        loop.generation = generation
        loop.run(1)
    assert loop.cores == 1
    assert loop.reason == "sessions_building"


def test_after_stop_settings_change_nothing(make_loop: MakeLoop) -> None:
    """A reload while the supervisor drains must not start workers again."""
    loop = make_loop()
    targets = len(loop.targets)
    loop.control.stop()
    loop.configure(min_cores=5, max_cores=8)
    assert len(loop.targets) == targets
    assert loop.clock.next_timer() == math.inf
