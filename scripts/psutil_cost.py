"""CPU time of psutil's readings beside ours, in turns.

Run from the project's root: `python -m scripts.psutil_cost`. The pool that is looked at is the one
of `benchmarks.monitor_cost`: 32 workers with 5 threads each. The figures go into
docs/DEPENDENCIES.md. All caches are warm; a reading after a second's sleep takes about five times
as long, either way.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import NamedTuple

import psutil

from benchmarks.monitor_cost import THREADS, real_workers
from supervisor.host.cputimes import read_cpu_times, read_process_time
from supervisor.host.roots import Host
from tests.fixtures.hosts import materialise

ROUNDS = 200


class Reading(NamedTuple):
    """Two ways to the same thing."""

    what: str
    ours: Callable[[], object]
    psutil: Callable[[], object]


def readings(pids: list[int], server: Host) -> list[Reading]:
    """All that are compared. `server`: a host of 128 CPUs in files."""
    host, kept = Host(), [psutil.Process(pid) for pid in pids]
    own = os.getpid()
    cpus = os.sched_getaffinity(0)

    def elsewhere() -> object:
        psutil.PROCFS_PATH = server.proc
        try:
            return psutil.cpu_times(percpu=True)
        finally:
            psutil.PROCFS_PATH = "/proc"

    return [
        Reading("sample: CPU times of 128 CPUs", lambda: read_cpu_times(server), elsewhere),
        Reading(
            "sample: CPU times and number of threads of 32 workers",
            lambda: [read_process_time(host, pid) for pid in pids],
            lambda: [(process.cpu_times(), process.num_threads()) for process in kept],
        ),
        Reading(
            "heartbeat: CPU times of 32 workers",
            lambda: [_stat(pid) for pid in pids],
            lambda: [psutil.Process(pid).cpu_times() for pid in pids],
        ),
        Reading(
            "status: masks of the threads of 32 workers",
            lambda: [_masks(pid) for pid in pids],
            lambda: [_psutil_masks(pid) for pid in pids],
        ),
        Reading(
            "worker: pin its threads and read back",
            lambda: _pinned(own, cpus),
            lambda: _psutil_pinned(own, cpus),
        ),
        Reading("memory of the machine", _memory, psutil.virtual_memory),
        Reading(
            "PSS of one worker",
            lambda: _rollup(pids[0], b"Pss:"),
            lambda: psutil.Process(pids[0]).memory_full_info().pss,
        ),
        Reading(
            "private memory of one worker",
            lambda: _rollup(pids[0], b"Private_Dirty:"),
            lambda: sum(each.private_dirty for each in psutil.Process(pids[0]).memory_maps()),
        ),
    ]


def measure(compared: list[Reading]) -> dict[tuple[str, str], float]:
    """Median CPU microseconds of each way of each reading."""
    arms: list[tuple[tuple[str, str], Callable[[], object]]] = [
        ((reading.what, way), getattr(reading, way))
        for reading in compared
        for way in ("ours", "psutil")
    ]
    found: dict[tuple[str, str], list[int]] = {name: [] for name, _read in arms}
    for number in range(-5, ROUNDS):
        for name, read in arms if number % 2 else arms[::-1]:
            before = time.process_time_ns()
            read()
            if number >= 0:
                found[name].append(time.process_time_ns() - before)
    return {name: median(spent) / 1000 for name, spent in found.items()}


def _stat(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    return int(fields[11]) + int(fields[12])


def _memory() -> dict[bytes, int]:
    lines = map(bytes.split, Path("/proc/meminfo").read_bytes().splitlines())
    return {name: int(value) for name, value, *_unit in lines}


def _masks(pid: int) -> list[set[int]]:
    return [os.sched_getaffinity(int(task)) for task in os.listdir(f"/proc/{pid}/task")]


def _psutil_masks(pid: int) -> list[list[int]]:
    tasks = psutil.Process(pid).threads()
    return [psutil.Process(task.id).cpu_affinity() for task in tasks]


def _pinned(pid: int, cpus: set[int]) -> list[set[int]]:
    for task in os.listdir(f"/proc/{pid}/task"):
        os.sched_setaffinity(int(task), cpus)
    return _masks(pid)


def _psutil_pinned(pid: int, cpus: set[int]) -> list[list[int]]:
    for task in psutil.Process(pid).threads():
        psutil.Process(task.id).cpu_affinity(list(cpus))
    return _psutil_masks(pid)


def _rollup(pid: int, name: bytes) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_bytes().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


def main() -> None:
    """Print one line for each reading."""
    stop = threading.Event()
    for _ in range(THREADS - 1):
        threading.Thread(target=stop.wait, daemon=True).start()
    with real_workers() as workers, tempfile.TemporaryDirectory() as directory:
        server = materialise("server-64", Path(directory)).host
        compared = readings(list(workers), server)
        spent = measure(compared)
        server.close()
    stop.set()
    for reading in compared:
        ours, theirs = spent[reading.what, "ours"], spent[reading.what, "psutil"]
        sys.stdout.write(f"{reading.what}: {ours:.0f} µs, psutil {theirs:.0f} µs\n")


if __name__ == "__main__":
    main()
