"""What workers do to jobs: they come, answer for a segment, retire, or are lost with one.

A worker's answer counts only if (job, segment, attempt, worker) are the ones that were sent
out; a segment whose worker is lost runs again elsewhere, unless it is what ends workers.
Where workers come from is for `pool` to say, and which of them runs what for `dispatch`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from supervisor.core.jobs import events as e
from supervisor.core.jobs.job import Job
from supervisor.core.jobs.lifecycle import Lifecycle

POISON_KILLS = 3
"""Workers that a segment may take down before it is held to be the cause."""


class Answers:
    """The events of workers."""

    def __init__(self, life: Lifecycle) -> None:
        self._life = life
        self._workers = life.dispatch.workers
        self.handlers: dict[type, Callable[[Any], None]] = {
            e.WorkerReady: self._worker_ready,
            e.WorkerRetired: self._worker_retired,
            e.WorkerLost: self._worker_lost,
            e.SegmentSpoken: self._segment_spoken,
            e.SegmentRefused: self._segment_refused,
            e.StaleAnswer: self._stale_answer,
        }

    def _worker_ready(self, event: e.WorkerReady) -> None:
        self._workers.add(event.worker)
        self._life.run_waiting(event.now)

    def _worker_retired(self, event: e.WorkerRetired) -> None:
        if self._workers.retire(event.worker):
            self._life.commands.append(e.WorkerFree(event.worker))

    def _worker_lost(self, event: e.WorkerLost) -> None:
        run = self._workers.lose(event.worker)
        if run is not None:
            self._run_again(*run, event)
        self._life.run_waiting(event.now)

    def _segment_spoken(self, event: e.SegmentSpoken) -> None:
        job = self._answered(event)
        if job is not None:
            self._learn(job, event)
            job.put_in(event.segment, event.pieces)
            self._life.admission.settle(job)
            if job.request.durable:
                job.segments[event.segment].state = "storing"
                self._life.dispatch.settle(job)
                self._life.commands.append(e.PersistAudio(job.id, event.segment, event.pieces))
            else:
                self._life.spoken(job, event.now)
        self._life.run_waiting(event.now)

    def _learn(self, job: Job, event: e.SegmentSpoken) -> None:
        """Note what the segment has taken, for predictions and for those who look."""
        life = self._life
        life.counts["spoken"] += 1
        job.synthesis_s += event.synthesis_s
        job.note(event.now, "spoken", event.segment, event.worker, event.synthesis_s)
        size = sum(map(len, event.pieces))
        life.dispatch.held.spoken(size)
        life.timings.spoken(size, job.request.sample_rate, event.synthesis_s)
        cost = job.cost(event.segment)
        life.admission.drain.done(event.now, cost, waiting=life.dispatch.has_waiting)
        chars = job.segments[event.segment].size
        if life.costs.learn(job.request, chars, event.synthesis_s):
            life.predict_again(job.request.engine)
        if job.chars_left > chars:
            life.predict(job)

    def _segment_refused(self, event: e.SegmentRefused) -> None:
        job = self._answered(event)
        if job is not None:
            code: e.FailureCode = "bad_text" if event.unreadable else "failed"
            job.note(event.now, "refused", event.segment, event.worker)
            self._life.fail(job, event.now, code, event.message)
        self._life.run_waiting(event.now)

    def _stale_answer(self, _event: e.StaleAnswer) -> None:
        self._life.counts["stale"] += 1

    def _answered(self, event: e.SegmentSpoken | e.SegmentRefused) -> Job | None:
        """Free the worker that answered; return the job, if its answer still counts."""
        run = self._workers.running.get(event.worker)
        if run is None or (run[0].id, run[1], run[0].segments[run[1]].attempt) != (
            event.job,
            event.segment,
            event.attempt,
        ):
            self._life.counts["stale"] += 1
            return None
        job, index = run
        job.running -= 1
        job.segments[index].worker = None
        if self._workers.free(event.worker):
            self._life.commands.append(e.WorkerFree(event.worker))
        if event.job not in self._life.jobs:
            self._life.counts["stale"] += 1
            return None
        return job

    def _run_again(self, job: Job, index: int, event: e.WorkerLost) -> None:
        """A worker was lost with this segment: retry it, unless it is what kills workers."""
        segment = job.segments[index]
        segment.worker = None
        segment.kills += 1
        job.running -= 1
        if job.id not in self._life.jobs:
            return
        job.note(event.now, "worker lost", index, event.worker, event.reason)
        if segment.kills >= POISON_KILLS:
            reason = f"segment {index} ended {segment.kills} workers, the last: {event.reason}"
            self._life.fail(job, event.now, "poison", reason)
            return
        segment.state = "waiting"
        job.retries.append(index)
        job.retried += 1
        self._life.counts["retried"] += 1
        self._life.dispatch.enqueue(job)
