"""Which requests are offered to the fleet, and what becomes of one that nobody takes."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from supervisor.client.async_link import AsyncLink
from supervisor.client.calls import AcceptedJob
from supervisor.client.deadlines import Deadline
from supervisor.client.errors import BadRequest, Busy, SupervisorError
from supervisor.client.live.calls import FleetCalls
from supervisor.client.live.port import AsyncPort
from supervisor.client.live.spill import SpillCalls
from supervisor.client.request import Request
from supervisor.nats.connection import Servers
from supervisor.wire.client import Accepted

BUSY = Busy("full", code="busy", retryable=True, retry_after_ms=1)


class _Calls(SpillCalls):
    """Home answers what a test says, and the fleet takes what it says."""

    def __init__(self, spill_s: float, home: list[float | SupervisorError], *, taken: bool) -> None:
        port = AsyncPort(Servers(("nats://127.0.0.1:9",), "test"))
        super().__init__(AsyncLink, FleetCalls(port), port, spill_s, patience=0.2)
        self._at_home, self._taken = home, taken
        self.offered = 0

    async def _begun(self, request: Request, began: float, deadline: Deadline) -> AcceptedJob:
        answer = self._at_home.pop(0) if len(self._at_home) > 1 else self._at_home[0]
        if isinstance(answer, SupervisorError):
            raise answer
        return _job("home", answer)

    async def _elsewhere(self, *_: Any) -> AcceptedJob | None:
        self.offered += 1
        return _job("elsewhere", 0.0) if self._taken else None


def _job(name: str, starts_s: float) -> AcceptedJob:
    accepted = Accepted(id="1", job=name, segments=1, sample_rate=1, seed=1, starts_s=starts_s)
    nobody: Any = None
    return AcceptedJob(nobody, nobody, accepted)


def _submit(calls: _Calls, **terms: Any) -> str:
    async def submit() -> str:
        job = await calls.submit(Request("Hello.", **terms), Deadline(None))
        return job.accepted.job

    return asyncio.run(submit())


@pytest.mark.parametrize(("spill_s", "spoken"), [(0.2, "elsewhere"), (0.5, "home")])
def test_spill_s_says_what_is_offered(spill_s: float, spoken: str) -> None:
    """The setting `fleet.spill_s`: what begins within it stays at home, and nobody is asked."""
    calls = _Calls(spill_s, [0.3], taken=True)
    assert _submit(calls) == spoken
    assert calls.offered == (spoken == "elsewhere")


def test_what_nobody_takes_waits_at_home() -> None:
    """It has its place there."""
    assert _submit(_Calls(0.0, [9.0], taken=False)) == "home"


def test_what_home_has_no_room_for_is_offered_again_and_again() -> None:
    """As long as the caller's patience lasts; then it is refused as ever."""
    assert _submit(_Calls(0.3, [BUSY, BUSY, 0.0], taken=False)) == "home"
    assert _submit(_Calls(0.3, [BUSY], taken=True)) == "elsewhere"
    calls = _Calls(0.3, [BUSY], taken=False)
    with pytest.raises(Busy):
        _submit(calls)
    assert calls.offered > 1


def test_what_is_wrong_is_wrong_everywhere() -> None:
    """It is refused at home, and no host is asked."""
    calls = _Calls(0.3, [BadRequest("no such voice", code="unknown_voice")], taken=True)
    with pytest.raises(BadRequest):
        _submit(calls)
    assert calls.offered == 0


@pytest.mark.parametrize("terms", [{"durable": True}, {"request_class": "batch"}])
def test_what_nobody_waits_for_stays(terms: dict[str, Any]) -> None:
    """Durable jobs and books have a queue for that."""
    calls = _Calls(0.3, [9.0], taken=True)
    assert _submit(calls, **terms) == "home"
    assert calls.offered == 0


def test_credentials_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    """The host speaks alone then, and says why; another try is made when there is reason to."""

    async def work() -> tuple[str, str]:
        servers = Servers(("nats://127.0.0.1:9",), "test", credentials=str(tmp_path / "host.nk"))
        port = AsyncPort(servers)
        calls = SpillCalls(AsyncLink, FleetCalls(port), port, 0.3)
        before = calls.degraded
        port.join()
        for _ in range(500):
            await asyncio.sleep(0.01)
            if "host.nk" in calls.degraded:
                break
        after = calls.degraded
        port.join()
        await calls.close()
        return before, after

    before, after = asyncio.run(work())
    assert before == "no NATS server answers at nats://127.0.0.1:9"
    assert after.startswith(str(tmp_path))
