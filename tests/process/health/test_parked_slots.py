"""A slot whose workers keep dying is parked: visible, and no burden to the rest."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import Any

from supervisor.gateway.observe.diagnostics import why_unready
from supervisor.wire import client as protocol
from supervisor.wire.status import read
from tests.fixtures.staged import Staged
from tests.supervised import eventually

SETTINGS: dict[str, Any] = {"pool.restart_intensity": 2}


def kill_until_fatal(staged: Staged, slot: int) -> dict[str, Any]:
    """Kill whatever worker this slot has, until it has none; its status."""

    def parked() -> dict[str, Any] | None:
        worker: dict[str, Any] = staged.status()["workers"][slot]
        assert worker["slot"] == slot
        if worker["state"] == "fatal":
            return worker
        if worker["pid"]:
            with suppress(ProcessLookupError):  # The last shot hit it, and status was quicker.
                os.kill(worker["pid"], signal.SIGKILL)
        return None

    found = eventually(parked, f"slot {slot} is parked")
    assert found is not None
    return found


def test_a_slot_that_keeps_dying_is_fatal_and_the_pool_goes_on() -> None:
    """Status says which, why and until when; the other slot serves, so the service is ready."""
    with Staged(settings=SETTINGS) as staged, staged.wire() as peer:
        worker = kill_until_fatal(staged, 0)
        assert "SIGKILL" in worker["last_exit"]
        assert 50 < worker["retry_in_s"] <= 60
        assert worker["pid"] is None
        status = read(staged.status())
        assert status.pool.fatal_slots == [0]
        assert why_unready(status) is None
        peer.send(protocol.Submit("a"), b"Still here.")
        assert isinstance(peer.receive()[0], protocol.Accepted)
        assert isinstance(peer.outcome()[0], protocol.End)


def test_without_any_slot_the_service_is_not_ready_and_says_why() -> None:
    """The reason names the slots, so that a probe's log is enough to begin with."""
    with Staged(settings=SETTINGS, workers=1) as staged:
        kill_until_fatal(staged, 0)
        reason = why_unready(read(staged.status()))
        assert reason is not None
        assert "slots [0] keep failing" in reason
