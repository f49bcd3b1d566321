"""What watchers are told: events and commands of the machines, as records of `wire.events`.

It looks at what the machines were told and what they ordered, and changes nothing. Who watches, and
who is slow, is for `broker.watchers`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec

from supervisor.broker.sockets.peers import named_in
from supervisor.broker.watchers import Watchers
from supervisor.core.allocation.machine import Allocation
from supervisor.core.allocation.policy import Resize
from supervisor.core.jobs.job import Job
from supervisor.core.jobs.machine import Jobs
from supervisor.core.machine import WorkerShape
from supervisor.core.pool import events as e
from supervisor.core.pool.machine import Pool
from supervisor.wire.events import AllocationChanged, JobChanged, WorkerChanged

WorkerStep = Literal["started", "ready", "reshaped", "retired", "lost"]


class HasPid(Protocol):
    """A worker process, as far as it matters here; its pid is 0 before it is known."""

    pid: int


class _Seen(msgspec.Struct):
    """A worker as it was last told of. `to`: the shape that it was told to take; `gone`: it was
    told to go.
    """

    shape: WorkerShape
    to: WorkerShape
    pid: int | None = None
    gone: bool = False


class News:
    """Tells `watchers` what the machines do. `workers` are the processes, by epoch."""

    def __init__(self, watchers: Watchers, workers: Mapping[int, HasPid]) -> None:
        self._watchers = watchers
        self._workers = workers
        self._seen: dict[int, _Seen] = {}

    def saw(
        self,
        machine: Jobs | Pool | Allocation,
        event: Any,  # noqa: ANN401 - an event of that machine
        commands: Sequence[object],
    ) -> None:
        """Look at an event that a machine has handled, and at the commands that followed."""
        if isinstance(machine, Jobs):
            if machine.news and "jobs" in self._watchers.kinds:
                for step, job in machine.news:
                    self._tell_job(step, job, event.now)
        elif isinstance(machine, Pool):
            self._tell_end(event)
            for command in commands:
                self._tell_order(command)
        else:
            for command in commands:
                if isinstance(command, Resize):
                    self._tell_resize(command, machine)

    # -- allocation ---------------------------------------------------------------------

    def _tell_resize(self, command: Resize, allocation: Allocation) -> None:
        decision = command.decision
        changed = AllocationChanged(
            before=decision.before,
            after=decision.after,
            average=decision.average,
            kind=decision.kind,
            figures=decision.figures,
            reason=decision.reason,
            bound=allocation.allocator.bounds.winner,
        )
        self._watchers.tell("allocation", changed)

    # -- workers ------------------------------------------------------------------------

    def _tell_end(self, event: object) -> None:
        """Tell what a worker became, as its process reports it."""
        match event:
            case e.Ready(epoch=epoch) if (seen := self._seen.get(epoch)) is not None:
                worker = self._workers.get(epoch)
                seen.pid = worker.pid if worker is not None else None
                self._tell_worker("ready", epoch, seen)
            case e.Reshaped(epoch=epoch) if (seen := self._seen.get(epoch)) is not None:
                if event.error is None:
                    seen.shape = seen.to
                    self._tell_worker("reshaped", epoch, seen)
            case e.Exited(epoch=epoch) | e.NotStarted(epoch=epoch):
                if (seen := self._seen.pop(epoch, None)) is not None and not seen.gone:
                    self._tell_worker("lost", epoch, seen, event.reason)

    def _tell_order(self, command: object) -> None:
        """Tell what a worker is about to become, as the pool orders it."""
        match command:
            case e.Launch(epoch=epoch, shape=shape):
                self._seen[epoch] = _Seen(shape, shape)
                self._tell_worker("started", epoch, self._seen[epoch])
            case e.Reshape(epoch=epoch, shape=shape) if epoch in self._seen:
                self._seen[epoch].to = shape
            case e.Retire(epoch=epoch) if epoch in self._seen:
                self._tell_worker("retired", epoch, self._seen[epoch])
            case e.Dismiss(epoch=epoch) if epoch in self._seen:
                self._seen[epoch].gone = True
            case e.Kill(epoch=epoch, reason=e.NOT_WANTED) if epoch in self._seen:
                self._seen[epoch].gone = True
                self._tell_worker("retired", epoch, self._seen[epoch])

    def _tell_worker(self, step: WorkerStep, epoch: int, seen: _Seen, reason: str = "") -> None:
        if "workers" not in self._watchers.kinds:
            return
        changed = WorkerChanged(
            what=step,
            slot=seen.shape.slot,
            epoch=epoch,
            pid=seen.pid,
            cpus=seen.shape.cpus,
            intra_op_threads=seen.shape.threads,
            reason=reason,
        )
        self._watchers.tell("workers", changed)

    # -- jobs ---------------------------------------------------------------------------

    def _tell_job(self, step: str, job: Job, now: float) -> None:
        since = round(now - job.accepted_at, 6)
        changed = JobChanged(
            what=step,
            job=job.id,
            engine=job.request.speech.engine,
            voice=job.request.speech.voice,
            durable=job.request.durable,
            on_behalf=named_in(job.flow),
            segments=job.segments_expected,
            first_audio_s=since if step == "started" else None,
            total_s=since if step == "ended" else None,
            outcome=job.state if step == "ended" else None,
            message=job.message if step == "ended" else "",
            retried=job.retried,
        )
        self._watchers.tell("jobs", changed, job.owner)
