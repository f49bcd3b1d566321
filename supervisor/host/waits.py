"""Time that the threads of a process have waited on the run queue, ready and not running.

CPU time is what a process got: on a core that three others want as well it is a quarter, however
much work there is. The kernel also counts what it did not get, thread by thread: the second number
of /proc/PID/task/TID/schedstat is the time in which the thread was ready to run and did not,
including the time for which a quota stopped it. Threads come and go, so the result is a sum that
only grows, from which `usage` takes differences as from CPU times.
"""

from __future__ import annotations

import os

import msgspec

from supervisor.host.cputimes import ProcessTime
from supervisor.host.roots import Host

KEPT_FILES = 256
"""Most files of threads that are kept open, well below the common limit of 1,024 descriptors; those
of further threads are opened for each look."""

_LINE = 80
"""Bytes that hold the three numbers, of at most twenty digits each."""

REST_LOOKS = 3
"""Looks for which a thread that has not run is skipped: most threads of a worker rest for long."""

_ENOUGH_TICKS = 10
"""CPU time of a process after which a kernel that counts waits has counted some."""


class _Thread(msgspec.Struct):
    """`fd`: its file, which never shows a successor of the same id; None: not kept open."""

    path: str
    fd: int | None
    waited_ns: int = 0
    line: bytes = b""
    rests: int = 0


class _Process(msgspec.Struct):
    """The threads of a process by id, and the sum of their waits, ended ones included."""

    started: int
    used: int = -1
    threads: dict[int, _Thread] = {}
    waited_ns: int = 0
    told: bool = False
    """Whether the kernel has counted a run of one of its threads."""
    listed: bool = False


class RunQueueWaits:
    """Remembers the threads of each process between two looks."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._processes: dict[int, _Process] = {}
        self._kept = 0

    def total(self, pid: int, time: ProcessTime, *, busy: bool = True) -> float | None:
        """Seconds that the threads of a process have waited since the first look at it.

        `time` is the process's latest reading. A thread that has come since the last look counts
        from its start; a process that has come in place of another counts anew. None where the
        kernel does not count waits: no such file, or nothing but zeros.

        The threads of a process that is not `busy` and has not run since the last look are not
        read: it wanted nothing, as most workers of a pool most of the time. Of one that is read, a
        thread that rested may be skipped for the next REST_LOOKS, and its waits are added after
        them.

        Raises OSError or ValueError.
        """
        process = self._processes.get(pid)
        if process is None or process.started != time.started:
            self.forget(pid)
            process = self._processes[pid] = _Process(time.started)
        if busy or process.used != time.used:
            process.used = time.used
            self._look(pid, process, time)
        if not process.threads or not (process.told or time.used < _ENOUGH_TICKS):
            return None
        return process.waited_ns / 1e9

    def forget(self, pid: int) -> None:
        """Close the files of a process that is gone."""
        process = self._processes.pop(pid, None)
        if process is not None:
            for thread in process.threads.values():
                self._close(thread)

    def _look(self, pid: int, process: _Process, time: ProcessTime) -> None:
        ended = [tid for tid, thread in process.threads.items() if not self._add(process, thread)]
        for tid in ended:
            self._close(process.threads.pop(tid))
        if len(process.threads) != time.threads or not process.listed:
            self._list(pid, process)

    def _list(self, pid: int, process: _Process) -> None:
        """Find the threads that are new. Waits from before the first look do not count."""
        directory = f"{self._host.proc}/{pid}/task"
        for name in self._host.list(directory):
            tid = int(name)
            if tid in process.threads:
                continue
            path = f"{directory}/{name}/schedstat"
            fd = self._host.open_if_present(path) if self._kept < KEPT_FILES else None
            self._kept += fd is not None
            thread = _Thread(path, fd)
            if self._add(process, thread):
                process.threads[tid] = thread
            else:
                self._close(thread)
        if not process.listed:
            process.listed, process.waited_ns = True, 0

    def _add(self, process: _Process, thread: _Thread) -> bool:
        """Add what a thread waited since its last look; False if it is gone."""
        if thread.rests:
            thread.rests -= 1
            return True
        if thread.fd is None:
            data = self._host.read_if_present(thread.path)
        else:
            try:
                data = os.pread(thread.fd, _LINE, 0)
            except ProcessLookupError:
                data = None
        if not data:
            return False
        if data == thread.line:
            thread.rests = REST_LOOKS
            return True
        thread.line = data
        ran, waited, _slices = data.split()
        now = int(waited)
        # A smaller number is another thread's that has the id of one that ended.
        process.waited_ns += now - thread.waited_ns if now >= thread.waited_ns else now
        thread.waited_ns = now
        process.told = process.told or ran != b"0"
        return True

    def _close(self, thread: _Thread) -> None:
        if thread.fd is not None:
            self._kept -= 1
            self._host.shut(thread.fd)
            thread.fd = None
