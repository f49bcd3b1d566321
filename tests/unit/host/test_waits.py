"""How long threads waited for a CPU: summed over threads that come and go, and cheap to ask for."""

from __future__ import annotations

import pytest

from supervisor.host import waits
from supervisor.host.cputimes import ProcessTime, read_process_time
from supervisor.host.waits import RunQueueWaits
from tests.fixtures.hosts.tree import HostTree
from tests.unit.host.conftest import MakeHost, open_files

PID = 70


@pytest.fixture
def tree(make_host: MakeHost) -> HostTree:
    """A machine with a worker of two threads that have waited before anybody looked."""
    made = make_host("vm-2")
    made.spawn(PID)
    made.start_thread(PID, 70, waited=300.0)
    made.start_thread(PID, 71, waited=200.0)
    return made


def total(queue: RunQueueWaits, tree: HostTree, pid: int = PID) -> float | None:
    """What the process has waited since it was first looked at."""
    time = read_process_time(tree.host, pid)
    assert time is not None
    return queue.total(pid, time)


def test_what_was_waited_before_the_first_look_does_not_count(tree: HostTree) -> None:
    """Then the threads' waits add up."""
    queue = RunQueueWaits(tree.host)
    assert total(queue, tree) == 0.0
    tree.wait(PID, 70, 0.5)
    tree.wait(PID, 71, 0.25)
    assert total(queue, tree) == pytest.approx(0.75)
    assert total(queue, tree) == pytest.approx(0.75)


def test_a_thread_that_came_since_counts_from_its_start(tree: HostTree) -> None:
    """It has waited for as long as it is there, and all of that is since the last look."""
    queue = RunQueueWaits(tree.host)
    total(queue, tree)
    tree.start_thread(PID, 72, waited=0.5)
    assert total(queue, tree) == pytest.approx(0.5)
    tree.wait(PID, 72, 0.25)
    assert total(queue, tree) == pytest.approx(0.75)


def test_a_thread_that_ended_takes_nothing_back(tree: HostTree) -> None:
    """The sum never falls, also where another thread came in its place, their number the same."""
    queue = RunQueueWaits(tree.host)
    total(queue, tree)
    tree.wait(PID, 71, 0.5)
    total(queue, tree)
    tree.end_thread(PID, 71)
    tree.start_thread(PID, 99, waited=0.25)
    assert total(queue, tree) == pytest.approx(0.75)
    tree.end_thread(PID, 99)
    assert total(queue, tree) == pytest.approx(0.75)


def test_an_id_that_another_thread_got_is_that_threads(tree: HostTree) -> None:
    """A counter that is lower than before is a new thread's, with all that it shows."""
    queue = RunQueueWaits(tree.host)
    total(queue, tree)
    tree.end_thread(PID, 71)
    tree.start_thread(PID, 71, waited=0.25)
    assert total(queue, tree) == pytest.approx(0.25)


def test_a_pid_that_another_process_got_starts_anew(tree: HostTree) -> None:
    """What the successor waited before it was first seen does not count."""
    queue = RunQueueWaits(tree.host)
    total(queue, tree)
    tree.kill(PID)
    tree.spawn(PID, started=9000)
    tree.start_thread(PID, PID, waited=40.0)
    assert total(queue, tree) == 0.0


def test_a_kernel_that_does_not_tell_is_told_from_one_without_waits(tree: HostTree) -> None:
    """No file, or nothing but zeros for a process that has run: unknown, and no error."""
    queue = RunQueueWaits(tree.host)
    tree.spawn(80)
    assert total(queue, tree, 80) is None
    tree.write("proc/70/task/70/schedstat", "0 0 0\n")
    tree.write("proc/70/task/71/schedstat", "0 0 0\n")
    assert queue.total(PID, ProcessTime(started=5000, used=500, threads=2)) is None
    assert queue.total(PID, ProcessTime(started=5000, used=0, threads=2)) == 0.0


def test_a_process_that_rests_is_not_looked_at(tree: HostTree) -> None:
    """Without a segment and without CPU time since the last look it wanted nothing worth a look;
    with either it is read, and nothing is lost, though it may come some looks later.
    """
    queue = RunQueueWaits(tree.host)
    total(queue, tree)
    tree.wait(PID, 70, 0.5)
    time = read_process_time(tree.host, PID)
    assert time is not None
    assert queue.total(PID, time, busy=False) == 0.0
    assert queue.total(PID, time, busy=True) == pytest.approx(0.5), "starved of all CPU time"
    tree.run(1.0, used={PID: 0.1})
    tree.wait(PID, 70, 0.25)
    time = read_process_time(tree.host, PID)
    assert time is not None
    assert queue.total(PID, time, busy=False) == pytest.approx(0.75)
    tree.wait(PID, 71, 0.25)
    looks = [queue.total(PID, time, busy=True) for _ in range(1 + waits.REST_LOOKS)]
    assert looks[-1] == pytest.approx(1.0)


def test_nonsense_is_an_error(tree: HostTree) -> None:
    """A file that cannot be understood is not taken for zero."""
    tree.write("proc/70/task/71/schedstat", "one two\n")
    with pytest.raises(ValueError, match="unpack"):
        total(RunQueueWaits(tree.host), tree)


def test_files_of_threads_and_processes_that_are_gone_are_closed(tree: HostTree) -> None:
    """One open file for each thread that is there, and none of a process that was forgotten."""
    queue = RunQueueWaits(tree.host)
    read_process_time(tree.host, PID)
    before = open_files()
    total(queue, tree)
    assert open_files() == before + 2
    tree.end_thread(PID, 71)
    total(queue, tree)
    assert open_files() == before + 1
    queue.forget(PID)
    assert open_files() == before


def test_open_files_are_bounded(tree: HostTree, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound threads are read all the same, and places are used again."""
    monkeypatch.setattr(waits, "KEPT_FILES", 3)
    queue = RunQueueWaits(tree.host)
    read_process_time(tree.host, PID)
    before = open_files()
    for tid in range(72, 92):
        tree.start_thread(PID, tid)
    total(queue, tree)
    assert open_files() == before + 3
    for tid in range(70, 92):
        tree.wait(PID, tid, 0.5)
    assert total(queue, tree) == pytest.approx(11.0)
    for tid in range(70, 82):
        tree.end_thread(PID, tid)
    tree.start_thread(PID, 200)
    total(queue, tree)
    assert before < open_files() <= before + 3
