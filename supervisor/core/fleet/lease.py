"""Leases: the jobs in our hands, from delivery until the queue has taken them off or back.

    pulled ─┬─▶ returned                        no slot, or a schema that we do not know
            ├─▶ checking ─▶ settled             it was delivered before: is there an outcome?
            └─▶ speaking ─┬─▶ storing ─▶ fencing ─▶ burying ─▶ acking ─▶ done, settled
                          ├─▶ counting ─▶ fencing | returned    the supervisor was lost
                          └─▶ returned

Nothing is acknowledged before the outcome is written, by us or by another (`outcome`). A lease that
was not confirmed for its whole length is lost: the queue gives the job to another. We go on with
it, for we may be the sooner, but lengthen it no more: that would lengthen the other's.

How a job is spoken, and where audio and outcomes are kept, is left to the shell.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, Literal

import msgspec

from supervisor.core.fleet import events as e
from supervisor.core.fleet import outcome

SCHEMA_PAUSE_S: Final = 5.0
"""A job that we do not understand is offered again after this pause."""

MOST_ATTEMPTS: Final = 5
"""Attempts that end with a supervisor before a job counts as poison. One that kills workers does so
at the first supervisor already, which says so.
"""

_RETRY_S: Final = 0.5
_LONGEST_RETRY_S: Final = 8.0
"""Pause before something is tried again that the queue or the stores did not take; it doubles."""

_ACKS: Final = 5
"""Acknowledgements that are tried; if none is heard, the job comes again, and finds its outcome."""

Stage = Literal["checking", "speaking", "counting", "storing", "fencing", "burying", "acking"]


class Lease(msgspec.Struct, gc=False):
    """A job in our hands.

    delivery: what is acknowledged. confirmed: when a sign of ours was sent that the queue has
    answered, or the job came. sent: when the last one was sent, None after its answer. lost: the
    queue has given it to another by now. slot: it takes one. again_at: when a step is tried again.
    """

    number: int
    job: str
    delivery: int
    attempt: str
    stage: Stage
    confirmed: float
    deliveries: int
    sent: float | None = None
    next_sign: float = 0.0
    lost: bool = False
    slot: bool = False
    begun: bool = False
    state: e.State = "done"
    code: str = ""
    message: str = ""
    won: bool = False
    read: bool = False
    """The outcome is to be read before it is written."""
    tries: int = 0
    again_at: float | None = None
    under_way: bool = False
    """A step was begun, and its answer is to come."""


class Leases:
    """Every lease, and the steps of each. The rules may be set anew at any time."""

    def __init__(self, commands: Callable[[e.Command], None], rules: e.Rules) -> None:
        self._command = commands
        self._rules = rules
        self.all: dict[int, Lease] = {}
        self._by_job: dict[str, Lease] = {}
        self._by_delivery: dict[int, Lease] = {}
        self.slots = 0
        """Slots that are taken: by jobs pulled and not yet spoken."""
        self._unstored: dict[int, Lease] = {}
        self._storing = 0
        self.at_once = 1
        """Results that may be stored at once."""
        self.refusals = 0
        """Jobs that came and were not begun."""
        self._newest_schema = 0
        self._attempts = 0
        self.due = math.inf
        """No step and no sign is due before this time."""
        self.counts = dict.fromkeys(
            ("done", "failed", "cancelled", "expired", "settled", "returned", "lost"), 0
        )
        """Leases that are over: by outcome where ours counts; settled: another's does. lost: times
        that a lease was lost."""

    @property
    def rules(self) -> e.Rules:
        """What holds."""
        return self._rules

    def configure(self, rules: e.Rules) -> None:
        """Take other rules."""
        self._rules = rules
        self.due = -math.inf

    # -- queries ------------------------------------------------------------------------

    @property
    def unstored(self) -> int:
        """Results that wait to be stored, those that are being stored left out."""
        return len(self._unstored)

    def next_wakeup(self) -> float | None:
        """When the next sign is due, or a step is tried again; it may be too soon, never late."""
        return self.due if self.due < math.inf else None

    def _look_ahead(self) -> None:
        """Find out when `tick` has something to do."""
        due = math.inf
        for lease in self.all.values():
            if not lease.lost:
                due = min(due, lease.next_sign, lease.confirmed + self.rules.lease_s)
            if lease.again_at is not None:
                due = min(due, lease.again_at)
        self.due = due

    # -- the queue ----------------------------------------------------------------------

    def delivered(self, event: e.Delivered, refused: str) -> int | None:
        """A job came. Return the lease that a slot was given; None if none was.

        refused: why the host does not begin a job now; empty if it does.
        """
        held = self._by_job.get(event.job)
        if held is not None:
            self._again(held, event)
        elif event.schema > self.rules.schema:
            self._command(e.Return(event.delivery, SCHEMA_PAUSE_S, "newer schema"))
            if event.schema > self._newest_schema:
                self._newest_schema = event.schema
                self._command(e.NewerSchema(event.schema))
        elif event.left_s is not None and event.left_s <= 0:
            self._conclude(self._take(event), "expired")
        elif refused:
            self.refusals += 1
            self._command(e.Return(event.delivery, 0.0, refused))
        else:
            lease = self._take(event)
            lease.slot = True
            self.slots += 1
            self._go(lease, "checking" if event.deliveries > 1 else "speaking")
            return lease.number
        return None

    def _take(self, event: e.Delivered) -> Lease:
        self._attempts += 1
        rules = self.rules
        lease = Lease(
            number=event.delivery,
            job=event.job,
            delivery=event.delivery,
            attempt=outcome.attempt_name(event.job, rules.host, rules.epoch, self._attempts),
            stage="speaking",
            confirmed=event.now,
            deliveries=event.deliveries,
            next_sign=event.now + rules.lease_s / 3,
        )
        self.due = min(self.due, event.now + rules.lease_s / 3)
        self.all[lease.number] = self._by_job[lease.job] = self._by_delivery[lease.delivery] = lease
        return lease

    def _again(self, lease: Lease, event: e.Delivered) -> None:
        """The queue gives us a job that we hold: the lease is ours again, by its new delivery."""
        del self._by_delivery[lease.delivery]
        self._command(e.Forget(lease.delivery))
        lease.delivery, lease.deliveries = event.delivery, event.deliveries
        lease.confirmed, lease.sent, lease.lost = event.now, None, False
        lease.next_sign = event.now + self.rules.lease_s / 3
        self.due = min(self.due, lease.next_sign)
        self._by_delivery[lease.delivery] = lease

    def confirmed(self, event: e.Confirmed) -> None:
        """The queue heard a sign."""
        lease = self._by_delivery.get(event.delivery)
        if lease is not None and lease.sent is not None:
            lease.confirmed, lease.sent = lease.sent, None

    def tick(self, now: float, silent_s: float) -> None:
        """Give signs, and try again what failed; useless before `due`.

        `silent_s`: seconds since the supervisor answered.
        """
        for lease in [*self.all.values()]:
            if not lease.lost:
                self._sign(now, lease, silent_s)
            if lease.again_at is not None and now >= lease.again_at:
                lease.again_at = None
                self._step(lease)
        self._store()
        self._look_ahead()

    def _sign(self, now: float, lease: Lease, silent_s: float) -> None:
        if now >= lease.confirmed + self.rules.lease_s:
            lease.lost = True
            self.counts["lost"] += 1
        elif now >= lease.next_sign:
            lease.next_sign = now + self.rules.lease_s / 3
            if lease.stage != "speaking" or silent_s <= self.rules.lease_s:
                lease.sent = now if lease.sent is None else lease.sent
                self._command(e.Progress(lease.delivery))

    # -- the job at our supervisor ------------------------------------------------------

    def _speaking(self, number: int) -> Lease | None:
        lease = self.all.get(number)
        return lease if lease is not None and lease.stage == "speaking" else None

    def begun(self, event: e.Begun) -> None:
        """A worker speaks it."""
        lease = self._speaking(event.lease)
        if lease is not None:
            lease.begun = True

    def spoken(self, event: e.Spoken) -> None:
        """Its audio is here: the slot is free, and the result is stored in its turn."""
        lease = self._speaking(event.lease)
        if lease is not None:
            self._leave_slot(lease)
            self._go(lease, "storing")
            self._store()

    def failed(self, event: e.Failed) -> None:
        """It cannot be spoken."""
        lease = self._speaking(event.lease)
        if lease is not None:
            state: e.State = "failed"
            if event.code in {"expired", "cancelled"}:
                state = "expired" if event.code == "expired" else "cancelled"
            self._conclude(lease, state, event.code, event.message)

    def refused(self, event: e.Refused) -> None:
        """Another host may speak it, or we later."""
        lease = self._speaking(event.lease)
        if lease is not None:
            self._return(lease, _return_s(lease), "refused")

    def died(self, event: e.Died) -> None:
        """The supervisor is gone, and maybe because of it."""
        lease = self._speaking(event.lease)
        if lease is not None:
            lease.message = event.message
            self._leave_slot(lease)
            self._go(lease, "counting")

    def counted(self, event: e.AttemptCounted) -> None:
        """How often that has happened, anywhere."""
        lease = self._answered(event.lease, "counting")
        if lease is None:
            return
        if (event.attempts or 0) >= MOST_ATTEMPTS:
            self._conclude(lease, "failed", "poison", lease.message)
        else:
            self._return(lease, _return_s(lease), "supervisor lost")

    def cancelled(self, event: e.CancelAsked) -> None:
        """End a job, unless it has ended already."""
        lease = self._by_job.get(event.job)
        if lease is not None and lease.stage in {"checking", "speaking", "counting"}:
            self._stop(lease)
            self._conclude(lease, "cancelled", "cancelled", "")

    def drain(self, *, begun: bool) -> None:
        """Return what waits for a worker and, with `begun`, what one speaks."""
        for lease in [*self.all.values()]:
            if lease.stage == "checking" or (
                lease.stage == "speaking" and (begun or not lease.begun)
            ):
                self._stop(lease)
                self._return(lease, 0.0, "draining")

    # -- the result ---------------------------------------------------------------------

    def audio_put(self, event: e.AudioPut) -> None:
        """The audio is stored, or not."""
        lease = self._answered(event.lease, "storing")
        if lease is None:
            return
        self._storing -= 1
        if event.ok:
            lease.tries = 0
            self._go(lease, "fencing")
        else:
            self._later(event.now, lease)
        self._store()

    def outcome_answered(self, event: e.OutcomeAnswered) -> None:
        """Our outcome was written, or was not."""
        lease = self._answered(event.lease, "fencing")
        if lease is not None:
            self._decide(event.now, lease, outcome.answered(event.answer))

    def outcome_read(self, event: e.OutcomeRead) -> None:
        """The outcome was read: before a job was begun, or to see whose it is."""
        lease = self.all.get(event.lease)
        if lease is None or (lease.stage == "fencing" and not lease.read):
            return  # Cancelled while it was looked for.
        lease = self._answered(event.lease, "checking", "fencing")
        if lease is None:
            return
        verdict = outcome.read(lease.attempt, event.attempt, ok=event.ok)
        if lease.stage == "fencing":
            self._decide(event.now, lease, verdict)
        elif verdict == "lost":
            self._leave_slot(lease)
            self._go(lease, "acking")
        else:  # If it could not be read, the fence at the end will tell.
            self._go(lease, "speaking")

    def _decide(self, now: float, lease: Lease, verdict: outcome.Verdict) -> None:
        lease.read = verdict == "read"
        if verdict == "won":
            lease.won, lease.tries = True, 0
            self._go(lease, "burying" if lease.state == "failed" else "acking")
        elif verdict == "lost":
            lease.tries = 0
            if lease.state == "done":
                self._command(e.DropAudio(lease.attempt))
            self._go(lease, "acking")
        else:
            self._later(now, lease)

    def buried(self, event: e.Buried) -> None:
        """The operators have it, or the shell gave up."""
        lease = self._answered(event.lease, "burying")
        if lease is None:
            return
        if event.ok or lease.tries >= _ACKS:
            lease.tries = 0
            self._go(lease, "acking")
        else:
            self._later(event.now, lease)

    def acked(self, event: e.Acked) -> None:
        """The job is off the queue."""
        lease = self._answered(event.lease, "acking")
        if lease is None:
            return
        if event.ok or lease.tries >= _ACKS:
            self._close(lease, lease.state if lease.won else "settled")
        else:
            self._later(event.now, lease)

    # -- steps --------------------------------------------------------------------------

    def _go(self, lease: Lease, stage: Stage) -> None:
        lease.stage = stage
        self._step(lease)

    def _step(self, lease: Lease) -> None:
        """Have the shell do what this stage needs."""
        number, job = lease.number, lease.job
        lease.under_way = True
        match lease.stage:
            case "checking":
                self._command(e.ReadOutcome(number, job))
            case "speaking":
                self._command(e.Speak(number, job))
            case "counting":
                self._command(e.CountAttempt(number, job))
            case "storing":
                lease.under_way = False
                self._unstored[number] = lease
            case "fencing" if lease.read:
                self._command(e.ReadOutcome(number, job))
            case "fencing":
                self._command(
                    e.CreateOutcome(
                        number, job, lease.attempt, lease.state, lease.code, lease.message
                    )
                )
            case "burying":
                self._command(e.Bury(number, job, lease.code, lease.message))
            case "acking":
                self._command(e.Ack(number, lease.delivery))

    def _store(self) -> None:
        """Store the oldest results, as many at once as may be."""
        while self._unstored and self._storing < self.at_once:
            lease = self._unstored.pop(next(iter(self._unstored)))
            self._storing += 1
            lease.under_way = True
            self._command(e.PutAudio(lease.number, lease.attempt))

    def _later(self, now: float, lease: Lease) -> None:
        lease.again_at = now + min(_RETRY_S * 2**lease.tries, _LONGEST_RETRY_S)
        self.due = min(self.due, lease.again_at)
        lease.tries += 1

    def _answered(self, number: int, *stages: Stage) -> Lease | None:
        """The lease whose step is answered; None if nothing was asked."""
        lease = self.all.get(number)
        if lease is None or lease.stage not in stages or not lease.under_way:
            return None
        lease.under_way = False
        return lease

    def _conclude(self, lease: Lease, state: e.State, code: str = "", message: str = "") -> None:
        """Write an outcome without audio."""
        self._leave_slot(lease)
        lease.state, lease.code, lease.message = state, code or state, message
        lease.tries, lease.again_at = 0, None
        self._go(lease, "fencing")

    def _stop(self, lease: Lease) -> None:
        if lease.stage == "speaking":
            self._command(e.Stop(lease.number))

    def _leave_slot(self, lease: Lease) -> None:
        self.slots -= lease.slot
        lease.slot = False

    def _return(self, lease: Lease, delay_s: float, reason: str) -> None:
        """Give the job back, unless the queue has given it to another already."""
        if lease.lost:
            self._command(e.Forget(lease.delivery))
        else:
            self._command(e.Return(lease.delivery, delay_s, reason))
        self._close(lease, "returned")

    def _close(self, lease: Lease, state: e.State | Literal["returned", "settled"]) -> None:
        self._leave_slot(lease)
        del self.all[lease.number], self._by_job[lease.job], self._by_delivery[lease.delivery]
        self.counts[state] += 1
        self._command(e.Closed(lease.number, lease.job, state, lease.won))

    # -- proof --------------------------------------------------------------------------

    def check(self) -> None:
        """Raise AssertionError if an invariant is broken."""
        leases = self.all.values()
        assert self.slots == sum(lease.slot for lease in leases), "slots are counted wrong"
        assert len(self._by_job) == len(self._by_delivery) == len(self.all), "a job is held twice"
        storing = [x for x in leases if x.stage == "storing"]
        assert self._storing == sum(x.under_way for x in storing), "storing is counted wrong"
        for lease in leases:
            takes = lease.stage in {"checking", "speaking"}
            assert lease.slot == takes, f"a job that is {lease.stage} has a slot: {lease.slot}"
            waits = lease.stage == "speaking" or lease.number in self._unstored
            step = lease.under_way or lease.again_at is not None
            assert waits or step, f"nothing is done for a job that is {lease.stage}"


def _return_s(lease: Lease) -> float:
    """Pause before a job is offered again that could not be spoken: longer each time."""
    return min(_RETRY_S * lease.deliveries, _LONGEST_RETRY_S)
