"""Who asks for the status waits a moment only, also after a time in which nobody asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from supervisor.client import AsyncClient, WaitTimeout
from supervisor.client.errors import ProtocolError
from supervisor.gateway.observe import snapshot
from supervisor.gateway.observe.snapshot import FIRST_S, RECORDED_S, STALE_S, StatusCache
from supervisor.gateway.page.recorder import EVERY_S
from tests.fixtures.statuses import EXAMPLE


def report(number: int) -> dict[str, Any]:
    """A status document that can be told from another."""
    return {**EXAMPLE, "pool": {"restarts": number, "fatal_slots": []}}


class Slow(AsyncClient):
    """A connection to a supervisor that answers when the test says so."""

    def __init__(self) -> None:
        self.asked = 0
        self.answers: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()

    async def status(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 (as the client has it)
        *,
        events: bool = False,
    ) -> dict[str, Any]:
        del timeout, events
        self.asked += 1
        answer = await self.answers.get()
        if answer is None:
            raise WaitTimeout("too slow")
        return answer


class Clock:
    """Stands for the module `time`."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time by which reports grow old."""
    clock = Clock()
    monkeypatch.setattr(snapshot, "time", clock)
    return clock


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> list[float | None]:
    """How long each question was waited for, in order."""
    waited: list[float | None] = []
    wait = asyncio.wait

    async def noted(
        tasks: list[asyncio.Task[None]],
        timeout: float | None = None,  # noqa: ASYNC109 (as asyncio.wait has it)
    ) -> Any:
        waited.append(timeout)
        return await wait(tasks, timeout=timeout)

    monkeypatch.setattr(asyncio, "wait", noted)
    return waited


def run(story: Callable[[Slow, StatusCache], Coroutine[Any, Any, None]]) -> None:
    """Tell a story with a cache around a slow supervisor."""

    async def main() -> None:
        client = Slow()
        cache = StatusCache(client)
        await story(client, cache)
        await cache.close()

    asyncio.run(main())


def test_a_cold_question_is_answered_at_once_with_the_last_report(
    clock: Clock, patience: list[float | None]
) -> None:
    """As old as the recorder lets it get: 40 ms at most are waited for a newer one, which the
    next one who asks gets.
    """

    async def story(client: Slow, cache: StatusCache) -> None:
        client.answers.put_nowait(report(1))
        await cache.get()
        clock.now += EVERY_S + STALE_S - 0.1
        patience.clear()
        old = await cache.get(RECORDED_S)
        assert (old.status.pool.restarts, round(old.age_s, 1)) == (1, EVERY_S + STALE_S - 0.1)
        assert patience == [snapshot.PATIENCE_S]
        assert snapshot.PATIENCE_S <= 0.04
        client.answers.put_nowait(report(2))
        new = await cache.get(RECORDED_S)
        assert (new.status.pool.restarts, new.age_s) == (2, 0.0)

    run(story)


def test_whoever_wants_to_know_about_now_waits_longer(
    clock: Clock, patience: list[float | None]
) -> None:
    """Readiness is not told from a report of ten seconds ago."""

    async def story(client: Slow, cache: StatusCache) -> None:
        client.answers.put_nowait(report(1))
        await cache.get()
        clock.now += 10.0
        patience.clear()
        client.answers.put_nowait(report(2))
        assert (await cache.get()).document == report(2)
        assert patience == [FIRST_S]

    run(story)


def test_a_supervisor_that_left_a_question_open_is_not_spoken_for(clock: Clock) -> None:
    """It may be stuck: what it said before is no answer any more."""

    async def story(client: Slow, cache: StatusCache) -> None:
        client.answers.put_nowait(report(1))
        await cache.get()
        clock.now += STALE_S + 1.0
        client.answers.put_nowait(None)
        with pytest.raises(WaitTimeout):
            await cache.get(RECORDED_S)

    run(story)


def test_a_status_of_another_shape_is_said_in_one_line(clock: Clock) -> None:
    """Which value is not understood, and what may be the reason; the next good one is taken."""

    async def story(client: Slow, cache: StatusCache) -> None:
        client.answers.put_nowait({**EXAMPLE, "workers": "many"})
        with pytest.raises(ProtocolError) as caught:
            await cache.get()
        assert "$.workers" in str(caught.value)
        assert "is it of another version?" in str(caught.value)
        client.answers.put_nowait(report(1))
        assert (await cache.get()).status.pool.restarts == 1

    run(story)


def test_what_a_later_supervisor_adds_is_handed_on(clock: Clock) -> None:
    """It is read without it, and passed on with it."""

    async def story(client: Slow, cache: StatusCache) -> None:
        later = {**report(1), "weather": {"sun": True}}
        client.answers.put_nowait(later)
        found = await cache.get()
        assert (found.status.pool.restarts, found.document) == (1, later)

    run(story)
