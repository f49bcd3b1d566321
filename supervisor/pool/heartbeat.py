"""The heartbeat: checks every ready worker once an interval, and reports worn workers.

It pings each worker and gives the pool machine, which judges, its vital signs: the last answer,
the CPU time that the kernel counts, the segment it runs. A worker that owes an answer is not
pinged again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import msgspec

from supervisor.core.pool import events as e
from supervisor.core.pool.health import Vitals
from supervisor.pool.process_stats import cpu_seconds, pss_bytes
from supervisor.pool.worker import Worker
from supervisor.wire.worker import Beat, Ping
from supervisor.wording import counted

_INTERVAL_S = 2.0
_LOOKS_PER_TIMEOUT = 5
_PSS_INTERVAL_S = 5.0
"""Time between two readings of a worker's memory: the kernel walks all of its pages."""


class WearLimits(msgspec.Struct, frozen=True):
    """Limits beyond which a worker is replaced; None: no limit. MB are 10^6 bytes."""

    max_pss_mb: float | None = None
    max_segments: int | None = None


class Heartbeat:
    """Runs from `configure` on. `on_worn(worker, reason)` is called once for a worker."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        workers: Mapping[int, Worker],
        ping: Callable[[int, Ping], None],
        to_pool: Callable[[e.Event], None],
        on_worn: Callable[[Worker, str], None],
    ) -> None:
        self.wear = WearLimits()
        self._loop = loop
        self._workers = workers
        self._ping = ping
        self._to_pool = to_pool
        self._on_worn = on_worn
        self._interval = _INTERVAL_S
        self._timer: asyncio.TimerHandle | None = None
        self._memory_read_at = 0.0

    def configure(self, hang_timeout_s: float, wear: WearLimits) -> None:
        """Check often enough for that timeout, and by these limits of wear."""
        self._interval, self.wear = min(_INTERVAL_S, hang_timeout_s / _LOOKS_PER_TIMEOUT), wear
        self._schedule()

    def close(self) -> None:
        """Stop the heartbeat."""
        if self._timer is not None:
            self._timer.cancel()

    def ended(self, worker: Worker) -> None:
        """Note that a worker answered for a segment."""
        limit = self.wear.max_segments
        if limit is not None and worker.segments_done >= limit:
            self._wear_out(worker, counted(worker.segments_done, "segment"))

    def answered(self, worker: Worker, beat: Beat) -> None:
        """Note a worker's answer to a ping."""
        worker.owes_answer, worker.steps, worker.waits = False, beat.steps, beat.waits

    def _schedule(self) -> None:
        self.close()
        interval = self._interval
        # At whole intervals, together with others: waking up costs more than looking.
        self._timer = self._loop.call_at((self._loop.time() // interval + 1) * interval, self._look)

    def _look(self) -> None:
        self._schedule()
        ready = [worker for worker in self._workers.values() if worker.shaped is not None]
        found = {
            worker.epoch: Vitals(
                cpu_s=cpu_seconds(worker.pid),
                steps=worker.steps,
                answered=not worker.owes_answer,
                waits=worker.waits,
                running=worker.health_run if worker.running is not None else None,
            )
            for worker in ready
        }
        self._to_pool(e.Looked(self._loop.time(), found))
        for worker in ready:
            if not worker.owes_answer and worker.kill_reason is None:
                worker.owes_answer = True
                self._ping(worker.epoch, Ping())
        self._check_memory(ready)

    def _check_memory(self, workers: list[Worker]) -> None:
        """Report workers over the memory limit, but for those that have spoken nothing yet: a new
        worker would be as large.
        """
        now, limit = self._loop.time(), self.wear.max_pss_mb
        if limit is None or now - self._memory_read_at < _PSS_INTERVAL_S:
            return
        self._memory_read_at = now
        for worker in workers:
            size = pss_bytes(worker.pid) if worker.segments_done and not worker.worn else None
            if size is not None and size > limit * 1e6:
                self._wear_out(worker, f"{size / 1e6:.0f} MB")

    def _wear_out(self, worker: Worker, reason: str) -> None:
        if not worker.worn:
            worker.worn = True
            self._on_worn(worker, reason)
