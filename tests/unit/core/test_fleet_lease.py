"""What becomes of a job in a host's hands, story by story."""

from __future__ import annotations

import pytest

from supervisor.core.fleet import events as e
from tests.fixtures.fleet_host import RULES, Host, only

A = "a.h.e.1"
"""The first attempt's name, at a job a."""


def stored(host: Host, lease: int) -> None:
    """Have a spoken job's audio put into the store."""
    assert host.tell(e.AudioPut, lease, ok=True) == [e.CreateOutcome(lease, "a", A, "done", "", "")]


def test_a_job_is_spoken_stored_fenced_and_only_then_acknowledged() -> None:
    """Each step waits for the answer to the one before."""
    host = Host()
    host.held("a")
    host.tell(e.Begun, 1)
    assert only(host.tell(e.Spoken, 1), e.PutAudio) == [e.PutAudio(1, A)]
    stored(host, 1)
    assert host.tell(e.OutcomeAnswered, 1, "won") == [e.Ack(1, 1)]
    assert host.tell(e.Acked, 1, ok=True) == [e.Closed(1, "a", "done", won=True)]
    assert host.machine.leases.counts["done"] == 1


def test_a_slot_ends_with_the_speech() -> None:
    """Storing runs beside the next job."""
    host = Host(cores=1)
    host.held("a", "b")
    assert host.machine.free == 0
    (ask,) = only(host.tell(e.Spoken, host.lease("a")), e.Ask)
    assert ask.batch == 1


def test_who_loses_the_fence_drops_his_audio() -> None:
    """Another attempt's outcome is there: ours goes, and the job is off the queue."""
    host = Host()
    host.held("a")
    host.tell(e.Spoken, 1)
    stored(host, 1)
    assert host.tell(e.OutcomeAnswered, 1, "exists") == []
    assert host.go(0.5) == [e.ReadOutcome(1, "a")]
    assert host.tell(e.OutcomeRead, 1, "a.g.f.7") == [e.DropAudio(A), e.Ack(1, 1)]
    assert host.tell(e.Acked, 1, ok=True) == [e.Closed(1, "a", "settled", won=False)]


def test_an_outcome_that_timed_out_and_was_written_is_ours() -> None:
    """It is read back; "mine already" is won, and the audio stays."""
    host = Host()
    host.held("a")
    host.tell(e.Spoken, 1)
    stored(host, 1)
    host.tell(e.OutcomeAnswered, 1, "unknown")
    host.go(0.5)
    assert host.tell(e.OutcomeRead, 1, A) == [e.Ack(1, 1)]


def test_an_outcome_that_timed_out_and_was_not_written_is_written_again() -> None:
    """As often as it takes, with pauses that grow."""
    host = Host()
    host.held("a")
    host.tell(e.Spoken, 1)
    stored(host, 1)
    host.tell(e.OutcomeAnswered, 1, "unknown")
    assert host.go(0.5) == [e.ReadOutcome(1, "a")]
    host.tell(e.OutcomeRead, 1, None, ok=False)
    assert host.go(1.0) == [e.ReadOutcome(1, "a")]
    assert host.tell(e.OutcomeRead, 1, None) == []
    assert e.CreateOutcome(1, "a", A, "done", "", "") in host.go(2.0)


def test_audio_that_cannot_be_stored_is_tried_again() -> None:
    """The result is kept, and its place at the store is for the next one meanwhile."""
    host = Host(cores=1)
    host.held("a", "b")
    host.tell(e.Spoken, 1)
    host.tell(e.Spoken, 2)
    assert [c.lease for c in only(host.said, e.PutAudio)] == [1]
    assert only(host.tell(e.AudioPut, 1, ok=False), e.PutAudio) == [e.PutAudio(2, "b.h.e.2")]
    host.tell(e.AudioPut, 2, ok=True)
    assert only(host.go(0.5), e.PutAudio) == [e.PutAudio(1, A)]


def test_an_acknowledgement_that_is_not_heard_is_given_up_in_the_end() -> None:
    """The job comes again then, and its outcome is found."""
    host = Host()
    host.held("a")
    host.tell(e.Spoken, 1)
    stored(host, 1)
    host.tell(e.OutcomeAnswered, 1, "won")
    while host.machine.leases.all:
        host.tell(e.Acked, 1, ok=False)
        host.go(10.0)
    assert len(only(host.said, e.Ack)) == 6
    assert host.machine.leases.counts["done"] == 1


def test_a_job_that_was_delivered_before_is_looked_up_first() -> None:
    """Its outcome may be there, and only the acknowledgement was lost."""
    host = Host()
    host.empty()
    commands = host.deliver("a", deliveries=2)
    assert only(commands, e.Speak) == []
    assert only(commands, e.ReadOutcome) == [e.ReadOutcome(1, "a")]
    assert e.Ack(1, 1) in host.tell(e.OutcomeRead, 1, "a.g.f.7")
    host.empty()
    assert host.machine.leases.slots == 0


@pytest.mark.parametrize("ok", [True, False])
def test_one_without_an_outcome_is_spoken(ok: bool) -> None:
    """So is one whose outcome cannot be read: the fence decides at the end."""
    host = Host()
    host.empty()
    host.deliver("a", deliveries=2)
    assert e.Speak(1, "a") in host.tell(e.OutcomeRead, 1, None, ok=ok)


def test_a_job_of_a_newer_schema_is_returned_and_told_of_once() -> None:
    """Another host, or a newer version of this one, will understand it."""
    host = Host()
    host.empty()
    told = [*host.deliver("a", schema=2), *host.deliver("b", schema=2)]
    assert only(told, e.Return) == [
        e.Return(1, 5.0, "newer schema"),
        e.Return(2, 5.0, "newer schema"),
    ]
    assert only(told, e.NewerSchema) == [e.NewerSchema(2)]


def test_a_job_past_its_deadline_is_not_spoken() -> None:
    """It expires, through the fence as any outcome."""
    host = Host()
    host.empty()
    commands = host.deliver("a", left_s=-1.0)
    assert only(commands, e.Speak) == []
    assert only(commands, e.CreateOutcome) == [e.CreateOutcome(1, "a", A, "expired", "expired", "")]


def test_jobs_beyond_the_slots_go_back_at_once() -> None:
    """Whoever has room for them is given them; we ask again when a slot is free."""
    host = Host(cores=1)
    host.held("a", "b")
    assert host.deliver("c") == [e.Return(3, 0.0, "no slot")]
    (ask,) = only(host.tell(e.Spoken, 1), e.Ask)
    assert ask.batch == 1
    assert e.Speak(4, "d") in host.deliver("d")


def test_signs_keep_a_lease_while_the_queue_answers() -> None:
    """One a third of the lease."""
    host = Host()
    host.held("a")
    for _ in range(9):
        signs = only(host.go(10.0), e.Progress)
        assert signs == [e.Progress(1)]
        host.tell(e.Confirmed, 1)
    assert host.machine.leases.counts["lost"] == 0


def test_a_lease_that_is_not_confirmed_is_lost_and_not_lengthened_any_more() -> None:
    """A sign of ours would lengthen the lease of its new holder. We go on speaking."""
    host = Host()
    host.held("a")
    assert len(only(host.go(60.0), e.Progress)) == 2
    host.tell(e.Confirmed, 1)
    assert only(host.go(60.0), e.Progress) == []
    assert host.machine.leases.counts["lost"] == 1
    assert e.PutAudio(1, A) in host.tell(e.Spoken, 1)


def test_a_lost_job_is_not_returned() -> None:
    """It is no more ours to return."""
    host = Host()
    host.held("a")
    host.go(31.0)
    told = host.tell(e.Refused, 1)
    assert only(told, e.Return) == []
    assert only(told, e.Forget) == [e.Forget(1)]


def test_a_job_that_comes_again_while_we_speak_it_is_not_begun_twice() -> None:
    """The new delivery takes the place of the lost one."""
    host = Host()
    host.held("a")
    host.go(31.0)
    host.empty()
    told = host.deliver("a", deliveries=2)
    assert only(told, e.Forget) == [e.Forget(1)]
    assert not only(told, e.Speak)
    assert not only(told, e.ReadOutcome)
    assert only(host.go(10.0), e.Progress) == [e.Progress(2)]
    host.tell(e.Spoken, 1)
    host.tell(e.AudioPut, 1, ok=True)
    assert host.tell(e.OutcomeAnswered, 1, "won") == [e.Ack(1, 2)]


def test_a_supervisor_that_is_away_for_longer_than_a_lease_keeps_no_job() -> None:
    """It may resume what it has within a lease; after that others may have it."""
    host = Host()
    host.held("a")
    host.tell(e.SupervisorLost)
    assert only(host.go(9.9, seen=False), e.Progress) == []
    host.tell(e.SupervisorFound)
    assert only(host.go(0.2), e.Progress) == [e.Progress(1)]
    host.tell(e.Confirmed, 1)
    host.go(1.0)
    signs = only(host.go(60.0, seen=False), e.Progress)
    assert len(signs) == 2


def test_what_cannot_be_spoken_fails_and_is_kept_for_the_operators() -> None:
    """Outcome, then dead letter, then acknowledgement."""
    host = Host()
    host.held("a")
    told = host.tell(e.Failed, 1, "bad_text", "no")
    assert only(told, e.CreateOutcome) == [e.CreateOutcome(1, "a", A, "failed", "bad_text", "no")]
    assert host.tell(e.OutcomeAnswered, 1, "won") == [e.Bury(1, "a", "bad_text", "no")]
    assert host.tell(e.Buried, 1, ok=True) == [e.Ack(1, 1)]


def test_a_failed_attempt_that_loses_buries_nothing() -> None:
    """Another host could speak it."""
    host = Host()
    host.held("a")
    host.tell(e.Failed, 1, "bad_text", "no")
    host.tell(e.OutcomeAnswered, 1, "exists")
    host.go(0.5)
    assert host.tell(e.OutcomeRead, 1, "a.g.f.7") == [e.Ack(1, 1)]


def test_a_job_that_takes_supervisors_with_it_is_poison_the_fifth_time() -> None:
    """Counted over all hosts; before that it is returned. It would end one host after the other."""
    host = Host()
    host.held("a")
    assert e.CountAttempt(1, "a") in host.tell(e.Died, 1, "gone")
    assert e.Return(1, 0.5, "supervisor lost") in host.tell(e.AttemptCounted, 1, 4)
    host.held("a")
    host.tell(e.Died, 2, "gone")
    assert e.CreateOutcome(2, "a", "a.h.e.2", "failed", "poison", "gone") in host.tell(
        e.AttemptCounted, 2, 5
    )


def test_a_cancelled_job_is_stopped_and_its_outcome_written() -> None:
    """What the supervisor says of it afterwards is nothing to us."""
    host = Host()
    host.held("a")
    told = host.tell(e.CancelAsked, "a")
    assert told[:2] == [e.Stop(1), e.CreateOutcome(1, "a", A, "cancelled", "cancelled", "")]
    host.tell(e.Spoken, 1)
    assert only(host.said, e.PutAudio) == []
    assert host.tell(e.OutcomeAnswered, 1, "won") == [e.Ack(1, 1)]
    assert host.tell(e.CancelAsked, "unknown") == []


def test_a_job_that_is_spoken_is_not_cancelled_any_more() -> None:
    """Its outcome is on its way."""
    host = Host()
    host.held("a")
    host.tell(e.Spoken, 1)
    assert host.tell(e.CancelAsked, "a") == []


def test_a_drain_returns_what_has_not_begun() -> None:
    """What has begun is ended, or returned when the grace is over."""
    host = Host(cores=2)
    host.held("a", "b")
    host.tell(e.Begun, 1)
    assert host.tell(e.Drain) == [
        e.Stop(2),
        e.Return(2, 0.0, "draining"),
        e.Closed(2, "b", "returned", won=False),
    ]
    assert host.machine.why == "draining"
    assert e.Return(3, 0.0, "draining") in host.deliver("c")
    assert e.Return(1, 0.0, "draining") in host.tell(e.GraceOver)
    assert host.machine.leases.all == {}


def test_other_rules_hold_at_once() -> None:
    """Another prefetch, another lease."""
    host = Host(cores=2)
    host.held("a")
    rules = e.Rules(host="h", epoch="e", sources=RULES.sources, prefetch=3, lease_s=3.0)
    host.tell(e.Configured, rules)
    assert host.machine.free == 4
