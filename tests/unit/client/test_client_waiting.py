"""Pauses between attempts."""

from __future__ import annotations

import pytest

from supervisor.client.deadlines import Backoff
from supervisor.client.errors import BadRequest, Busy, NoSupervisor, Refused, SupervisorError


def busy(retry_after_ms: int | None = None) -> Busy:
    """A refusal that may pass."""
    return Busy("full", code="busy", retryable=True, retry_after_ms=retry_after_ms)


def test_a_hint_is_the_least_pause_and_jitter_spreads_it() -> None:
    """Clients refused together come back apart, and none before it was told to."""
    pauses = [Backoff(10).pause(busy(200)) for _ in range(50)]
    assert all(0.2 <= pause <= 0.3 for pause in pauses)
    assert len(set(pauses)) > 1


def test_without_a_hint_pauses_grow_to_a_bound() -> None:
    """A queue that stays full is asked less and less often, but never forgotten."""
    backoff = Backoff(1000)
    pauses = [backoff.pause(busy()) for _ in range(12)]
    assert pauses[0] <= 0.075
    assert pauses[5] > pauses[0] * 10
    assert max(pauses) <= 3.0


@pytest.mark.parametrize(
    "error",
    [
        BadRequest("no", code="unknown_voice"),
        Refused("no", code="engine_unavailable"),
        Refused("stopping", code="draining", retryable=True, retry_after_ms=1),
        NoSupervisor("gone"),
        busy(60_000),
    ],
    ids=lambda error: error.code,
)
def test_what_another_attempt_cannot_help_is_raised(error: SupervisorError) -> None:
    """Wrong requests, a drain, a lost supervisor, and a hint beyond the timeout end the call."""
    with pytest.raises(type(error)) as caught:
        Backoff(30).pause(error)
    assert caught.value is error


def test_a_hint_in_the_past_is_no_negative_pause() -> None:
    """A peer's odd number does not become an exception of time.sleep."""
    assert Backoff(10).pause(busy(-5)) == 0.0
