"""CPUUtilizationMonitor on the machine at hand, with real processes that burn CPU time."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from supervisor.host.cgroups import GroupFinder
from supervisor.host.limits import read_limits
from supervisor.host.monitor import CPUUtilizationMonitor
from supervisor.host.roots import Host
from supervisor.host.sample import Sample, UtilizationSource
from supervisor.host.usage import Leases
from tests.supervised import eventually

USABLE = sorted(os.sched_getaffinity(0))

BURN = """
import os, sys
os.sched_setaffinity(0, {int(sys.argv[1])})
print("burning", flush=True)
while True:
    pass
"""

THREADS = """
import ctypes, os, sys, threading
os.sched_setaffinity(0, {int(sys.argv[1])})
def burn():
    while True:
        pass
threading.Thread(target=burn, daemon=True).start()
print("burning", flush=True)
threading.Event().wait()
"""

REST = """
import sys
print("resting", flush=True)
sys.stdin.read()
"""

Start = Callable[..., int]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a process that runs this program on a core; returns its pid once it runs."""
    running: list[subprocess.Popen[bytes]] = []

    def run(program: str, core: int = 0) -> int:
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(core)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        running.append(process)
        assert process.stdout is not None
        assert process.stdout.readline()
        return process.pid

    yield run
    for process in running:
        process.kill()
        process.communicate()


@pytest.fixture
def make_monitor() -> Iterator[Callable[[UtilizationSource], CPUUtilizationMonitor]]:
    """A monitor of this machine."""
    made: list[CPUUtilizationMonitor] = []

    def make(source: UtilizationSource) -> CPUUtilizationMonitor:
        made.append(CPUUtilizationMonitor(Host(), source))
        return made[-1]

    yield make
    for monitor in made:
        monitor.close()


def watch(monitor: CPUUtilizationMonitor, leases: Leases, seconds: float = 1.0) -> Sample:
    """Two samples so far apart; the second one. The interval is what is measured over."""
    monitor.sample(time.monotonic(), leases)
    time.sleep(seconds)
    return monitor.sample(time.monotonic(), leases)


def granted(pid: int, since: tuple[float, float]) -> float:
    """The part of a core in percent that the scheduler gave a process since an earlier `clock`."""
    used, at = clock(pid)
    return 100 * (used - since[0]) / (at - since[1])


def clock(pid: int) -> tuple[float, float]:
    """CPU seconds by the process's own kernel clock, independent of /proc, and the time."""
    return time.clock_gettime(~pid << 3 | 2), time.monotonic()


@pytest.mark.parametrize("program", [BURN, THREADS])
def test_a_busy_worker_is_seen(
    start: Start,
    make_monitor: Callable[[UtilizationSource], CPUUtilizationMonitor],
    program: str,
) -> None:
    """A worker pinned to a core, busy in its main or another thread, wants all of it.

    On an idle machine it gets it; where others compete, the process's own clock says how much
    of the core it was, and the pool is busy all the same.
    """
    core = USABLE[-1]
    pid = start(program, core)
    since = clock(pid)
    sample = watch(make_monitor("pool"), {pid: (core,)})
    expected = granted(pid, since)
    assert sample.errors == ()
    assert sample.workers[pid] == pytest.approx(expected, abs=6)
    assert sample.utilization is not None
    assert sample.utilization > 90
    assert sample.busy[core] > 80
    assert sample.foreign[core] == pytest.approx(max(0, sample.busy[core] - expected), abs=8)


def test_a_worker_among_three_strangers_is_busy_and_starved(
    start: Start, make_monitor: Callable[[UtilizationSource], CPUUtilizationMonitor]
) -> None:
    """A quarter of a core is what it gets, all of it what it wants, and others had the rest."""
    core = USABLE[-1]
    pid = start(BURN, core)
    for _ in range(3):
        start(BURN, core)
    sample = watch(make_monitor("pool"), {pid: (core,)}, 2.0)
    assert sample.errors == ()
    assert sample.utilization is not None
    assert sample.starved is not None
    assert sample.workers[pid] < 50
    assert sample.utilization > 80
    assert sample.starved > 40


CPU_GROUP = Path("/sys/fs/cgroup/cpu")


@pytest.fixture
def quota() -> Iterator[Path]:
    """A control group that may use a fifth of a core."""
    group = CPU_GROUP / f"test-quota-{os.getpid()}"
    try:
        group.mkdir()
        (group / "cpu.cfs_quota_us").write_text("20000")
    except OSError as error:
        pytest.skip(f"no group with a quota can be made here: {error}")
    yield group
    for pid in (group / "tasks").read_text().split():
        os.kill(int(pid), 9)
    eventually(lambda: not (group / "tasks").read_text(), "the group is empty")
    group.rmdir()


def test_a_worker_that_a_quota_stops_is_busy_once(
    start: Start,
    make_monitor: Callable[[UtilizationSource], CPUUtilizationMonitor],
    quota: Path,
) -> None:
    """A fifth of a core is what the quota gives: the time throttled is wanted, and counted once."""
    core = USABLE[-1]
    pid = start(BURN, core)
    (quota / "cgroup.procs").write_text(str(pid))
    sample = watch(make_monitor("pool"), {pid: (core,)}, 2.0)
    assert sample.workers[pid] < 40
    assert sample.utilization is not None
    assert 80 < sample.utilization <= 100


def test_a_foreign_hog_counts_for_the_system_alone(
    start: Start, make_monitor: Callable[[UtilizationSource], CPUUtilizationMonitor]
) -> None:
    """An idle pool beside a hog: pool 0, the hog's core foreign, and the system busy."""
    core = USABLE[-1]
    start(BURN, core)
    worker = start(REST)
    leases = {worker: (core,)}
    sample = watch(make_monitor("pool"), leases)
    assert sample.utilization == pytest.approx(0, abs=2)
    assert sample.foreign[core] > 80
    cpus = os.cpu_count() or 1
    system = watch(make_monitor("system"), leases).utilization
    assert system is not None
    assert system > 80 / cpus


def test_a_killed_worker_gives_no_spike(
    start: Start, make_monitor: Callable[[UtilizationSource], CPUUtilizationMonitor]
) -> None:
    """A busy worker killed between two samples leaves the resting one's utilization."""
    core = USABLE[-1]
    hog, worker = start(BURN, core), start(REST)
    leases = {hog: (core,), worker: (USABLE[0],)}
    monitor = make_monitor("pool")
    monitor.sample(time.monotonic(), leases)
    time.sleep(0.3)
    os.kill(hog, 9)
    os.waitid(os.P_PID, hog, os.WEXITED)
    sample = monitor.sample(time.monotonic(), leases)
    assert sample.errors == ()
    assert sample.utilization == pytest.approx(0, abs=5)
    assert hog not in sample.workers
    files = [str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    assert not [file for file in files if file.startswith(f"/proc/{hog}/")]
    assert f"/proc/{worker}/stat" in files
    assert f"/proc/{worker}/task/{worker}/schedstat" in files


def test_limits_of_this_machine_agree_with_the_kernel() -> None:
    """The usable CPUs are those that the scheduler would use for this process."""
    host = Host()
    limits = read_limits(host, GroupFinder(host).current())
    assert list(limits.cpus) == USABLE
    assert 1 <= limits.count <= len(USABLE)
    host.close()


@pytest.mark.skipif(len(USABLE) < 2, reason="needs two cores to take one away")
def test_affinity_taken_away_is_seen_at_the_next_sample(
    make_monitor: Callable[[UtilizationSource], CPUUtilizationMonitor],
) -> None:
    """The mask of the running process shrinks, and the next sample has fewer cores."""
    monitor = make_monitor("pool")
    assert monitor.limits.cpus == tuple(USABLE)
    try:
        os.sched_setaffinity(0, {USABLE[0]})
        limits = monitor.sample(time.monotonic(), {}).limits
    finally:
        os.sched_setaffinity(0, USABLE)
    assert (limits.cpus, limits.count, limits.won) == ((USABLE[0],), 1, "affinity")
    assert monitor.sample(time.monotonic(), {}).limits.cpus == tuple(USABLE)


def test_the_clocks_of_this_machine_agree(
    make_monitor: Callable[[UtilizationSource], CPUUtilizationMonitor],
) -> None:
    """Over ten short intervals the kernel's accounting never looks like a clock that jumped."""
    monitor = make_monitor("system")
    samples = []
    for _ in range(10):
        samples.append(monitor.sample(time.monotonic(), {}))
        time.sleep(0.1)
    assert [sample.errors for sample in samples] == [()] * 10
    assert all(sample.utilization is not None for sample in samples[1:])
