"""CPU time used so far: by each logical CPU, and by a process with all its threads.

Raw counters in clock ticks; `usage` makes differences and percentages. psutil does not say which
CPU a row is of, so that an offline one would shift the rest, and takes several times as long for a
pool of workers (docs/DEPENDENCIES.md).
"""

from __future__ import annotations

import os

import msgspec

from supervisor.host.roots import Host

TICKS_PER_SECOND: int = os.sysconf("SC_CLK_TCK")
"""Unit of the times in /proc; the kernel's USER_HZ, 100 on every common platform."""


_ROWS = msgspec.json.Decoder(list[list[int]])


class CpuTime(msgspec.Struct, frozen=True, gc=False):
    """Time of one logical CPU since boot, in ticks: busy, and in total.

    Waiting for I/O is idle. Stolen time is busy: the core was not ours to use.
    """

    busy: int
    total: int


class ProcessTime(msgspec.Struct, frozen=True, gc=False):
    """CPU time of a process since its start, in ticks; `started` identifies it if a pid is reused.

    threads: number of its threads now.
    """

    started: int
    used: int
    threads: int = 1


def read_cpu_times(host: Host) -> dict[int, CpuTime]:
    """Times of every online CPU, from /proc/stat (proc_stat(5)).

    Raises OSError, LookupError or ValueError.
    """
    data = host.poll(host.proc + "/stat")
    # After the total, a row for each CPU: its id, user, nice, system, idle, iowait, irq,
    # softirq, steal, and guest times that are in user already. Rows of numbers read as
    # JSON cost a third of what splitting costs, and this is the dearest part of a sample.
    rows = data[: data.find(b"\nintr")].replace(b" ", b",").split(b"\ncpu")[1:]
    if not rows:
        raise ValueError(f"{host.proc}/stat names no CPU")
    try:
        table = _ROWS.decode(b"[[" + b"],[".join(rows) + b"]]")
    except msgspec.MsgspecError as error:
        raise ValueError(f"{host.proc}/stat: {error}") from error
    times: dict[int, CpuTime] = {}
    for row in table:
        total = sum(row[1:9])
        times[row[0]] = CpuTime(total - row[4] - row[5], total)
    return times


def stat_path(host: Host, pid: int) -> str:
    """Path of the file that `read_process_time` keeps open; forget it when the process is gone."""
    return f"{host.proc}/{pid}/stat"


def read_process_time(host: Host, pid: int) -> ProcessTime | None:
    """User and system time of all threads, ended ones included, without children.

    None for a process that does not exist. Raises OSError or ValueError.
    """
    data = host.poll_if_present(stat_path(host, pid))
    if data is None:
        return None
    # The command's name may hold spaces and brackets; the numbers follow the last bracket.
    fields = data[data.rindex(b")") + 2 :].split(None, 20)
    return ProcessTime(
        started=int(fields[19]),
        used=int(fields[11]) + int(fields[12]),
        threads=int(fields[17]),
    )
