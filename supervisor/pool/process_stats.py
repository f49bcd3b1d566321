"""Figures of a process now: the CPU mask of every thread, CPU time, memory.

Read by psutil, which copes with a process that ends meanwhile, except where it takes many
times as long (docs/DEPENDENCIES.md); `supervisor.host.cputimes` has the once-a-second sample.
"""

from __future__ import annotations

import os
from contextlib import suppress

import psutil


def thread_affinities(pid: int) -> list[tuple[int, ...]]:
    """CPU ids that each thread of `pid` may use; empty for a process that is gone, or where
    this process has no descriptor left.
    """
    masks: list[tuple[int, ...]] = []
    with suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with suppress(ProcessLookupError):
                masks.append(tuple(sorted(os.sched_getaffinity(int(task)))))
    return masks


def cpu_seconds(pid: int) -> float | None:
    """CPU time that all threads of `pid` have used; None for a process that is gone."""
    try:
        times = psutil.Process(pid).cpu_times()
    except (OSError, psutil.Error):
        return None
    return times.user + times.system


def pss_bytes(pid: int) -> int | None:
    """Proportional set size of `pid` in bytes: shared pages count by share.

    None for a process that is gone, and where the kernel has no such figure. The kernel walks the
    page tables for it, which takes milliseconds for a large process.
    """
    try:
        return psutil.Process(pid).memory_full_info().pss or None
    except (OSError, psutil.Error):
        return None


def private_bytes(pid: int) -> int:
    """Bytes of memory that the process shares with no other: what another one like it would take.

    0 for a process that is gone, or where the kernel has no such figure. psutil's USS also counts
    pages of files that only this process has mapped by now, which cost another one nothing.
    """
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            lines = [line.split() for line in file]
    except OSError:
        return 0
    return sum(int(line[1]) * 1024 for line in lines if line[0] == "Private_Dirty:")
