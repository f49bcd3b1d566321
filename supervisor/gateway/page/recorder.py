"""Recorder of the allocator's samples of the last hour, and of the day's course (`history`).

The status holds the latest decisions with the sample that each was made from, so asking every few
seconds misses none of them and costs next to nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import NamedTuple

from aiohttp import web

from supervisor.client import SupervisorError
from supervisor.client.errors import ProtocolError
from supervisor.gateway.observe.snapshot import StatusCache
from supervisor.logs import get_logger
from supervisor.wire.decisions import new_decisions
from supervisor.wire.status import AllocationDecision, Status

KEPT_S = 3600.0

EVERY_S = 10.0
"""Between two questions; the status holds 50 samples."""

SPACING_S = 0.5
"""Samples that are closer are left out, which bounds the record at 7200."""


log = get_logger(__name__)


class Sample(NamedTuple):
    """Sample at `time_s` (the supervisor's monotonic seconds), and the core count decided on it.

    utilization: percent of the `leased` cores. queue: segments waiting; backlog_s: seconds
    that the oldest of them had waited.
    """

    time_s: float
    utilization: float
    leased: int
    cores: int
    queue: int
    backlog_s: float


class Recorder:
    """Keeps the samples of the last KEPT_S seconds."""

    def __init__(
        self, status: StatusCache, listener: Callable[[Status, float], None] = lambda *_: None
    ) -> None:
        self._status = status
        self._listener = listener
        """Told of every status with this process' monotonic seconds."""
        self.taken_at_s: float | None = None
        """This process' monotonic seconds at the last status."""
        self._samples: deque[Sample] = deque()
        self._failed = False

    @property
    def samples(self) -> list[Sample]:
        """Oldest first."""
        return list(self._samples)

    async def running(self, _app: web.Application) -> AsyncIterator[None]:
        """Record while the application runs."""
        task = asyncio.create_task(self._run())
        yield
        task.cancel()
        await asyncio.wait([task])

    async def look(self) -> None:
        """Ask for the status and keep its new samples. Raises SupervisorError."""
        self.take((await self._status.get()).status)

    def take(self, status: Status) -> None:
        """Keep the new samples of a status."""
        self.taken_at_s = time.monotonic()
        self._listener(status, self.taken_at_s)
        workers = len(status.workers)
        decisions = status.allocation.allocation_stats.decisions
        new = new_decisions(decisions, self._samples[-1].time_s if self._samples else None)
        if new.restarted:
            self._samples.clear()
        for decision in new.decisions:
            sample = _sample(decision, workers)
            last = self._samples[-1].time_s if self._samples else float("-inf")
            if sample is not None and sample.time_s >= last + SPACING_S:
                self._samples.append(sample)
        while self._samples and self._samples[0].time_s < self._samples[-1].time_s - KEPT_S:
            self._samples.popleft()

    async def _run(self) -> None:
        while True:
            try:
                await self.look()
            except ProtocolError as error:  # As where the supervisor is of another version.
                if not self._failed:
                    log.warning("gateway: the status cannot be recorded: %s", error)
                self._failed = True
            except SupervisorError:
                pass  # The hour has a gap then.
            except Exception:
                if not self._failed:
                    log.exception("gateway: the status cannot be recorded")
                self._failed = True
            await asyncio.sleep(EVERY_S)


def _sample(decision: AllocationDecision, workers: int) -> Sample | None:
    """Sample of a decision; None where nothing could be measured."""
    seen = decision.inputs
    if seen is None or seen.utilization is None:
        return None
    waiting = seen.backlog_s > 0
    return Sample(
        time_s=decision.now,
        utilization=seen.utilization,
        leased=decision.before if seen.leased is None else seen.leased,
        cores=decision.after,
        queue=max(1, round(seen.demand) - workers) if waiting else 0,
        backlog_s=seen.backlog_s,
    )
