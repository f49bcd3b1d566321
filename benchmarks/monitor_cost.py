"""CPU time of one monitor sample of the host, taken once per second.

Each arm waits a second before it samples, because caches that other work has
emptied belong to the price. Of this machine the workers are at rest, of the others all
of them work. CPU time of user and kernel is that of this process;
the arms differ in the host they read, each with 32 workers of 5 threads, as a worker with
a session of one thread has: what each of them waited for is read, too.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.harness import Arm, Result, Sample, alternate, at_most, measure, percentile
from supervisor.host.monitor import CPUUtilizationMonitor
from supervisor.host.roots import Host
from supervisor.host.usage import Leases
from tests.fixtures.hosts import materialise

WORKERS = 32
THREADS = 5
ROUNDS = 12
INTERVAL = 1.0
TARGET_US = 1000.0
"""0.1 % of one core at one sample per second."""


def run() -> Result:
    """Sample this machine and two fixture hosts, in turns."""
    with ExitStack() as stack:
        workers = stack.enter_context(real_workers())
        arms: dict[str, Arm] = {
            "this machine": _real(stack, workers),
            "64 cores, 2 sockets, SMT": _fixture(stack, "server-64"),
            "20-core laptop": _fixture(stack, "laptop-20"),
        }
        samples = alternate(arms, ROUNDS)
    return Result(
        title="What watching the host costs",
        arms=samples,
        claims=[
            at_most(
                f"{name}: one sample, {label}",
                percentile(measure(samples[name], "sample_cpu_us"), q),
                TARGET_US,
                "µs CPU",
                f"user and kernel time of one sample with {WORKERS} workers, one second apart",
            )
            for name in arms
            for label, q in (("median", 50), ("p95", 95))
        ],
        notes=[
            "Fixture hosts are plain files: a real kernel takes longer to write /proc/stat.",
        ],
    )


@contextmanager
def real_workers() -> Iterator[Leases]:
    """Processes that are there and do nothing."""
    resting = (
        "import threading\n"
        f"for _ in range({THREADS - 1}):\n"
        "    threading.Thread(target=threading.Event().wait, daemon=True).start()\n"
        "print(flush=True)\n"
        "threading.Event().wait()"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", resting], stdout=subprocess.PIPE)
        for _ in range(WORKERS)
    ]
    try:
        for process in processes:
            if process.stdout is None or not process.stdout.readline():
                raise RuntimeError("a worker did not start")
        yield {process.pid: (0,) for process in processes}
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def _real(stack: ExitStack, workers: Leases) -> Arm:
    monitor = CPUUtilizationMonitor(Host())
    stack.callback(monitor.close)

    def once() -> Sample:
        time.sleep(INTERVAL)
        return _timed(monitor, time.monotonic(), workers, ())

    return once


def _fixture(stack: ExitStack, name: str) -> Arm:
    tree = materialise(name, Path(stack.enter_context(tempfile.TemporaryDirectory())))
    workers = {1000 + slot: (slot % len(tree.cpus),) for slot in range(WORKERS)}
    for pid in workers:
        tree.spawn(pid)
        for number in range(THREADS):
            tree.start_thread(pid, 10_000 * number + pid)
    monitor = CPUUtilizationMonitor(tree.host)
    stack.callback(monitor.close)
    now = 0.0

    def once() -> Sample:
        nonlocal now
        now += INTERVAL
        tree.run(INTERVAL, dict.fromkeys(tree.cpus, 0.5), dict.fromkeys(workers, 0.4))
        for pid in workers:
            tree.wait(pid, pid, 0.1)
        time.sleep(INTERVAL)
        return _timed(monitor, now, workers, workers)

    return once


def _timed(
    monitor: CPUUtilizationMonitor, now: float, workers: Leases, busy: Collection[int]
) -> Sample:
    before = time.process_time_ns()
    sample = monitor.sample(now, workers, float(len(busy)), busy)
    spent = time.process_time_ns() - before
    if sample.errors:
        raise RuntimeError(f"the sample is incomplete: {'; '.join(map(str, sample.errors))}")
    return {"sample_cpu_us": spent / 1000}


if __name__ == "__main__":
    print(run())
