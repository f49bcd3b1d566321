"""The real control loop on a machine of files, under a clock of its own, with a pool in memory."""

from __future__ import annotations

import heapq
import itertools
import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from supervisor.config import Loaded, load
from supervisor.core.allocation.events import Event
from supervisor.core.machine import WorkerShape
from supervisor.pool.leases import CoreLeases
from supervisor.pool.memory_claims import MemoryClaims
from supervisor.service.control import ControlLoop
from supervisor.service.forecast import Foresight
from supervisor.service.load import Load
from supervisor.service.memory import MemoryKeeper
from tests.fixtures.hosts import HostTree, materialise

SECTION = "performance.dynamic_cpu_allocation"
_FIRST_PID = 1000

START = 1_796_083_200.0 - 1120.0
"""Unix seconds of the clock's 0; it begins at 1000, two minutes before a full hour."""


class Call:
    """A call to come."""

    def __init__(self, callback: Callable[[], object]) -> None:
        self.callback: Callable[[], object] | None = callback

    def cancel(self) -> None:
        """Never make it."""
        self.callback = None


class VirtualLoop:
    """The clock and the timers of a loop; time passes only in `run_until`."""

    def __init__(self) -> None:
        self._now = 1000.0
        self._numbers = itertools.count()
        self._calls: list[tuple[float, int, Call]] = []

    def time(self) -> float:
        return self._now

    def call_at(self, when: float, callback: Callable[[], object], /) -> Call:
        call = Call(callback)
        heapq.heappush(self._calls, (when, next(self._numbers), call))
        return call

    def next_timer(self) -> float:
        """When the next call is due; infinite if none is."""
        while self._calls and self._calls[0][2].callback is None:
            heapq.heappop(self._calls)
        return self._calls[0][0] if self._calls else math.inf

    def run_until(self, when: float) -> None:
        """Let time pass, and make the calls that are due."""
        while self.next_timer() <= when:
            due, _, call = heapq.heappop(self._calls)
            self._now = max(self._now, due)
            if call.callback is not None:
                call.callback()
        self._now = max(self._now, when)

    def leap(self, seconds: float) -> None:
        """Time passes in which nobody is called: the machine slept."""
        self._now += seconds


class Controlled:
    """A control loop over a host of `tests.fixtures.hosts`, with workers that obey at once.

    `demand` is how many segments there are to speak: each keeps one thread of a worker
    busy. `backlog_s` is how old the first of those that wait is told to be. `strangers` is
    the load by others, of each CPU, 0–1, and `share` what a worker with a segment gets of its
    cores, where strangers have the rest. What is not `measurable` does not reach the files of
    /proc, which stay as the test left them. Unless `expected`, nothing is known of the engines
    yet.
    """

    def __init__(
        self,
        directory: Path,
        settings: Mapping[str, Any] | None = None,
        host: str = "laptop-20",
        leases: Path | None = None,
        *,
        expected: bool = True,
    ) -> None:
        self.tree: HostTree = materialise(host, directory / "host")
        self.clock = VirtualLoop()
        self.demand = 0
        self.backlog_s = 0.0
        self.strangers: dict[int, float] = {}
        self.share = 1.0
        self.worker_bytes = 0
        self.building = False
        self.measurable = True
        self.generation = 0
        self.leases: dict[int, tuple[int, ...]] = {}
        self.threads: dict[int, int] = {}
        self.targets: list[tuple[WorkerShape, ...]] = []
        self._given: dict[str, Any] = dict(settings or {})
        self._config = directory / "config.json"
        self._config.write_text("{}")
        self.lease_directory = leases or directory / "leases"
        self.trims = 0
        self.critical: list[bool] = []
        self.memory = MemoryKeeper(
            self._loaded().settings,
            MemoryClaims(self.lease_directory),
            self.critical.append,
            self._trim,
        )
        self.state = directory / "state"
        self.foresight = Foresight(
            self._loaded().settings, self.state, lambda: self.clock.time() + START
        )
        self.control = ControlLoop(
            self.clock,
            self._loaded(),
            CoreLeases(self.lease_directory),
            self._load,
            self._obey,
            self._tell,
            self.memory,
            self.foresight,
            host=self.tree.host,
        )
        if expected:
            self.control.expect(None, None)
        self.control.start()

    def close(self) -> None:
        """Give leases and files back."""
        self.control.stop()
        self.control.leases.close()
        self.memory.claims.close()

    def configure(self, **section: object) -> None:
        """Settings of the allocation change while it runs."""
        self.change({f"{SECTION}.{name}": value for name, value in section.items()})

    def change(self, settings: Mapping[str, Any]) -> None:
        """Settings change while it runs; by dotted key."""
        self._given |= settings
        self.control.configure(self._loaded())

    def run(self, seconds: float) -> list[int]:
        """Let time pass; the number of cores held after each interval."""
        end = self.clock.time() + seconds
        held = []
        while (due := min(end, self.clock.next_timer())) < end:
            self._pass(due)
            held.append(self.cores)
        self._pass(end)
        return held

    @property
    def cores(self) -> int:
        """Cores that the workers hold."""
        return sum(map(len, self.leases.values()))

    @property
    def cpus(self) -> set[int]:
        """Which ones."""
        return {cpu for cpus in self.leases.values() for cpu in cpus}

    @property
    def reason(self) -> str:
        """Of the last decision."""
        return self.control.allocator.history[-1].reason

    def _pass(self, until: float) -> None:
        seconds = max(0.0, until - self.clock.time())
        waiting, used, busy = self.demand, {}, dict(self.strangers)
        for pid, cpus in self.leases.items():
            running, waiting = min(1, waiting), max(0, waiting - 1)
            used[pid] = seconds * running * len(cpus) * self.share
            for cpu in cpus if running else ():
                busy[cpu] = 1.0
        if self.measurable:
            self.tree.run(seconds, busy=busy, used=used)
        self.clock.run_until(until)

    def _trim(self) -> None:
        self.trims += 1

    def _load(self) -> Load:
        return Load(
            leases=dict(self.leases),
            busy=frozenset(list(self.leases)[: self.demand]),
            busy_slots=frozenset(),
            held=frozenset(),
            demand=self.demand,
            waiting=max(0, self.demand - len(self.leases)),
            running=float(min(self.demand, len(self.leases))),
            idle=float(max(0, len(self.leases) - self.demand)),
            finished=0,
            backlog_s=self.backlog_s,
            session_build_s=0.1,
            worker_bytes=self.worker_bytes,
            sessions=dict.fromkeys(self.leases, self.generation),
            building=self.building,
        )

    def _tell(self, event: Event) -> None:
        commands = self.control.allocation.handle(event)
        self.control.allocation.check()
        for command in commands:
            self.control.effects[type(command)](command)

    def _obey(self, shapes: tuple[WorkerShape, ...]) -> None:
        self.targets.append(shapes)
        wanted = {_FIRST_PID + shape.slot: shape for shape in shapes}
        for pid in self.leases.keys() - wanted.keys():
            self.tree.kill(pid)
        for pid in wanted.keys() - self.leases.keys():
            self.tree.spawn(pid)
        self.leases = {pid: shape.cpus for pid, shape in wanted.items()}
        self.threads = {pid: shape.threads for pid, shape in wanted.items()}

    def _loaded(self) -> Loaded:
        words = {k: v if isinstance(v, str) else json.dumps(v) for k, v in self._given.items()}
        return load(self._config, environ={}, command_line=words)
