"""The job state machine: events in, commands out.

The front of it: takes each event to the part that knows what it means (`clients`, `answers`,
`durability`), answers those who look at jobs, and passes on the time. What becomes of a job,
and the rules that a client relies on, stand in `lifecycle`. How messages travel is for
`supervisor.broker` to say, and where workers come from for `pool`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from supervisor.core.jobs import events as e
from supervisor.core.jobs.admission import Limits
from supervisor.core.jobs.answers import Answers
from supervisor.core.jobs.clients import Clients
from supervisor.core.jobs.durability import Durability
from supervisor.core.jobs.held_audio import HeldLimits
from supervisor.core.jobs.job import Job
from supervisor.core.jobs.lifecycle import Lifecycle
from supervisor.core.jobs.retention import Keep


class Jobs:
    """All jobs, the queue between them and the workers that are free."""

    def __init__(
        self,
        limits: Limits | None = None,
        plain: Keep | None = None,
        durable: Keep | None = None,
        held: HeldLimits | None = None,
    ) -> None:
        self._commands: list[e.Command] = []
        life = self._life = Lifecycle(
            self._commands,
            limits or Limits(),
            plain or Keep(),
            durable or Keep(),
            held or HeldLimits(),
        )
        self.jobs = life.jobs
        self.retained = life.retained
        self.admission = life.admission
        self.costs = life.costs
        self.counts = life.counts
        self.timings = life.timings
        self._dispatch = life.dispatch
        self._durability = Durability(life)
        self._handlers: dict[type, Callable[[Any], None]] = {
            e.Configured: self._configured,
            e.CutTurn: self._cut_turn,
            e.Tick: self._tick,
            **Clients(life, self._durability).handlers,
            **Answers(life).handlers,
            **self._durability.handlers,
        }

    def handle(self, event: e.Event) -> list[e.Command]:
        """Take one event; return what has to be done because of it, in order."""
        self._commands.clear()
        self._handlers[type(event)](event)
        return self._commands.copy()

    def _configured(self, event: e.Configured) -> None:
        live = [*self.jobs.values(), *self._durability.pending()]
        self.admission.set_limits(event.limits, live)
        self.retained.configure(event.plain, event.durable)
        self._dispatch.configure(event.held)
        self._life.run_waiting(event.now)

    def _cut_turn(self, event: e.CutTurn) -> None:
        job = self.jobs.get(event.job)
        if job is not None:
            self._life.cut(job, event.now)
            self._life.run_waiting(event.now)

    def _tick(self, event: e.Tick) -> None:
        self._life.expire(event.now)
        self._durability.tick(event.now)
        self._life.run_waiting(event.now)

    # -- what others may look at --------------------------------------------------------

    @property
    def running_segments(self) -> int:
        """Segments that a worker has now."""
        return self._dispatch.workers.busy_count

    @property
    def waiting_segments(self) -> int:
        """Segments that could run now if there were workers; a slow reader's do not count. Of a
        text that is not all cut yet, as many as its length tells.
        """
        return sum(
            job.segments_expected - job.next_segment + len(job.retries)
            for job in self.jobs.values()
            if self._dispatch.could_run(job)
        )

    @property
    def untold(self) -> int:
        """Jobs whose outcome waits for the journal before it is told."""
        return len(self._life.untold)

    def oldest_wait(self, now: float) -> float:
        """Seconds for which the oldest of the waiting segments has waited; 0 if none waits."""
        could_run = filter(self._dispatch.could_run, self.jobs.values())
        accepted = (job.accepted_at for job in could_run)
        return max((now - at for at in accepted), default=0.0)

    def find(self, job: str) -> Job | None:
        """A job that runs, or ended a short while ago."""
        return self._life.find(job)

    def listeners(self) -> list[bytes]:
        """Connections that listen to a job."""
        return self._life.delivery.listeners()

    def busy_workers(self) -> list[int]:
        """Workers that run a segment."""
        return self._dispatch.workers.busy

    def is_idle(self, worker: int) -> bool:
        """Whether this worker is known and runs nothing."""
        return self._dispatch.workers.is_idle(worker)

    def check(self) -> None:
        """Raise AssertionError if an invariant is broken; tests call it after every event."""
        self._life.check(self._durability.pending())
