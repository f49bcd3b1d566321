"""Latency of one client while another hands in the worst text of its kind, 2 MB of it.

For each pattern and each door (ZeroMQ, HTTP, Wyoming) one client hands in 2 MB, plain and, over
ZeroMQ, durable too, which has the whole text cut at once; meanwhile another client asks for the
status and for a short job of the test engine, again and again.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from wyoming.audio import AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.event import Event
from wyoming.tts import (
    Synthesize,
    SynthesizeChunk,
    SynthesizeStart,
    SynthesizeStop,
    SynthesizeVoice,
)

from benchmarks.harness import Result, Sample, at_most, measure, percentile, say
from benchmarks.service import service
from supervisor.client import Client
from supervisor.core.jobs.segmentation import Uncut, uncut
from supervisor.wire import client as wire
from tests.fixtures.patterns import PATTERNS, worst
from tests.supervised import Wire, free_port

SIZE = 2 << 20
HOST = "127.0.0.1"
SHORT = "A short answer."
ATTACK_S = 1.2
"""How long each text is left with the supervisor before its client leaves."""

TYPICAL_MS, WORST_MS = 100.0, 250.0
CUT_S_PER_MB = 1.5
VOICE = SynthesizeVoice(name="tone")
EVENT_CHARS = 100_000
"""Characters of a piece of streamed text: an event's part may have a megabyte."""

Ask = Callable[[], None]


def run() -> Result:
    """Every pattern through every door; then the cutting alone."""
    http_port, wyoming_port = free_port(), free_port()
    settings = {
        "performance.dynamic_cpu_allocation.max_cores": 1,
        "engines.default": "noop",
        "engines.preload": ["noop"],
        "http.enabled": True,
        "http.port": http_port,
        "http.wyoming": f"{HOST}:{wyoming_port}",
    }
    arms: dict[str, list[Sample]] = {}
    with service(settings) as running:
        endpoint = running.endpoint
        doors = {
            "ZeroMQ": (lambda text: _over_zmq(endpoint, text), _asking_zmq),
            "HTTP": (lambda text: _over_http(http_port, text), lambda: _asking_http(http_port)),
            "Wyoming": (
                lambda text: _over_wyoming(wyoming_port, text),
                lambda: _asking_wyoming(wyoming_port),
            ),
        }
        for name, (attack, asking) in doors.items():
            arms[name] = []
            with asking() as ask:
                ask()  # What the first answer takes is not what is asked here.
                for pattern in PATTERNS:
                    arms[name] += _meanwhile(attack, worst(pattern, SIZE), ask)
                    slowest = max(measure(arms[name], "answer_ms"))
                    say(f"{name} {pattern[:12]!r}: {slowest:.0f} ms at worst so far")
    arms["cutting"] = [_cut(pattern) for pattern in PATTERNS]
    claims = []
    for name in doors:
        waits = measure(arms[name], "answer_ms")
        what = f"{len(waits)} answers beside {len(PATTERNS)} patterns of 2 MB"
        claims += [
            at_most(f"{name}: another client's answer, p99", percentile(waits, 99), TYPICAL_MS,
                    "ms", what),
            at_most(f"{name}: another client's answer, worst", max(waits), WORST_MS, "ms", what),
        ]  # fmt: skip
    claims.append(
        at_most(
            "CPU time to cut a text, the worst pattern",
            max(measure(arms["cutting"], "cpu_s_per_mb")),
            CUT_S_PER_MB,
            "s/MB",
            f"{len(PATTERNS)} patterns of 2 MB",
        )
    )
    return Result(title="No text freezes anybody", arms=arms, claims=claims)


def _meanwhile(attack: Callable[[str], None], text: str, ask: Ask) -> list[Sample]:
    """Ask until the attack is over."""
    attacker = threading.Thread(target=attack, args=(text,))
    attacker.start()
    samples: list[Sample] = []
    while attacker.is_alive():
        started = time.perf_counter()
        ask()
        samples.append({"answer_ms": (time.perf_counter() - started) * 1e3})
        time.sleep(0.01)
    attacker.join()
    return samples


def _cut(pattern: str) -> Sample:
    left: Uncut | None = uncut(
        worst(pattern, SIZE), language="en", first_max_chars=80, max_chars=240
    )
    started, slowest = time.process_time(), 0.0
    while left is not None:
        before = time.thread_time()
        _segments, left = left.slice()
        slowest = max(slowest, time.thread_time() - before)
    spent = time.process_time() - started
    return {"cpu_s_per_mb": spent / (SIZE / 1e6), "slice_ms": slowest * 1e3}


# -- those who hand in the worst ----------------------------------------------------------


def _over_zmq(endpoint: str, text: str) -> None:
    """Four at once, two of them durable; nothing of their audio is taken."""
    body = text.encode()
    with Wire(endpoint) as peer:
        for number in range(4):
            durable = number % 2 == 1
            submit = wire.Submit(
                str(number),
                engine="noop",
                credit=1,
                durable=durable,
                deadline_ms=int(ATTACK_S * 1000),  # Nothing of it is left for the next pattern.
            )
            peer.send(submit, body)
        jobs = []
        until = time.monotonic() + ATTACK_S
        while (left := until - time.monotonic()) > 0:
            with suppress(AssertionError):
                message, _body = peer.receive(left)
                if isinstance(message, wire.Accepted):
                    jobs.append(message.job)
        for job in jobs:
            peer.send(wire.Cancel(job))
        peer.send(wire.Ping())
        time.sleep(0.05)


def _over_http(port: int, text: str) -> None:
    """One request, whose audio is not read."""
    connection = http.client.HTTPConnection(HOST, port, timeout=60)
    body = json.dumps({"input": text, "response_format": "wav"}).encode()
    with suppress(OSError):  # Written in JSON some patterns are too long to be taken.
        connection.request("POST", "/v1/audio/speech", body)
    time.sleep(ATTACK_S)
    connection.close()


def _over_wyoming(port: int, text: str) -> None:
    """The text in pieces, as a language model would write it, and its audio is not read."""

    async def attack() -> None:
        client = AsyncTcpClient(HOST, port)
        await client.connect()
        with suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(ATTACK_S):
                await client.write_event(SynthesizeStart(voice=VOICE).event())
                for at in range(0, len(text), EVENT_CHARS):
                    piece = SynthesizeChunk(text[at : at + EVENT_CHARS])
                    await client.write_event(piece.event())
                await client.write_event(SynthesizeStop().event())
                await asyncio.sleep(ATTACK_S)
        with suppress(ConnectionError):
            await client.disconnect()

    asyncio.run(attack())


# -- those who only want an answer ----------------------------------------------------------


@contextmanager
def _asking_zmq() -> Iterator[Ask]:
    with Client() as client:

        def ask() -> None:
            client.status()
            client.synthesize(SHORT, engine="noop")

        yield ask


@contextmanager
def _asking_http(port: int) -> Iterator[Ask]:
    connection = http.client.HTTPConnection(HOST, port, timeout=60)
    body = json.dumps({"input": SHORT, "response_format": "pcm"})

    def ask() -> None:
        connection.request("GET", "/diagnostics/cpu-allocation")
        connection.getresponse().read()
        connection.request("POST", "/v1/audio/speech", body)
        answer = connection.getresponse()
        heard = answer.read()
        if answer.status != 200:
            raise ValueError(f"{answer.status}: {heard[:200]!r}")

    try:
        yield ask
    finally:
        connection.close()


@contextmanager
def _asking_wyoming(port: int) -> Iterator[Ask]:
    loop = asyncio.new_event_loop()
    client = AsyncTcpClient(HOST, port)
    loop.run_until_complete(client.connect())

    async def speak() -> None:
        await client.write_event(Synthesize(SHORT, voice=VOICE).event())
        event: Event | None
        while (event := await client.read_event()) is not None:
            if AudioStop.is_type(event.type):
                return
        raise ValueError("the connection ended")

    try:
        yield lambda: loop.run_until_complete(speak())
    finally:
        loop.run_until_complete(client.disconnect())
        loop.close()
