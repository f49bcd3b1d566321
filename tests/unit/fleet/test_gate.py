"""The gate between requesters of other hosts and a supervisor that trusts its agent."""

from __future__ import annotations

import pytest

from supervisor.client.live.link import MAX_CREDIT
from supervisor.fleet.gate import Gate, Passed
from supervisor.wire import client as wire
from supervisor.wire.codec import MAGIC, decode_reply, decode_request, encode


def _submitted(gate: Gate, **fields: object) -> wire.Submit:
    passed = gate.ask(encode(wire.Submit(id="1", **fields), b"Hello."))  # type: ignore[arg-type]
    assert passed.on is not None
    message = decode_request(passed.on).message
    assert isinstance(message, wire.Submit)
    return message


def _error(passed: Passed) -> wire.Error:
    assert passed.on is None
    assert passed.answer is not None
    message = decode_reply(passed.answer).message
    assert isinstance(message, wire.Error)
    return message


@pytest.mark.parametrize(
    "message",
    [
        wire.Status(id="1"),
        wire.Status(id="1", events=True),
        wire.Jobs(id="1"),
        wire.Jobs(id="1", job="e-1"),
        wire.ClearCache(id="1"),
        wire.Outlook(id="1"),
        wire.Watch(id="1"),
        wire.Attach(id="1", job="e-1"),
        wire.Append(id="1", job="e-1"),
    ],
)
def test_the_supervisor_and_jobs_of_others_are_out_of_reach(message: wire.Message) -> None:
    """Whatever its own user might do there."""
    error = _error(Gate("t", "u").ask(encode(message)))
    assert error.code == "not_found"
    assert error.id == "1"


def test_a_job_of_another_is_not_cancelled_or_let_run_on() -> None:
    """The answer is that of a job which does not exist."""
    gate = Gate("t", "u")
    for message in (wire.Cancel(job="e-1"), wire.Credit(job="e-1", bytes=1)):
        assert _error(gate.ask(encode(message))).job == "e-1"


def test_own_jobs_are_within_reach() -> None:
    """From ACCEPTED on, and with no more credit than may be on the way."""
    gate = Gate("t", "u")
    gate.answered(encode(wire.Accepted(id="1", job="e-1", segments=1, sample_rate=8000, seed=1)))
    assert gate.ask(encode(wire.Cancel(job="e-1"))).on is not None
    credit = gate.ask(encode(wire.Credit(job="e-1", bytes=1 << 40))).on
    assert credit is not None
    assert decode_request(credit).message == wire.Credit(job="e-1", bytes=MAX_CREDIT)
    attach = gate.ask(encode(wire.Attach(id="2", job="e-1", credit=1 << 40))).on
    assert attach is not None
    assert decode_request(attach).message == wire.Attach(id="2", job="e-1", credit=MAX_CREDIT)


def test_nobody_takes_the_name_or_the_key_of_another() -> None:
    """Users of a tenant, tenants, and the host's own clients are told apart, whatever they say."""
    said = {"on_behalf": "alice", "key": "k"}
    gates = (Gate("t", "u"), Gate("t", "v"), Gate("s", "u"))
    submits = [_submitted(gate, **said) for gate in gates]
    assert len({submit.on_behalf for submit in submits}) == 3
    assert len({submit.key for submit in submits}) == 3
    assert "alice" not in {submit.on_behalf for submit in submits}
    assert _submitted(Gate("t", "u"), **said) == submits[0]
    assert all(submit.on_behalf and len(submit.on_behalf) <= 128 for submit in submits)
    assert _submitted(gates[0], credit=1 << 40).credit == MAX_CREDIT


def test_a_durable_job_is_not_for_one_host() -> None:
    """It would outlive its client where nobody looks for it."""
    passed = Gate("t", "u").ask(encode(wire.Submit(id="1", durable=True), b"Hello."))
    assert _error(passed).field == "durable"


def test_a_host_that_leaves_takes_no_more_and_says_that_others_may() -> None:
    """Conversations that are open go on with what they have."""
    gate = Gate("t", "u")
    error = _error(gate.ask(encode(wire.Submit(id="1"), b"Hello."), accepts=False))
    assert (error.code, error.retryable) == ("draining", True)
    assert gate.ask(encode(wire.Ping()), accepts=False).on is not None


@pytest.mark.parametrize(
    "header", [b"", b"\xc1", b"{", b"\x81\xa2op\xa5OTHER", b"\x90" * 5000, b"x" * 20_000]
)
def test_what_cannot_be_read_is_answered_and_goes_no_further(header: bytes) -> None:
    """As the supervisor would."""
    assert _error(Gate("t", "u").ask([MAGIC, header])).code == "bad_message"


def test_who_speaks_json_is_answered_in_json() -> None:
    """Also where the gate writes."""
    gate = Gate("t", "u")
    passed = gate.ask(encode(wire.Submit(id="1"), b"Hello.", json=True))
    assert passed.on is not None
    assert bytes(passed.on[1][:1]) == b"{"
    refused = gate.ask(encode(wire.Status(id="1"), json=True))
    assert refused.answer is not None
    assert bytes(refused.answer[1][:1]) == b"{"
