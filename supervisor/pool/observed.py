"""What the kernel says of a process now: the mask of every thread, and memory of its own."""

from __future__ import annotations

import os
from contextlib import suppress

from supervisor.host.memory import read_pss
from supervisor.host.roots import Host

_HOST = Host()
_TICKS_PER_SECOND: int = os.sysconf("SC_CLK_TCK")


def thread_affinities(pid: int) -> list[tuple[int, ...]]:
    """CPU ids that each thread of `pid` may use; empty for a process that is gone, or where
    there is no descriptor left to look with.
    """
    masks: list[tuple[int, ...]] = []
    with suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with suppress(ProcessLookupError):
                masks.append(tuple(sorted(os.sched_getaffinity(int(task)))))
    return masks


def private_bytes(pid: int) -> int:
    """Memory that the process shares with no other, and that another one like it would take.

    0 for a process that is gone, or where the kernel does not tell.
    """
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            lines = [line.split() for line in file]
    except OSError:
        return 0
    return sum(int(line[1]) * 1024 for line in lines if line[0] == "Private_Dirty:")


def cpu_seconds(pid: int) -> float | None:
    """CPU time that all threads of `pid` have used; None for a process that is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # The command's name may hold spaces and brackets; numbers follow the last bracket.
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND


def pss_bytes(pid: int) -> int | None:
    """Proportional set size of `pid` in bytes; None where the kernel does not tell."""
    try:
        return read_pss(_HOST, pid)
    except (OSError, ValueError):
        return None
