"""`Client` and `AsyncClient` against a peer that misbehaves on cue. Both are driven alike."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import struct
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import numpy as np
import pytest

from supervisor.client import (
    AsyncClient,
    Busy,
    Client,
    NoSupervisor,
    Refused,
    SupervisorGone,
    WaitTimeout,
)
from supervisor.client.protocol import Conversation
from supervisor.wire import client as wire
from supervisor.wire.codec import Body
from tests.supervised import eventually
from tests.unit.client.scripted_peer import Answer, Script, ScriptedPeer, scripted_peer

SAMPLE = struct.pack("<f", 0.5)

Call = Callable[[Any], Any]


def drive_plain(endpoint: str, call: Call) -> object:
    """Run `call` on a Client."""
    with Client(endpoint, resume=0.0) as client:
        return call(client)


def drive_async(endpoint: str, call: Call) -> object:
    """Run `call` on an AsyncClient and await what it returns."""

    async def main() -> object:
        async with AsyncClient(endpoint, resume=0.0) as client:
            answer: Awaitable[object] = call(client)
            return await answer

    return asyncio.run(main())


both = pytest.mark.parametrize("drive", [drive_plain, drive_async], ids=["plain", "asyncio"])


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[Callable[[Script], ScriptedPeer]]:
    """Start a scripted peer; it is closed with the test."""
    with ExitStack() as stack:
        yield lambda script: stack.enter_context(scripted_peer(tmp_path, script))


def accept(message: wire.Message, _body: Body) -> list[Answer]:
    """Accept every job, and say no more."""
    if isinstance(message, wire.Submit):
        return [(wire.Accepted(message.id, "e1-1", 1, 24_000, 7), None)]
    return []


def speak(message: wire.Message, body: Body) -> list[Answer]:
    """Accept every job and end it with one sample."""
    end = (wire.End("e1-1", 4, 1), SAMPLE)
    return [*accept(message, body), end] if isinstance(message, wire.Submit) else []


def refuse(message: wire.Submit, code: str, text: str, retry_after_ms: int) -> list[Answer]:
    """A refusal that may pass."""
    error = wire.Error(code, text, id=message.id, retryable=True, retry_after_ms=retry_after_ms)
    return [(error, None)]


def silence(_message: wire.Message, _body: Body) -> list[Answer]:
    """Answer HELLO and nothing else."""
    return []


def test_a_plain_client_works_where_an_event_loop_runs(
    peer: Callable[[Script], ScriptedPeer],
) -> None:
    """As in a notebook: a call blocks the loop, and is carried out without it."""
    talked_to = peer(speak)

    async def cell() -> object:
        return drive_plain(talked_to.endpoint, lambda client: client.synthesize("Hello.").seed)

    assert asyncio.run(cell()) == 7


TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@both
def test_a_trace_context_goes_along_with_a_job(
    drive: Callable[[str, Call], Any], peer: Callable[[Script], ScriptedPeer]
) -> None:
    """What OpenTelemetry's propagator injects is passed on as it is, by every way to ask."""
    talked_to = peer(speak)
    carrier = {"traceparent": TRACEPARENT, "tracestate": "congo=t61rcWkgMzE"}
    drive(talked_to.endpoint, lambda c: c.synthesize("Hello.", **carrier))
    drive(talked_to.endpoint, lambda c: c.submit("Hello.", traceparent=TRACEPARENT))
    drive(talked_to.endpoint, lambda c: c.submit("Hello."))
    submits = [m for m in talked_to.wait_for(wire.Submit, 3) if isinstance(m, wire.Submit)]
    sent = [(submit.traceparent, submit.tracestate) for submit in submits]
    assert sent == [(TRACEPARENT, carrier["tracestate"]), (TRACEPARENT, None), (None, None)]


@both
def test_whom_a_job_is_charged_to_goes_along_with_it(
    drive: Callable[[str, Call], Any], peer: Callable[[Script], ScriptedPeer]
) -> None:
    """By every way to ask; nobody is named where the caller names nobody."""
    talked_to = peer(speak)
    drive(talked_to.endpoint, lambda c: c.synthesize("Hello.", on_behalf="addr:192.0.2.7"))
    drive(talked_to.endpoint, lambda c: c.submit("Hello.", on_behalf="key:0123"))
    drive(talked_to.endpoint, lambda c: c.submit("Hello."))
    submits = [m for m in talked_to.wait_for(wire.Submit, 3) if isinstance(m, wire.Submit)]
    assert [submit.on_behalf for submit in submits] == ["addr:192.0.2.7", "key:0123", None]


@both
def test_busy_is_tried_again_until_it_is_accepted(
    drive: Callable[[str, Call], Any], peer: Callable[[Script], ScriptedPeer]
) -> None:
    """A caller does not see that the queue was full for a moment; the hint is honoured."""
    asked: list[float] = []

    def script(message: wire.Message, body: Body) -> list[Answer]:
        if isinstance(message, wire.Submit):
            asked.append(time.monotonic())
            if len(asked) < 3:
                return refuse(message, "busy", "full", 40)
        return speak(message, body)

    audio = drive(peer(script).endpoint, lambda c: c.synthesize("Hello.", timeout=10))
    assert audio.samples.tolist() == [0.5]
    assert all(later - earlier >= 0.04 for earlier, later in itertools.pairwise(asked))


@both
def test_busy_for_longer_than_the_timeout_is_raised(
    drive: Callable[[str, Call], Any], peer: Callable[[Script], ScriptedPeer]
) -> None:
    """When the hint lies beyond the timeout there is no use in waiting."""

    def script(message: wire.Message, _body: Body) -> list[Answer]:
        if isinstance(message, wire.Submit):
            return refuse(message, "busy", "full", 60_000)
        return []

    started = time.monotonic()
    with pytest.raises(Busy, match="full") as caught:
        drive(peer(script).endpoint, lambda c: c.synthesize("Hello.", timeout=20))
    assert caught.value.retry_after_ms == 60_000
    assert time.monotonic() - started < 10


@both
def test_draining_is_raised_at_once(
    drive: Callable[[str, Call], Any], peer: Callable[[Script], ScriptedPeer]
) -> None:
    """A supervisor that drains never takes the job, so it is asked once."""

    def script(message: wire.Message, _body: Body) -> list[Answer]:
        if isinstance(message, wire.Submit):
            return refuse(message, "draining", "stopping", 1)
        return []

    scripted = peer(script)
    with pytest.raises(Refused, match="stopping"):
        drive(scripted.endpoint, lambda c: c.synthesize("Hello."))
    scripted.wait_for(wire.Bye)
    assert len(scripted.wait_for(wire.Submit)) == 1


@both
def test_a_timeout_cancels_the_job_nobody_can_name(
    drive: Callable[[str, Call], Any], peer: Callable[[Script], ScriptedPeer]
) -> None:
    """`synthesize` keeps its timeout and leaves no work behind."""
    scripted = peer(accept)
    with pytest.raises(WaitTimeout) as caught:
        drive(scripted.endpoint, lambda c: c.synthesize("Hello.", timeout=0.1))
    assert isinstance(caught.value, TimeoutError)
    assert scripted.wait_for(wire.Cancel) == [wire.Cancel("e1-1")]


@both
def test_a_timeout_before_acceptance_is_kept(
    drive: Callable[[str, Call], Any], peer: Callable[[Script], ScriptedPeer]
) -> None:
    """A supervisor that says nothing does not hold a caller beyond its timeout."""
    with pytest.raises(WaitTimeout):
        drive(peer(silence).endpoint, lambda c: c.submit("Hello.", timeout=0.1))


@both
def test_a_supervisor_that_dies_ends_the_wait_at_once(
    drive: Callable[[str, Call], Any], peer: Callable[[Script], ScriptedPeer]
) -> None:
    """A killed supervisor is SupervisorGone in well under the 20 s that PING would take."""
    scripted = peer(accept)

    def die() -> None:
        scripted.wait_for(wire.Submit)
        scripted.close()

    killer = threading.Thread(target=die)
    killer.start()
    started = time.monotonic()
    with pytest.raises(SupervisorGone):
        drive(scripted.endpoint, lambda c: c.synthesize("Hello."))
    killer.join()
    assert time.monotonic() - started < 10


@both
def test_nobody_there_is_said_quickly(drive: Callable[[str, Call], Any], tmp_path: Path) -> None:
    """An endpoint without a listener is NoSupervisor with the way to start one, not a hang."""
    started = time.monotonic()
    with pytest.raises(NoSupervisor, match="supervisor start"):
        drive(f"ipc://{tmp_path}/nobody.sock", lambda c: c.status())
    assert time.monotonic() - started < 5


@both
def test_a_client_outlives_its_supervisor(
    drive: Callable[[str, Call], Any], tmp_path: Path
) -> None:
    """After SupervisorGone the same client finds the next supervisor on the same endpoint."""
    first, second = [ScriptedPeer(f"ipc://{tmp_path}/client.sock", speak)], list[ScriptedPeer]()

    def restart() -> None:
        first[0].close()
        second.append(ScriptedPeer(f"ipc://{tmp_path}/client.sock", speak))

    def plain(client: Client) -> list[float]:
        client.synthesize("Hello.")
        restart()
        return _until_back(lambda: client.synthesize("Hello."))

    async def asynchronous(client: AsyncClient) -> list[float]:
        await client.synthesize("Hello.")
        restart()
        try:
            audio = await client.synthesize("Hello.")
        except SupervisorGone:
            audio = await client.synthesize("Hello.")
        return [float(sample) for sample in audio.samples]

    try:
        samples = drive(
            first[0].endpoint, lambda c: plain(c) if isinstance(c, Client) else asynchronous(c)
        )
        assert samples == [0.5]
    finally:
        for scripted in first + second:
            scripted.close()


def _until_back(call: Callable[[], Any]) -> list[float]:
    """The result of the first call, or of the second where the first finds the loss."""
    try:
        audio = call()
    except SupervisorGone:
        audio = call()
    return [float(sample) for sample in audio.samples]


def test_ctrl_c_while_waiting_cancels_the_job(peer: Callable[[Script], ScriptedPeer]) -> None:
    """KeyboardInterrupt leaves at once, and the supervisor is told."""
    scripted = peer(accept)
    main = threading.main_thread().ident
    assert main is not None

    def waits() -> bool:
        frame: FrameType | None = sys._current_frames()[main]
        polls = frame.f_code.co_filename.endswith("zmq/sugar/poll.py") if frame else False
        while frame is not None and frame.f_code.co_qualname != "Job.result":
            frame = frame.f_back
        return polls and frame is not None

    def interrupt() -> None:
        eventually(waits, "the client waits for the audio")
        os.kill(os.getpid(), signal.SIGINT)

    with Client(scripted.endpoint) as client:
        thread = threading.Thread(target=interrupt)
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            client.synthesize("Hello.")
        thread.join()
    assert scripted.wait_for(wire.Cancel) == [wire.Cancel("e1-1")]
    assert scripted.wait_for(wire.Bye) == [wire.Bye()]


def test_ctrl_c_within_a_message_costs_the_connection_only(
    peer: Callable[[Script], ScriptedPeer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message that may have been cut in two is never continued: the client begins anew."""
    scripted = peer(speak)

    def interrupted(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    with Client(scripted.endpoint) as client:
        with monkeypatch.context() as patch:
            patch.setattr(Conversation, "receive", interrupted)
            with pytest.raises(KeyboardInterrupt):
                client.synthesize("Hello.")
        assert client.synthesize("Hello.").samples.tolist() == [0.5]
    assert len(scripted.wait_for(wire.Hello, 2)) == 2


def test_a_cancelled_task_cancels_its_job(peer: Callable[[Script], ScriptedPeer]) -> None:
    """What asyncio stops waiting for, the supervisor stops speaking."""
    scripted = peer(accept)

    async def main() -> None:
        async with AsyncClient(scripted.endpoint) as client:
            task = asyncio.create_task(client.synthesize("Hello."))
            await asyncio.to_thread(scripted.wait_for, wire.Submit)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await asyncio.to_thread(scripted.wait_for, wire.Cancel)

    asyncio.run(main())


def test_a_job_of_a_closed_client_does_not_hang(peer: Callable[[Script], ScriptedPeer]) -> None:
    """A handle that outlives its client says so instead of waiting for ever."""
    client = Client(peer(accept).endpoint)
    job = client.submit("Hello.")
    client.close()
    client.close()
    with pytest.raises(Exception, match="the client was closed"):
        job.result()


def test_a_result_that_timed_out_can_be_asked_for_again(
    peer: Callable[[Script], ScriptedPeer],
) -> None:
    """`result(timeout)` loses nothing of what had come before it gave up."""

    def script(message: wire.Message, body: Body) -> list[Answer]:
        if isinstance(message, wire.Submit):
            return [*accept(message, body), (wire.Chunk("e1-1", 0, 0), SAMPLE)]
        if isinstance(message, wire.Status):
            return [(wire.End("e1-1", 8, 1), SAMPLE), (wire.Report(message.id, {}), None)]
        return []

    with Client(peer(script).endpoint) as client:
        job = client.submit("Hello.")
        with pytest.raises(WaitTimeout):
            job.result(timeout=0.05)
        client.status()
        assert job.done
        assert job.result().samples.tolist() == [0.5, 0.5]
        with pytest.raises(RuntimeError, match="result"):
            next(iter(job))


def test_result_samples_are_writable(peer: Callable[[Script], ScriptedPeer]) -> None:
    """Callers scale and mix samples in place."""
    with Client(peer(speak).endpoint) as client:
        samples = client.synthesize("Hello.").samples
        samples *= 2
        assert samples.tolist() == [1.0]
        with client.stream("Hello.") as stream:
            for chunk in stream:
                np.multiply(chunk, 2, out=chunk)
                assert chunk.tolist() == [1.0]
