"""CPU time of CPUs and of processes."""

from __future__ import annotations

import os

import psutil
import pytest

from supervisor.host.cputimes import (
    TICKS_PER_SECOND,
    CpuTime,
    ProcessTime,
    read_cpu_times,
    read_process_time,
)
from supervisor.host.roots import Host
from tests.unit.host.conftest import MakeHost


def test_busy_and_idle_of_each_cpu(make_host: MakeHost) -> None:
    """Waiting for I/O is idle, stolen time is busy, guest time is not counted twice."""
    tree = make_host("vm-2")
    tree.write(
        "proc/stat",
        "cpu  9 9 9 9 9 9 9 9 9 9\ncpu0 100 10 20 1000 50 3 4 7 60 5\ncpu1 1 0 0 9 0 0 0 0 0 0\n"
        "intr 99 1\nctxt 1\n",
    )
    assert read_cpu_times(tree.host) == {0: CpuTime(144, 1194), 1: CpuTime(1, 10)}


def test_process_with_an_awkward_name(make_host: MakeHost) -> None:
    """A name with spaces and brackets does not shift the fields; children's time is left out."""
    tree = make_host("vm-2")
    tree.spawn(77, started=1234, name="a) S (b 1 2")
    tree.run(1.0, used={})
    assert read_process_time(tree.host, 77) == ProcessTime(started=1234, used=0, threads=1)


def test_a_process_that_is_not_there(make_host: MakeHost) -> None:
    """No process, no time, no error."""
    assert read_process_time(make_host("vm-2").host, 4242) is None


def test_garbage_is_an_error(make_host: MakeHost) -> None:
    """A file that cannot be understood is not taken for zero."""
    tree = make_host("vm-2")
    tree.write("proc/5/stat", "nonsense")
    with pytest.raises(ValueError, match="not found"):
        read_process_time(tree.host, 5)


def test_real_process_agrees_with_psutil() -> None:
    """On the machine at hand, own CPU time and the CPUs' times are those that psutil reads."""
    host = Host()
    time = read_process_time(host, os.getpid())
    reference = psutil.Process().cpu_times()
    assert time is not None
    assert time.used / TICKS_PER_SECOND == pytest.approx(reference.user + reference.system, abs=0.2)
    assert len(read_cpu_times(host)) == psutil.cpu_count()
    host.close()


@pytest.mark.parametrize("text", ["", "cpu  1 2 3\nintr 0\n", "cpu  1 2\ncpu0 1 x 3\nintr 0\n"])
def test_cpu_times_that_cannot_be_told(make_host: MakeHost, text: str) -> None:
    """A file without CPUs, or with something else than numbers, is an error."""
    tree = make_host("vm-2")
    tree.write("proc/stat", text)
    with pytest.raises(ValueError, match="/proc/stat"):
        read_cpu_times(tree.host)
