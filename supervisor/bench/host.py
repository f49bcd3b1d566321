"""Measures engines on the cores that are free, with workers pinned as the pool pins them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from supervisor.bench import plan
from supervisor.bench.crew import BenchError, Crew
from supervisor.core.allocation.host_profile import EngineProfile, plain
from supervisor.core.allocation.placement import Placer
from supervisor.core.machine import WorkerShape
from supervisor.host.monitor import CPUUtilizationMonitor
from supervisor.host.roots import Host
from supervisor.pool.leases import CoreLeases
from supervisor.wire.worker import Setup

_LEASE_ATTEMPTS = 3
_MEMORY_SHARE = 2
"""The crowd takes at most one part in so many of the memory that is available."""

_DISTURBED = 0.1
"""Share of the measured cores' time that others may use before the figures are doubtful."""

Tell = Callable[[str], None]


class Bench:
    """Holds the leases of every core that is free until it is closed. Raises BenchError."""

    def __init__(self, leases: CoreLeases, tell: Tell) -> None:
        self._leases = leases
        self._tell = tell
        self._monitor = CPUUtilizationMonitor(Host())
        self._placer = Placer(self._monitor.machine)
        self.cores = self._lease()

    def close(self) -> None:
        """Release the leases."""
        self._leases.close()
        self._monitor.close()

    def _lease(self) -> int:
        limits = self._monitor.limits
        for _ in range(_LEASE_ATTEMPTS):
            self._leases.look(limits.cpus)
            free = set(limits.cpus) - self._leases.others
            if free and self._leases.acquire(free):
                break
        else:
            raise BenchError(
                "no core is free: a supervisor holds them all; stop it (supervisor drain), "
                "measure, and start it again"
            )
        count = min(limits.count, len(free))
        if count < limits.count:
            self._tell(
                f"{limits.count - count} of {limits.count} cores are leased by a supervisor: "
                f"measuring on {count}"
            )
        return count

    def _place(self, *threads: int) -> tuple[WorkerShape, ...]:
        return self._placer.place(
            0.0, threads, usable=self._monitor.limits.cpus, excluded=self._leases.others
        )

    async def measure(
        self, engine: str, setup: Setup, start_method: str, logs: Path, seconds: float
    ) -> EngineProfile:
        """All figures of one engine; rounds begin until `seconds` have passed since it loaded."""
        self._tell(f"{engine}: loading")
        async with Crew(engine, setup, logs, start_method) as crew:
            places = self._place(*[1] * self.cores)
            first = await crew.launch(places[0])
            until = time.monotonic() + seconds
            await _speak(crew, first)
            starts, workers = await self._gather(crew, first, places)
            rounds, builds = await self._rounds(crew, workers, places[0], until)
            private = max(map(crew.private_bytes, workers))
            weights = [size for each in workers if (size := crew.pss_mb(each)) is not None]
        return EngineProfile(
            measured_at=round(time.time()),
            options=plain(setup.settings.get(engine, {})),
            seconds_per_character=plan.seconds_per_character(rounds),
            speedup=plan.speedups(rounds),
            crowd=plan.crowd(rounds),
            session_build_s=round(median(builds), 4) if builds else None,
            start_s=round(median(starts), 4),
            worker_pss_mb=round(median(weights), 1) if weights else None,
            rounds=len(rounds),
            worker_private_mb=round(private / 1e6, 1) if private else None,
        )

    async def _gather(
        self, crew: Crew, first: int, places: tuple[WorkerShape, ...]
    ) -> tuple[list[float], list[int]]:
        """Start as many workers as cores and memory allow: seconds that each took, and epochs.

        At least one start is timed: the first worker's was the template's as well.
        """
        sample = self._monitor.sample(time.monotonic(), {})
        available = None if sample.memory is None else sample.memory.available // _MEMORY_SHARE
        count = plan.crowd_size(self.cores, available, crew.private_bytes(first))
        if count < self.cores:
            self._tell(f"{crew.engine}: memory for {count} workers at once, not {self.cores}")
        starts, workers = [], [first]
        for place in places[1:count] or places[:1]:
            began = time.perf_counter()
            workers.append(await crew.launch(place))
            starts.append(time.perf_counter() - began)
        return starts, workers[:count]

    async def _rounds(
        self, crew: Crew, workers: list[int], alone: WorkerShape, until: float
    ) -> tuple[list[plan.Round], list[float]]:
        rounds: list[plan.Round] = []
        builds: list[float] = []
        shapes = {threads: self._place(threads)[0] for threads in plan.thread_counts(self.cores)}
        shapes[1] = alone
        began, used = time.monotonic(), crew.cpu_seconds()
        self._monitor.sample(began, {})
        while not rounds or time.monotonic() < until:
            left = max(0.0, until - time.monotonic())
            self._tell(f"{crew.engine}: round {len(rounds) + 1}, {left:.0f} s left")
            alone_s: dict[int, float] = {}
            for threads, shape in sorted(shapes.items(), reverse=True):
                shaped = await crew.reshape(workers[0], shape)
                if threads > 1:
                    builds.append(shaped.session_build_s)
                alone_s[threads] = await _speak(crew, workers[0])
            together = await asyncio.gather(*(_speak(crew, worker) for worker in workers))
            rounds.append(plan.Round(alone_s, tuple(together)))
        self._look_for_others(crew.engine, time.monotonic() - began, crew.cpu_seconds() - used)
        return rounds, builds

    def _look_for_others(self, engine: str, elapsed: float, used: float) -> None:
        """Log it when other programs used much of the cores; `used` CPU seconds were ours."""
        busy = self._monitor.sample(time.monotonic(), {}).busy
        total = sum(busy.get(cpu, 0.0) for cpu in self._leases.held) / 100.0 * elapsed
        share = max(0.0, total - used) / (elapsed * len(self._leases.held))
        if share > _DISTURBED:
            self._tell(
                f"{engine}: others used {share:.0%} of the measured cores meanwhile; "
                "the figures are better measured on a quiet machine"
            )


async def _speak(crew: Crew, worker: int) -> float:
    """Seconds of the worker for all texts, one after the other."""
    return sum([await crew.speak(worker, text) for text in plan.TEXTS])
