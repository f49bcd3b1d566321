"""What fails where nobody waits: it is logged once, as ours, and nothing is left unsaid."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from aiohttp import web

from supervisor.client import AsyncClient, NoSupervisor, SupervisorError
from supervisor.gateway.loop_faults import log_fault
from supervisor.gateway.observe import snapshot
from supervisor.gateway.observe.snapshot import StatusCache
from supervisor.gateway.page import recorder as recording
from supervisor.gateway.page.recorder import Recorder
from supervisor.logs import get_logger


@pytest.fixture
def said() -> Iterator[list[logging.LogRecord]]:
    """What is logged."""
    records: list[logging.LogRecord] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    handler = Keep()
    get_logger().addHandler(handler)
    yield records
    get_logger().removeHandler(handler)


def run(story: Callable[[], Awaitable[None]]) -> None:
    """Tell a story on a loop whose handler is the gateway's."""

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(log_fault)
        await story()
        gc.collect()
        await asyncio.sleep(0)

    asyncio.run(main())


async def fail(error: BaseException) -> None:
    """A task that fails."""
    raise error


def test_a_task_that_nobody_waits_for(said: list[logging.LogRecord]) -> None:
    """One line, with the traceback of what happened."""

    async def story() -> None:
        task = asyncio.create_task(fail(ValueError("what nobody expected")))
        await asyncio.wait([task])
        del task

    run(story)
    (record,) = said
    assert record.levelno == logging.ERROR
    assert record.getMessage() == "gateway: Task exception was never retrieved"
    assert record.exc_info is not None
    assert str(record.exc_info[1]) == "what nobody expected"


@pytest.mark.parametrize(
    ("error", "levels", "traceback"),
    [
        (ConnectionResetError("gone"), [], False),
        (OSError(24, "Too many open files"), [logging.ERROR], False),
        (KeyError("x"), [logging.ERROR], True),
        (None, [logging.ERROR], False),
    ],
)
def test_what_the_loop_reports(
    said: list[logging.LogRecord], error: Exception | None, levels: list[int], *, traceback: bool
) -> None:
    """A stranger who leaves is no error; what the machine refuses is one line; a defect of ours
    comes with its traceback.
    """

    async def story() -> None:
        context = {"message": "something failed", "exception": error}
        asyncio.get_running_loop().call_exception_handler(context)

    run(story)
    loud = [record for record in said if record.levelno > logging.DEBUG]
    assert [record.levelno for record in loud] == levels
    assert [bool(record.exc_info) for record in loud] == [traceback] * len(levels)


def test_what_a_failing_call_was_given_is_not_in_the_log(said: list[logging.LogRecord]) -> None:
    """It may be a text."""

    async def story() -> None:
        asyncio.get_running_loop().call_soon(int, "Dear diary")
        await asyncio.sleep(0)

    run(story)
    (record,) = said
    assert record.getMessage() == "gateway: Exception in callback int"


class Lost(AsyncClient):
    """A connection to a supervisor that goes away while it is asked."""

    def __init__(self, error: Exception) -> None:
        self.gone = asyncio.Event()
        self.error = error

    async def status(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 (as the client has it)
        *,
        events: bool = False,
    ) -> dict[str, Any]:
        del timeout, events
        await self.gone.wait()
        raise self.error


def test_an_answer_that_comes_when_nobody_waits_any_longer(
    said: list[logging.LogRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asked for the status has left when the supervisor is lost: nobody has to be told."""
    monkeypatch.setattr(snapshot, "FIRST_S", 0.0)

    async def story() -> None:
        client = Lost(NoSupervisor("it is gone"))
        cache = StatusCache(client)
        with suppress(SupervisorError):
            await cache.get()
        client.gone.set()
        await asyncio.sleep(0.01)
        await cache.close()

    run(story)
    assert said == []


def test_who_waits_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody who asked gets the reason."""
    monkeypatch.setattr(snapshot, "FIRST_S", 60.0)

    async def story() -> None:
        client = Lost(NoSupervisor("it is gone"))
        cache = StatusCache(client)
        client.gone.set()
        found = await asyncio.gather(cache.get(), cache.get(), return_exceptions=True)
        assert [str(each) for each in found] == ["it is gone"] * 2
        await cache.close()

    run(story)


def test_a_status_of_another_shape_is_said_once(
    said: list[logging.LogRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of a supervisor of another version: the recorder goes on, and ends with the gateway."""
    monkeypatch.setattr(recording, "EVERY_S", 0.0)
    asked = asyncio.Queue[None]()

    class Odd(Lost):
        async def status(
            self,
            timeout: float | None = None,  # noqa: ASYNC109 (as the client has it)
            *,
            events: bool = False,
        ) -> dict[str, Any]:
            del timeout
            asked.put_nowait(None)
            return {"allocation": {"allocation_stats": {"decisions": [{}]}}}

    async def story() -> None:
        recorder = Recorder(StatusCache(Odd(NoSupervisor(""))))
        running = recorder.running(web.Application())
        await anext(running)
        for _ in range(5):
            await asked.get()
        with suppress(StopAsyncIteration):
            await anext(running)

    run(story)
    (record,) = said
    assert record.getMessage().startswith("gateway: the status cannot be recorded: ")
    assert "is it of another version?" in record.getMessage()
    assert record.exc_info is None
