"""The load of the service: work of the job machine, and workers of the pool, at one moment.

The control loop asks for it; what the machine does is left to `host.monitor`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import msgspec

from supervisor.core.allocation.time_mean import TimeMean
from supervisor.core.jobs.machine import Jobs
from supervisor.core.pool.machine import Pool
from supervisor.pool.memory_sampler import MemorySampler, predicted_bytes
from supervisor.pool.memory_sampler import Sampled as SampledWorker
from supervisor.pool.worker import Worker


class Load(msgspec.Struct, frozen=True):
    """Load of the service at this moment. `leases`: CPU ids by worker pid."""

    leases: Mapping[int, tuple[int, ...]]
    busy: frozenset[int]
    """Pids of the workers that have a segment now."""
    busy_slots: frozenset[int]
    held: frozenset[int]
    """CPUs that any worker process may be using, retiring ones included."""
    demand: int
    """Segments running and waiting now."""
    waiting: int
    """Those of them that wait."""
    running: float
    """Segments running, averaged over the time since the last look."""
    idle: float
    """Idle workers, averaged likewise."""
    finished: int
    """Segments spoken so far."""
    backlog_s: float
    session_build_s: float | None
    worker_bytes: int
    """Memory that one more worker takes; 0: not known yet."""
    sessions: Mapping[int, int]
    """Session generation by worker pid."""
    building: bool
    """Whether a worker builds a session at this moment."""


class LoadMeter:
    """Reads the load off the machines and the `workers`, by epoch."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        jobs: Jobs,
        pool: Pool,
        workers: Mapping[int, Worker],
    ) -> None:
        self._loop = loop
        self._jobs = jobs
        self._pool = pool
        self._workers = workers
        self._running = TimeMean(loop.time())
        self._memory = MemorySampler()
        self._expected: Mapping[str, int] = {}
        self._default_engine = ""

    def observe(self) -> None:
        """Note the number of running segments, whenever it may have changed."""
        running = self._jobs.running_segments
        if running != self._running.value:
            self._running.observe(self._loop.time(), running)

    def sample_memory(self, *, quiet: bool) -> None:
        """Look at a worker's memory if that is due, as `MemorySampler.sample` does."""
        workers = {
            worker.pid: SampledWorker(frozenset(worker.engines), worker.shaped.threads)
            for worker in self._workers.values()
            if worker.shaped
        }
        self._memory.sample(self._loop.time(), workers, quiet=quiet)

    def expect_bytes(self, by_engine: Mapping[str, int], default_engine: str) -> None:
        """Take what a worker of each engine takes, until one is seen; engines have new settings."""
        self._expected, self._default_engine = by_engine, default_engine
        self._memory.forget()

    def bytes_by_engine(self) -> Mapping[str, int]:
        """Memory that one more worker takes, by engine, with as many threads as most have."""
        threads = [worker.shaped.threads for worker in self._workers.values() if worker.shaped]
        return {**self._expected, **self._memory.heaviest(min(threads, default=1))}

    def worker_bytes(self) -> int:
        """Memory that one more worker takes, of the heaviest engine in use; 0: not known yet."""
        in_use = set[str]().union(*(worker.engines for worker in self._workers.values()))
        return predicted_bytes(
            in_use or {self._default_engine}, self.bytes_by_engine(), self._memory.largest_bytes
        )

    def read(self) -> Load:
        """Return the load; averages are over the time since the last call."""
        jobs, now = self._jobs, self._loop.time()
        ready = [
            (slot, shaped)
            for slot in self._pool.slots.values()
            if (worker := self._workers.get(slot.epoch)) is not None
            and (shaped := worker.shaped) is not None
        ]
        epochs = set(jobs.busy_workers())
        busy = [(slot, shaped) for slot, shaped in ready if slot.epoch in epochs]
        waiting, running = jobs.waiting_segments, self._running.take(now)
        return Load(
            leases={shaped.pid: shaped.cpus for _slot, shaped in ready},
            busy=frozenset(shaped.pid for _slot, shaped in busy),
            busy_slots=frozenset(slot.number for slot, _shaped in busy),
            held=frozenset(self._pool.core_holders),
            demand=jobs.running_segments + waiting,
            waiting=waiting,
            running=running,
            idle=max(0.0, len(ready) - running),
            finished=jobs.counts["spoken"],
            backlog_s=jobs.oldest_wait(now),
            session_build_s=max((shaped.session_build_s for _, shaped in ready), default=None),
            worker_bytes=self.worker_bytes(),
            sessions={shaped.pid: shaped.session_generation for _slot, shaped in ready},
            building=any(slot.state == "reshaping" for slot, _shaped in ready),
        )
