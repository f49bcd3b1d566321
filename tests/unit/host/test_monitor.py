"""CPUUtilizationMonitor on hosts whose time the test moves."""

from __future__ import annotations

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from supervisor.core.machine import Cpu
from supervisor.host.monitor import SLOW_INTERVAL, CPUUtilizationMonitor
from supervisor.host.sample import UtilizationSource
from tests.fixtures.hosts import HOSTS
from tests.fixtures.hosts.files import meminfo
from tests.fixtures.hosts.tree import HostTree
from tests.unit.host.conftest import MakeHost, open_files

ONE = {7: (0,)}


def two_workers(make_host: MakeHost) -> tuple[HostTree, CPUUtilizationMonitor]:
    """A laptop with workers 7 on core 0 and 8 on core 2, sampled once at 100 s."""
    tree = make_host("laptop-20")
    tree.spawn(7)
    tree.spawn(8)
    monitor = CPUUtilizationMonitor(tree.host)
    monitor.sample(100.0, {7: (0,), 8: (2,)})
    return tree, monitor


@pytest.mark.parametrize("name", HOSTS)
def test_every_host_is_sampled_without_a_fault(make_host: MakeHost, name: str) -> None:
    """On each host of the catalogue two samples work, and the second one measures."""
    tree = make_host(name)
    tree.spawn(7)
    monitor = CPUUtilizationMonitor(tree.host)
    first = monitor.sample(10.0, ONE)
    assert first.utilization is None
    assert (first.busy, first.foreign, first.workers) == ({}, {}, {})
    tree.run(1.0, busy={0: 0.5}, used={7: 0.4})
    second = monitor.sample(11.0, ONE)
    assert second.errors == ()
    assert second.utilization == pytest.approx(40, abs=1)
    assert second.busy[0] == pytest.approx(50, abs=2)
    assert second.foreign[0] == pytest.approx(10, abs=2)
    assert len(monitor.machine.cpus) == len(second.busy) == len(tree.cpus)


def test_each_source_has_its_own_reading(make_host: MakeHost) -> None:
    """The workers' time for pool, all load on their cores for cores, that of all for system."""
    tree, monitor = two_workers(make_host)
    sources: tuple[UtilizationSource, ...] = ("pool", "cores", "system")
    readings = {}
    for now, source in enumerate(sources, start=101):
        monitor.source = source
        tree.run(1.0, busy={0: 1.0, 2: 0.5, 5: 1.0}, used={7: 1.0, 8: 0.25})
        readings[source] = monitor.sample(float(now), {7: (0,), 8: (2,)}).utilization
    expected = {"pool": 62.5, "cores": 75, "system": 12.5}
    assert readings == pytest.approx(expected, abs=0.5)


def test_a_strangers_load_is_not_the_pools(make_host: MakeHost) -> None:
    """A hog beside idle workers leaves the pool at 0 and shows as foreign on its core."""
    tree, monitor = two_workers(make_host)
    tree.run(1.0, busy={2: 1.0, 4: 1.0})
    sample = monitor.sample(101.0, {7: (0,), 8: (2,)})
    assert sample.utilization == 0
    assert (sample.foreign[0], sample.foreign[2], sample.foreign[4]) == (0, 100, 100)
    assert sample.workers == {7: 0, 8: 0}


def test_what_a_worker_wanted_counts_beside_strangers(make_host: MakeHost) -> None:
    """Three strangers leave a quarter of the core: it wanted all of it, and they had the rest."""
    tree, monitor = two_workers(make_host)
    for pid in (7, 8):
        tree.start_thread(pid, pid)
    monitor.sample(101.0, {7: (0,), 8: (2,)})
    tree.wait(7, 7, 0.75)
    tree.run(1.0, busy={0: 1.0, 2: 1.0}, used={7: 0.25, 8: 0.0})
    sample = monitor.sample(102.0, {7: (0,), 8: (2,)})
    assert sample.utilization == pytest.approx(50), "one of two workers was busy"
    assert sample.starved == pytest.approx(37.5)
    assert sample.workers[7] == pytest.approx(25), "of a worker the CPU time is shown"


def test_strangers_alone_still_move_nothing(make_host: MakeHost) -> None:
    """Workers that have nothing to do wait for nothing, however many want their cores."""
    tree, monitor = two_workers(make_host)
    for pid in (7, 8):
        tree.start_thread(pid, pid, waited=500.0)
    monitor.sample(101.0, {7: (0,), 8: (2,)})
    tree.run(1.0, busy={0: 1.0, 2: 1.0})
    sample = monitor.sample(102.0, {7: (0,), 8: (2,)})
    assert (sample.utilization, sample.starved) == (0, 0)


def test_a_quota_that_stops_the_pool_is_wanted_once_and_nobody_elses(make_host: MakeHost) -> None:
    """The kernel's count holds the time throttled: a core is full, not over, and no stranger's."""
    tree = make_host("container-quota-1.5")
    tree.spawn(7)
    tree.start_thread(7, 7)
    monitor = CPUUtilizationMonitor(tree.host)
    monitor.sample(100.0, ONE)
    throttle(tree, 600_000)
    tree.wait(7, 7, 0.6)
    tree.run(1.0, busy={0: 0.4}, used={7: 0.4})
    sample = monitor.sample(101.0, ONE)
    assert sample.utilization == pytest.approx(100)
    assert sample.starved == 0
    assert sample.throttling.cgroup_rising


def throttle(tree: HostTree, micros: int) -> None:
    """The group of the container was stopped for so long, in six periods more."""
    path = "sys/fs/cgroup/cpu.stat"
    fields = (tree.root / path).read_text().split()
    stat = {name: int(value) for name, value in zip(fields[::2], fields[1::2], strict=True)}
    stat["nr_throttled"] += 6
    stat["throttled_usec"] += micros
    tree.write(path, "".join(f"{name} {value}\n" for name, value in stat.items()))


@pytest.mark.parametrize(
    ("running", "strangers", "expected"),
    [(1.0, 0.75, 100.0), (0.5, 0.75, 50.0), (0.0, 0.75, 25.0), (1.0, 0.0, 25.0)],
)
def test_where_the_kernel_does_not_tell_segments_do(
    make_host: MakeHost, running: float, strangers: float, expected: float
) -> None:
    """A worker with a segment wanted its core as far as strangers had it; without one not."""
    tree = make_host("vm-2")
    tree.spawn(7)
    monitor = CPUUtilizationMonitor(tree.host)
    monitor.sample(100.0, ONE)
    tree.run(1.0, busy={0: 0.25 + strangers}, used={7: 0.25})
    sample = monitor.sample(101.0, ONE, running)
    assert sample.utilization == pytest.approx(expected, abs=1)
    assert sample.errors == ()


def test_where_the_kernel_does_not_tell_a_quota_counts_too(make_host: MakeHost) -> None:
    """A segment ran all the time on 0.4 of a core, and for 0.6 s a quota stopped it: full."""
    tree = make_host("container-quota-1.5")
    tree.spawn(7)
    monitor = CPUUtilizationMonitor(tree.host)
    monitor.sample(100.0, ONE)
    throttle(tree, 600_000)
    tree.run(1.0, busy={0: 0.4}, used={7: 0.4})
    assert monitor.sample(101.0, ONE, 1.0).utilization == pytest.approx(100, abs=1)


def test_a_worker_that_dies_leaves_no_spike(make_host: MakeHost) -> None:
    """The pool's utilization is that of the one that lives; the dead one's file is closed."""
    tree, monitor = two_workers(make_host)
    tree.run(1.0, busy={0: 0.3, 2: 1.0}, used={7: 0.3, 8: 1.0})
    tree.kill(8)
    sample = monitor.sample(101.0, {7: (0,), 8: (2,)})
    assert sample.utilization == pytest.approx(30)
    assert (sample.leased, sample.errors) == (1, ())
    assert 2 not in sample.foreign
    tree.run(1.0, busy={0: 0.3}, used={7: 0.3})
    assert monitor.sample(102.0, ONE).utilization == pytest.approx(30)


def test_a_worker_that_appears_leaves_no_spike(make_host: MakeHost) -> None:
    """A newcomer with ten seconds of CPU time behind it counts from its second sample on."""
    tree, monitor = two_workers(make_host)
    tree.spawn(9)
    tree.run(1.0, busy={0: 0.2, 2: 0.2, 4: 1.0}, used={7: 0.2, 8: 0.2, 9: 10.0})
    leases = {7: (0,), 8: (2,), 9: (4, 6)}
    sample = monitor.sample(101.0, leases)
    assert sample.utilization == pytest.approx(20)
    assert sample.leased == 2
    assert not {4, 6} & sample.foreign.keys()
    tree.run(1.0, busy={4: 1.0, 6: 1.0}, used={9: 2.0})
    sample = monitor.sample(102.0, leases)
    assert sample.utilization == pytest.approx(50)
    assert sample.leased == 4


def test_a_pid_used_again_leaves_no_spike(make_host: MakeHost) -> None:
    """A new worker under a dead one's pid is neither negative nor huge."""
    tree, monitor = two_workers(make_host)
    tree.run(1.0, used={7: 0.5, 8: 1.0})
    monitor.sample(101.0, {7: (0,), 8: (2,)})
    tree.kill(8)
    tree.spawn(8, started=9000)
    tree.run(1.0, used={7: 0.5, 8: 30.0})
    assert monitor.sample(102.0, {7: (0,), 8: (2,)}).utilization == pytest.approx(50)


def test_without_workers_there_is_no_utilization(make_host: MakeHost) -> None:
    """An empty pool has no utilization; the machine's load is still there."""
    tree = make_host("vm-2")
    monitor = CPUUtilizationMonitor(tree.host)
    monitor.sample(1.0, {})
    tree.run(1.0, busy={1: 1.0})
    sample = monitor.sample(2.0, {})
    assert sample.utilization is None
    assert sample.foreign == {0: 0, 1: 100}


def test_the_same_time_twice(make_host: MakeHost) -> None:
    """A duplicate measures nothing and takes nothing away from the next sample."""
    tree, monitor = two_workers(make_host)
    tree.run(0.5, used={7: 0.5, 8: 0.5})
    assert monitor.sample(100.0, {7: (0,), 8: (2,)}).utilization is None
    tree.run(0.5)
    assert monitor.sample(101.0, {7: (0,), 8: (2,)}).utilization == pytest.approx(50)


@pytest.mark.parametrize("jump", [-50.0, 4.0, 3600.0])
def test_a_clock_that_jumps(make_host: MakeHost, jump: float) -> None:
    """A step back or ahead gives no value and says so; the next sample measures again."""
    tree, monitor = two_workers(make_host)
    tree.run(1.0, used={7: 0.5, 8: 0.5})
    sample = monitor.sample(101.0 + jump, {7: (0,), 8: (2,)})
    assert sample.utilization is None
    assert [error.part for error in sample.errors] == ["clock"]
    tree.run(1.0, used={7: 0.5, 8: 0.5})
    sample = monitor.sample(102.0 + jump, {7: (0,), 8: (2,)})
    assert sample.utilization == pytest.approx(50)
    assert sample.errors == ()


def test_a_time_that_is_no_number(make_host: MakeHost) -> None:
    """NaN is refused and does not poison what follows."""
    tree, monitor = two_workers(make_host)
    assert monitor.sample(math.nan, ONE).errors == (("clock", "nan is not a time"),)
    tree.run(1.0, used={7: 0.5, 8: 0.5})
    assert monitor.sample(101.0, {7: (0,), 8: (2,)}).utilization == pytest.approx(50)


def test_a_kernel_that_accounts_no_cpu_time(make_host: MakeHost) -> None:
    """Sandboxes whose /proc/stat stands still: the workers' own time is measured all the same."""
    tree, monitor = two_workers(make_host)
    stat = (tree.root / "proc/stat").read_text()
    tree.run(1.0, used={7: 0.5, 8: 0.5})
    tree.write("proc/stat", stat)
    sample = monitor.sample(101.0, {7: (0,), 8: (2,)})
    assert sample.utilization == pytest.approx(50)
    assert sample.busy == {}


def test_a_cpuset_that_shrinks_is_seen_at_the_next_sample(make_host: MakeHost) -> None:
    """Cores taken away while running, and a quota set while running, are seen at once."""
    tree = make_host("container-cpuset-3")
    monitor = CPUUtilizationMonitor(tree.host)
    assert monitor.limits.cpus == (3, 4, 5)
    tree.write("sys/fs/cgroup/cpuset.cpus.effective", "4-5\n")
    tree.write("proc/self/status", "Name:\tx\nCpus_allowed_list:\t4-5\n")
    assert monitor.sample(1.0, {}).limits.cpus == (4, 5)
    tree.write("sys/fs/cgroup/cpu.max", "100000 100000\n")
    limits = monitor.sample(2.0, {}).limits
    assert (limits.count, limits.won) == (1, "quota")


def test_a_cpu_that_goes_offline(make_host: MakeHost) -> None:
    """The machine is read again; the CPU that went is in no reading any more."""
    tree = make_host("arm-big-little")
    monitor = CPUUtilizationMonitor(tree.host)
    monitor.sample(1.0, {})
    tree.run(1.0)
    tree.plug((0, 1, 2, 3, 4))
    sample = monitor.sample(2.0, {})
    assert [cpu.id for cpu in monitor.machine.cpus] == [0, 1, 2, 3, 4]
    assert sorted(sample.busy) == [0, 1, 2, 3, 4]
    assert sample.limits.count == 5


def test_heat_shows_while_its_events_rise(make_host: MakeHost) -> None:
    """Heat events are flagged until the next reading of their counters."""
    tree = make_host("laptop-20")
    monitor = CPUUtilizationMonitor(tree.host)
    counter = "sys/devices/system/cpu/cpu12/thermal_throttle/core_throttle_count"
    flags = []
    for now in (0.0, 5.0, 10.0, 11.0, 14.0, 15.0):
        if now == 10.0:
            tree.write(counter, "4\n")
        flags.append(monitor.sample(now, {}).throttling.thermal_rising)
    assert flags == [None, False, True, True, True, False]


def test_heat_counters_of_cpus_that_come_online(make_host: MakeHost) -> None:
    """CPUs that are plugged in bring their counters with them, and that is no rise."""
    tree = make_host("laptop-20")
    tree.plug(tuple(range(12)))
    monitor = CPUUtilizationMonitor(tree.host)
    assert monitor.sample(0.0, {}).throttling.thermal_events == 6 * 3 + 12
    tree.plug(tuple(range(20)))
    throttling = monitor.sample(SLOW_INTERVAL, {}).throttling
    assert (throttling.thermal_events, throttling.thermal_rising) == (14 * 3 + 12, False)


def test_a_sensor_that_comes_back_under_another_number(make_host: MakeHost) -> None:
    """A driver that was unloaded is a fault once; loaded again, its sensor is found again."""
    tree = make_host("container-quota-1.5")
    monitor = CPUUtilizationMonitor(tree.host)
    assert monitor.sample(0.0, {}).temperature == 63.25
    for file in ("name", "temp1_label", "temp1_input"):
        text = (tree.root / "sys/class/hwmon/hwmon2" / file).read_text()
        tree.write(f"sys/class/hwmon/hwmon7/{file}", text)
        tree.remove(f"sys/class/hwmon/hwmon2/{file}")
    sample = monitor.sample(1.0, {})
    assert sample.temperature is None
    assert [error.part for error in sample.errors] == ["temperature"]
    assert monitor.sample(2.0, {}).temperature == 63.25


def test_throttled_periods_show_in_their_interval(make_host: MakeHost) -> None:
    """A quota that stopped us since the last sample is flagged; heat is unknown here."""
    tree = make_host("container-quota-1.5")
    monitor = CPUUtilizationMonitor(tree.host)
    assert monitor.sample(1.0, {}).throttling.cgroup_rising is None
    tree.write("sys/fs/cgroup/cpu.stat", "nr_periods 50\nnr_throttled 9\nthrottled_usec 260000\n")
    throttling = monitor.sample(2.0, {}).throttling
    assert (throttling.cgroup_rising, throttling.cgroup_periods) == (True, 9)
    assert throttling.thermal_rising is None


def test_memory_is_read_at_a_lower_rate(make_host: MakeHost) -> None:
    """Within the slow interval the last reading stands; after it there is a new one."""
    tree = make_host("vm-2")
    monitor = CPUUtilizationMonitor(tree.host)
    before = monitor.sample(0.0, {}).memory
    tree.write("proc/meminfo", meminfo(4194304, 1024))
    assert monitor.sample(SLOW_INTERVAL - 1, {}).memory == before
    after = monitor.sample(SLOW_INTERVAL, {}).memory
    assert after is not None
    assert after.available == 1 << 20


def test_a_part_that_fails_is_reported_and_the_rest_goes_on(make_host: MakeHost) -> None:
    """A sensor that fails is one line and an unknown value; the utilization is still measured."""
    tree, monitor = two_workers(make_host)
    tree.write("sys/class/hwmon/hwmon5/temp1_input", "broken")
    tree.write("proc/pressure/cpu", "broken")
    tree.write("proc/8/stat", "broken")
    tree.run(1.0, used={7: 0.5})
    sample = monitor.sample(101.0, {7: (0,), 8: (2,)})
    assert sample.utilization == pytest.approx(50)
    assert (sample.temperature, sample.pressure) == (None, None)
    parts = [error.part for error in sample.errors]
    assert parts == ["CPU time of process 8", "temperature", "pressure"]
    tree.write("sys/class/hwmon/hwmon5/temp1_input", "70000\n")
    assert monitor.sample(102.0, {}).temperature == 70.0


def test_limits_that_cannot_be_read_stay_as_they_were(make_host: MakeHost) -> None:
    """The last good limits hold, and the sample says that they are old."""
    tree = make_host("container-quota-1.5")
    monitor = CPUUtilizationMonitor(tree.host)
    before = monitor.limits
    tree.write("sys/fs/cgroup/cpu.max", "what 100000\n")
    sample = monitor.sample(1.0, {})
    assert sample.limits == before
    assert any(error.part == "limits" for error in sample.errors)


def test_a_topology_that_cannot_be_read(make_host: MakeHost) -> None:
    """CPUs without a known topology are still CPUs, and it is tried again."""
    tree = make_host("vm-2")
    path = "sys/devices/system/cpu/cpu1/topology/physical_package_id"
    tree.write(path, "broken")
    monitor = CPUUtilizationMonitor(tree.host)
    assert monitor.machine.cpus == (Cpu(0, 0), Cpu(1, 1))
    assert any(error.part == "topology" for error in monitor.sample(1.0, {}).errors)
    tree.write(path, "0\n")
    assert monitor.sample(2.0, {}).errors == ()


def test_files_of_workers_that_left_are_closed(make_host: MakeHost) -> None:
    """Two hundred workers that come and go leave no descriptor behind."""
    tree = make_host("vm-2")
    monitor = CPUUtilizationMonitor(tree.host)
    monitor.sample(0.0, {})
    before = open_files()
    for turn in range(1, 200):
        tree.spawn(turn)
        tree.run(1.0)
        monitor.sample(float(turn), {turn: (0,)})
        assert open_files() <= before + 1
    monitor.sample(300.0, {})
    assert open_files() == before
    monitor.close()


# No deadline: an example writes a few hundred files, which takes as long as the disk likes.
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_garbage_anywhere_is_never_raised(make_host: MakeHost, data: st.DataObject) -> None:
    """Any file of any host with any content, missing or mended: samples come, within bounds."""
    tree = make_host(data.draw(st.sampled_from(["cgroup-v1", "container-quota-1.5", "vm-2"])))
    tree.spawn(7)
    monitor = CPUUtilizationMonitor(tree.host)
    files = sorted(
        str(path.relative_to(tree.root)) for path in tree.root.rglob("*") if path.is_file()
    )
    for now in range(1, 4):
        path = data.draw(st.sampled_from(files))
        tree.write(
            path, data.draw(st.text(st.sampled_from("0123456789-, \nmaxcpu():"), max_size=40))
        )
        sample = monitor.sample(float(now), {7: (0,), 99: (1,)})
        assert sample.utilization is None or 0 <= sample.utilization <= 100
        assert sample.limits.count >= 1
        assert sample.limits.cpus
        tree.run(1.0, used={7: 0.5})
    monitor.close()
