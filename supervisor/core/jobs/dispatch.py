"""Which waiting segment goes to which free worker.

Brings together who is next (`fair_queue`), who may have more while his audio is held
(`held_audio`) and who is free (`assignments`). What becomes of the answers is for
`answers` to say.
"""

from __future__ import annotations

from collections.abc import Collection

from supervisor.core.jobs import events as e
from supervisor.core.jobs.assignments import Assignments
from supervisor.core.jobs.fair_queue import FairQueue
from supervisor.core.jobs.held_audio import HeldAudio, HeldLimits
from supervisor.core.jobs.job import Job


class Dispatch:
    """The queue between jobs and workers; appends what is to be run to `commands`."""

    def __init__(self, commands: list[e.Command], limits: HeldLimits) -> None:
        self._commands = commands
        self.workers = Assignments()
        self.held = HeldAudio(limits)
        self._queue = FairQueue()
        self._parked: dict[str, Job] = {}
        """Jobs whose turn came while there was no room for more of their audio."""
        self._more_room = False
        """Whether a parked job may have become one that can run."""

    @property
    def has_waiting(self) -> bool:
        """Whether a job waits for a worker."""
        return bool(self._queue)

    def could_run(self, job: Job) -> bool:
        """Whether only workers are missing for a segment of this job."""
        return job.dispatchable and (bool(job.retries) or self.held.allows(job))

    def configure(self, limits: HeldLimits) -> None:
        """Other bounds hold from the next dispatch on."""
        self.held.limits = limits
        self._more_room = True

    def settle(self, job: Job) -> None:
        """What the job holds, or the credit that it has, may have changed."""
        self._more_room |= self.held.settle(job) or job.id in self._parked

    def enqueue(self, job: Job) -> None:
        """Queue the job's next segment, if it has one to run, and see to it that there is another
        after it. A lost one goes first.
        """
        if job.rest is not None and job.runs_out and not job.ended:
            job.cutting = True
            self._commands.append(e.CutText(job.id))
        if not job.dispatchable:
            return
        if job.retries:
            self._parked.pop(job.id, None)
            self._queue.push_first(job)
        elif job.id not in self._parked:
            self._queue.push(job)

    def next(self) -> Job | None:
        """Take the best job that can run, if a worker is free."""
        if not self.workers.idle:
            return None
        self._unpark()
        while (job := self._queue.pop()) is not None:
            if self.could_run(job):
                return job
            self._parked[job.id] = job
        return None

    def run(self, job: Job) -> tuple[int, int]:
        """Give the job's next segment to the worker used last; returns segment and worker."""
        index = job.next_to_run()
        self._queue.charge(job, job.cost(index))
        segment = job.segments[index]
        segment.state = "running"
        segment.attempt += 1
        worker = segment.worker = self.workers.give((job, index))
        job.running += 1
        self._commands.append(
            e.RunSegment(worker, job.id, index, segment.attempt, job.request, segment.text)
        )
        return index, worker

    def interrupt(self, job: Job) -> None:
        """Stop what runs for the job."""
        if not job.running:
            return
        for worker, index in self.workers.running_of(job):
            attempt = job.segments[index].attempt
            self._commands.append(e.InterruptSegment(worker, job.id, index, attempt))

    def leave(self, job: Job, *, last: bool) -> None:
        """The job gets no more workers; `last`: its flow has no other job."""
        if last:
            self._queue.forget(job.flow)
        self._queue.drop(job)
        self._parked.pop(job.id, None)
        self._more_room |= self.held.leave(job)

    def _unpark(self) -> None:
        """Queue again, at the rank that they had, those for whom there is room by now."""
        if not self._more_room:
            return
        self._more_room = False
        for job in [job for job in self._parked.values() if self.held.allows(job)]:
            del self._parked[job.id]
            self._queue.push_back(job)

    def check(self, jobs: Collection[Job]) -> None:
        """Raise AssertionError if an invariant is broken; `jobs` are those without an outcome."""
        self.workers.check()
        self.held.check(jobs)
        for job in jobs:
            parked = job.id in self._parked
            assert not (parked and job.queued), f"job {job.id} is queued and parked"
            if job.dispatchable:
                assert job.queued or parked, f"job {job.id} could run but is not queued"
        if self.workers.idle:
            assert not any(map(self.could_run, jobs)), "idle while work waits"
