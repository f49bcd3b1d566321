"""What a home may say takes none of anybody else's time: HTTP is served by the same process."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from wyoming.client import AsyncTcpClient
from wyoming.ping import Ping, Pong
from wyoming.tts import SynthesizeChunk, SynthesizeStart, SynthesizeStop

from tests.e2e.gateway.serving import Serving
from tests.e2e.gateway.test_refused_bodies import slowest
from tests.e2e.gateway.test_wyoming_client import STOPPED, TONE, hear, next_event, talk
from tests.supervised import Supervised

MEANWHILE_S = 2.5
"""What /healthz may take; a quarter of a megabyte of apostrophes once took seventeen seconds."""

KILOBYTES = 256 * 1024


@pytest.fixture(scope="module")
def home(running_supervisor: Supervised) -> Iterator[tuple[Serving, int]]:
    """A gateway, and its port for homes."""
    with Serving(running_supervisor.environ, {"wyoming": "127.0.0.1:0"}) as serving:
        yield serving, serving.wyoming_port()
        assert serving.stop() == 0, serving.output
        assert "Traceback" not in serving.output, serving.output


def meanwhile(
    home: tuple[Serving, int], said: bytes, say: Callable[[int, bytes], Coroutine[Any, Any, None]]
) -> float:
    """/healthz at its slowest while `say` says this at that port, and until it returns."""
    serving, port = home
    done = threading.Event()

    def run() -> None:
        try:
            asyncio.run(say(port, said))
        finally:
            done.set()

    with ThreadPoolExecutor(1) as thread:
        talking = thread.submit(run)
        worst = slowest(serving, done)
        talking.result()
    return worst


async def and_ask(port: int, said: bytes) -> None:
    """Say it, and wait for the answer to what comes after it; a silence may come before."""
    async with asyncio.timeout(90):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 26)
        writer.write(said + b'{"type": "ping", "data": {"text": "the end"}}\n')
        await reader.readuntil(b"the end")
        writer.close()


def event(kind: str, data: object) -> bytes:
    """An event as the library writes it: what it says comes after its first line."""
    body = json.dumps(data, ensure_ascii=False).encode()
    return json.dumps({"type": kind, "data_length": len(body)}).encode() + b"\n" + body


@pytest.mark.parametrize("pattern", ["'", '"', "\u2019", "`", "\n- ", "\u2026 ", "*, "])
def test_no_text_holds_others_up(home: tuple[Serving, int], pattern: str) -> None:
    """Sentences are looked for in little of it at a time; between that, others are served."""
    text = (pattern * KILOBYTES)[:KILOBYTES]
    said = event("synthesize-start", {}) + event("synthesize-chunk", {"text": text})
    assert meanwhile(home, said, and_ask) < MEANWHILE_S


@pytest.mark.parametrize("pattern", ["A. ", "\u6f22\u5b57\u3002", "`c` ", "1. a\n", "Mr. a "])
def test_what_can_be_spoken_is_spoken(home: tuple[Serving, int], pattern: str) -> None:
    """The same for texts of which something can be: all of it comes, then the end."""
    text = (pattern * 3000)[:3000]

    async def what(client: AsyncTcpClient) -> None:
        await client.write_event(SynthesizeStart(voice=TONE).event())
        await client.write_event(SynthesizeChunk(text=text).event())
        await client.write_event(SynthesizeStop().event())
        samples, _events = await hear(client, STOPPED)
        assert len(samples) > 0

    talk(home[1], what)


@pytest.mark.parametrize(
    "said",
    [
        b'{"type": "x"}\n' * 20_000,
        b'{"type": "synthesize-chunk", "data": {"text": "."}}\n' * 10_000,
        event("x", list(range(140_000))),
        event("x", {"text": ["'" * 10] * 60_000}),
        event("x", [[] for _ in range(200_000)]),
        event("ping", {"text": "'" * 1_000_000}),
        b'{"type": "x", "payload_length": 1000000}\n' + bytes(1_000_000),
    ],
    ids=["events", "chunks", "numbers", "strings", "lists", "text", "payload"],
)
def test_no_event_holds_others_up(home: tuple[Serving, int], said: bytes) -> None:
    """Thousands of small ones, and a megabyte of each kind; those that cannot be are the end."""
    assert meanwhile(home, said, and_leave) < MEANWHILE_S


async def and_leave(port: int, said: bytes) -> None:
    """Say it, and wait until it was heard, or the connection ended for it."""
    async with asyncio.timeout(90):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(said)
        writer.write_eof()
        while await reader.read(65_536):
            pass
        writer.close()


def test_an_event_may_say_things_twice(home: tuple[Serving, int]) -> None:
    """Part of it in its first line and part after it; a payload is passed over."""

    async def run() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", home[1])
        more = b'{"text": "after"}'
        writer.write(
            b'{"type": "ping", "data": {"text": "before"}, "data_length": %d, '
            b'"payload_length": 3}\n%sabc{"type": "ping"}\n' % (len(more), more)
        )
        await reader.readuntil(b'"after"')
        await reader.readuntil(b"null")
        writer.close()

    asyncio.run(run())

    async def what(client: AsyncTcpClient) -> None:
        await client.write_event(Ping(text="\u6f22").event())
        assert Pong.from_event(await next_event(client)).text == "\u6f22"

    talk(home[1], what)
