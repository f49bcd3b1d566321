"""What clients want of jobs: to ask for speech, to listen, to take more, to stop.

Says which request becomes a job and which is refused, and what the two are told that ask
under one key. What becomes of the job then is for `lifecycle` to say, and whether a durable
one is accepted for `durability`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from supervisor.core.jobs import events as e
from supervisor.core.jobs.durability import Durability
from supervisor.core.jobs.job import Job
from supervisor.core.jobs.lifecycle import LATE, Lifecycle, is_late


class Clients:
    """The events of clients."""

    def __init__(self, life: Lifecycle, durability: Durability) -> None:
        self._life = life
        self._durability = durability
        self.handlers: dict[type, Callable[[Any], None]] = {
            e.Submitted: self._submitted,
            e.CreditGranted: self._credit_granted,
            e.Cancelled: self._cancelled,
            e.ClientAttached: self._client_attached,
            e.ClientLost: self._client_lost,
        }

    # -- asking for speech --------------------------------------------------------------

    def _submitted(self, event: e.Submitted) -> None:
        request = event.request
        if request.key is not None:
            known = self._life.by_key(event.owner, request.key)
            if known is not None:
                self._submitted_again(event, known)
                return
        job = Job(event.job, event.owner, event.client, request, event.now, event.credit)
        job.flow = event.flow or event.owner
        job.reference = event.reference
        self._life.predict(job)
        if not self._admit(event, job):
            return
        self._life.enter(job)
        self._life.delivery.listen(job, event.client)
        if request.durable:
            self._durability.hand_in(job, event.now)
        else:
            self._life.accept(job, event.now)
            self._life.start(job, event.now)

    def _admit(self, event: e.Submitted, job: Job) -> bool:
        """Whether there is room and time for the job; if not, its client is told."""
        life = self._life
        deadline = job.request.deadline
        if is_late(job, event.now):
            life.delivery.refuse(event, "expired", LATE)
        else:
            # Nobody is turned away for a guess: an engine that has not spoken yet may be fast.
            known = deadline is not None and life.costs.knows(job.request)
            patience = deadline - event.now if deadline is not None and known else None
            workers = len(life.dispatch.workers.running)
            work_s = job.chars_left * job.rate
            refusal = life.admission.refusal(job.flow, job.size, work_s, patience, workers)
            if refusal is None:
                return True
            life.delivery.refuse(event, "busy", *refusal)
        life.counts["refused"] += 1
        return False

    def _submitted_again(self, event: e.Submitted, job: Job) -> None:
        """The key is in use: the same request is the same job, another one is a mistake."""
        refuse = self._life.delivery.refuse
        if job.request.fingerprint != event.request.fingerprint:
            refuse(event, "conflict", f"the key belongs to job {job.id}, another request")
        elif job.kept_from > 0:
            text = f"audio of job {job.id} is kept from byte {job.kept_from} only"
            refuse(event, "out_of_range", text)
        elif self._durability.find(job.id) is not None:
            self._durability.take_over(job, event)
        else:
            self._attach(job, event.now, event.client, event.reference, 0, event.credit)

    # -- listening ----------------------------------------------------------------------

    def _client_attached(self, event: e.ClientAttached) -> None:
        job = self._life.find(event.job)
        if job is not None:
            self._attach(job, event.now, event.client, event.reference, event.offset, event.credit)
            self._life.run_waiting(event.now)

    def _attach(
        self, job: Job, now: float, client: bytes, reference: str, offset: int, credit: int
    ) -> None:
        delivery = self._life.delivery
        if job.client is not None and job.client != client:
            delivery.fail(job, "conflict", "another connection has taken over this job")
        delivery.let_go(job)
        delivery.listen(job, client)
        job.reference = reference
        job.credit = credit
        job.listen_from(offset)
        job.note(now, "attached", offset)
        delivery.accept(job)
        if job.failed:
            self._life.tell_again(job)
        else:
            self._life.release(job, now)

    def _credit_granted(self, event: e.CreditGranted) -> None:
        job = self._life.find(event.job)
        if job is not None and job.client is not None:
            job.credit += event.bytes
            self._life.release(job, event.now)
            self._life.run_waiting(event.now)

    # -- leaving ------------------------------------------------------------------------

    def _cancelled(self, event: e.Cancelled) -> None:
        job = self._life.jobs.get(event.job)
        if job is not None:
            self._life.fail(job, event.now, "cancelled", event.reason)
            self._life.run_waiting(event.now)

    def _client_lost(self, event: e.ClientLost) -> None:
        for id in self._life.delivery.leave(event.client):
            job = self._life.find(id) or self._durability.find(id)
            if job is None:
                continue
            job.client = None
            job.note(event.now, "client lost")
            if not job.ended and not job.request.durable:
                self._life.fail(job, event.now, "cancelled", "the client is gone")
        self._life.run_waiting(event.now)
