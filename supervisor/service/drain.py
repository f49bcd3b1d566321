"""The drain of a supervisor: jobs are finished, then workers and gateway end in order.

The agent of the fleet is the first to be told: what it has not begun goes to other hosts. Jobs get
the grace period. A dismissed worker runs nothing and gets little time. The gateway
gets the time that it gives responses which are still streaming to slow readers.

The service refuses new jobs meanwhile, and closes sockets and journal at the end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

from supervisor.config.handover import ANSWERS_GRACE_S
from supervisor.core.jobs import events as job_events
from supervisor.core.jobs.machine import Jobs
from supervisor.core.pool import events as pool_events
from supervisor.core.pool.machine import Pool
from supervisor.pool.workers import Workers
from supervisor.service.fleet import FleetChild
from supervisor.service.gateway import GatewayChild
from supervisor.tracing.tracer import Tracer

WORKERS_END_S = 2.0
"""Time for dismissed workers to exit before they are killed, and for traces to be sent."""

GATEWAY_ENDS_S = ANSWERS_GRACE_S + 1.0
"""Time for the gateway to end after the last job."""

_CLOSING_S = 2.0
"""Generous time to close sockets, journal and address."""


def longest_drain_s(grace_s: float) -> float:
    """Longest time of a stop in all, in seconds, as the timeout of a service manager."""
    return grace_s + GATEWAY_ENDS_S + _CLOSING_S


Tell = Callable[[Jobs | Pool, Any], None]
"""Hands an event to its machine, and carries out the commands that follow."""


class Beside(NamedTuple):
    """The processes beside the pool, which are clients of it."""

    gateway: GatewayChild
    fleet: FleetChild


class Drain:
    """One drain. Events for the machines go through `tell`; `finish` is called when there is
    nothing left to wait for, perhaps more than once.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        jobs: Jobs,
        pool: Pool,
        beside: Beside,
        tracer: Tracer,
        workers: Workers,
        tell: Tell,
        finish: Callable[[], None],
    ) -> None:
        self.cancelled = 0
        """Jobs that were ended before they were done."""
        self.left = 0
        """Durable jobs that the next supervisor goes on with."""
        self._loop = loop
        self._jobs = jobs
        self._pool = pool
        self._gateway, self._fleet = beside
        self._tracer = tracer
        self._workers = workers
        self._tell = tell
        self._finish = finish
        self._timers: list[asyncio.TimerHandle] = []
        beside.gateway.on_stopped = beside.fleet.on_stopped = self.go_on

    def begin(self, grace_s: float) -> None:
        """Begin: wait for the jobs that run, for `grace_s` seconds at most."""
        self._fleet.stop()
        self._later(grace_s, lambda: self.cancel_all("the grace period is over"))
        open_texts = [job for job in self._jobs.jobs.values() if job.open and job.request.durable]
        self.left += len(open_texts)
        self._tell(self._jobs, job_events.Suspended(self._loop.time(), open_texts=True))
        self.go_on()

    def cancel_all(self, reason: str) -> None:
        """Cancel the jobs that still run; durable ones are left to the next supervisor."""
        plain = [job.id for job in self._jobs.jobs.values() if not job.request.durable]
        self.cancelled += len(plain)
        self.left += len(self._jobs.jobs) - len(plain)
        for job in plain:
            self._tell(self._jobs, job_events.Cancelled(self._loop.time(), job, reason))
        self._tell(self._jobs, job_events.Suspended(self._loop.time()))

    def go_on(self) -> None:
        """Take the next step, if the last job or the last process has ended."""
        if self._jobs.jobs or self._jobs.outcomes_held_back:
            return
        if not self._pool.stopping:
            self.close()
            self._gateway.stop()
            self._tracer.finish(WORKERS_END_S)
            self._later(WORKERS_END_S, self._workers.kill_all)
            self._later(GATEWAY_ENDS_S, self._finish)
            self._tell(self._pool, pool_events.Stop(self._loop.time()))
        elif self._pool.empty and not (self._gateway.running or self._fleet.running):
            self._finish()

    def close(self) -> None:
        """Cancel all timers."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def _later(self, seconds: float, act: Callable[[], None]) -> None:
        self._timers.append(self._loop.call_later(seconds, act))
