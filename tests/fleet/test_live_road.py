"""Live speech of a fleet: spoken by the host that can begin soonest, to the sample as by one's own,
and on by another one when that is lost.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
import requests

from supervisor.client import AsyncClient, Client, NoSupervisor
from supervisor.client.live.packets import Kind, Packets
from supervisor.fleet.tunnels import MOST_OF_USER
from supervisor.nats.connection import Connection, Message
from supervisor.wire.client import Hello, Submit
from supervisor.wire.codec import encode
from supervisor.wire.fleet.names import bid_subject, talk_subject
from tests.fleet.hosts import Fleet, Host
from tests.supervised import eventually

FILL = ", ".join(["and it goes on and on"] * 9)
BOOK = " ".join(f"Sentence {n} takes 150 ms of 24000 samples {FILL}." for n in range(12))
"""Sentences of a second and a quarter of audio each, in two segments."""

_LONG_S = 1.0

SETTINGS = {"http.enabled": True, "http.port": 0}


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    """Two hosts with one worker each, and a gateway."""
    with Fleet((1, 1), settings=SETTINGS) as started:
        for host in started.hosts:
            eventually(partial(_listens, host), "its gateway listens")
        yield started


def _listens(host: Host) -> bool:
    return "gateway: listening" in host.output


def _url(fleet: Fleet) -> str:
    return ",".join(fleet.urls)


def _occupied(host: Host, seconds: float) -> Client:
    """A client whose job keeps the host's only worker for a while."""
    client = host.client()
    client.submit(f"It takes {round(seconds * 1000)} ms.", request_class="interactive")
    eventually(lambda: client.outlook()["starts_s"] > _LONG_S, "who comes now would wait")
    return client


def _say(host: Host, text: str, **more: object) -> requests.Response:
    body: Any = {"input": text, "response_format": "pcm", "seed": 5, **more}
    return requests.post(f"{host.url}/v1/audio/speech", json=body, timeout=30)


def test_a_client_without_a_supervisor_is_spoken_for_by_some_host(fleet: Fleet) -> None:
    """The same samples as at a host itself; voices and errors are those of its supervisor."""
    with Client(_url(fleet)) as client, fleet.hosts[0].client() as local:
        assert "metronome" in client.engines()
        with client.stream(BOOK, seed=3, timeout=20) as job:
            assert job.host in {"h1", "h2"}
            pieces = list(job)
        own = local.synthesize(BOOK, seed=3, timeout=20)
        assert np.array_equal(np.concatenate(pieces), own.samples)
        with pytest.raises(Exception, match="nobody"):
            client.synthesize("Hello.", voice="nobody", timeout=20)
        with pytest.raises(Exception, match="metronom"):
            client.synthesize("Hello.", engine="metronom", timeout=20)


def test_no_server_is_one_clear_line() -> None:
    """Who names servers that are not there is told so, and soon."""
    began = time.monotonic()
    with (
        pytest.raises(NoSupervisor, match=r"no NATS server at nats://127\.0\.0\.1:9"),
        Client("nats://127.0.0.1:9"),
    ):
        pass
    assert time.monotonic() - began < 10


def test_what_would_wait_is_spoken_by_the_other_host(fleet: Fleet) -> None:
    """Over HTTP: at home while a worker is idle, elsewhere while it is busy, the same bytes."""
    h1 = fleet.hosts[0]
    own = _say(h1, BOOK)
    assert own.ok
    assert "X-TTS-Host" not in own.headers
    with _occupied(h1, 5):
        began = time.monotonic()
        other = _say(h1, BOOK)
        assert other.headers["X-TTS-Host"] == "h2"
        assert time.monotonic() - began < 5
        for body in ({"stream_format": "sse"}, {"response_format": "mp3"}):
            told = _say(h1, "Over there. " * 20, **body)
            assert told.headers["X-TTS-Host"] == "h2"
            assert told.content
    assert other.content == own.content


def test_a_host_that_accepts_no_live_speech_is_given_none(fleet: Fleet) -> None:
    """The setting `fleet.accept_live`, which changes while it runs."""
    h1, h2 = fleet.hosts
    override = h2.directory / "override.json"
    with _occupied(h1, 60), Client(_url(fleet)) as client:

        def spoken_by(name: str) -> bool:
            with client.stream("Where?", timeout=20) as job:
                return job.host == name

        eventually(lambda: spoken_by("h2"), "h2 is idle")
        override.write_text('{"fleet": {"accept_live": false}}')
        eventually(lambda: spoken_by("h1"), "it waits for h1")
        override.write_text("{}")
        eventually(lambda: spoken_by("h2"), "h2 takes it again")


def test_who_floods_a_host_takes_nothing_from_others(fleet: Fleet) -> None:
    """Noise is ignored, conversations of one user are bounded, and none holds audio that nobody
    confirms; meanwhile the host speaks for others.
    """
    host = fleet.hosts[1]

    async def work(connection: Connection) -> list[bytes]:
        answers: list[bytes] = []

        async def take(message: Message) -> None:
            answers.append(message.data)

        inbox = connection.new_inbox()
        await connection.subscribe(inbox, take)
        for noise in (b"", b"TT", random.randbytes(30), b"TT\x01\x00" + random.randbytes(900_000)):
            for subject in (talk_subject("h2", "t", "a"), bid_subject("metronome")):
                await connection.publish(subject, noise, reply=inbox)
        for number in range(MOST_OF_USER + 8):
            packets = Packets(time.monotonic())
            packets.send(encode(Hello()), 0.0)
            packets.send(encode(Submit(id="1", credit=1 << 40, seed=1), BOOK.encode()), 0.0)
            for packet in packets.outbox:
                await connection.publish(
                    talk_subject("h2", "t", f"flood{number}"), packet, reply=inbox
                )
        await connection.flush()
        before = host.agent.memory_info().rss
        with _occupied(fleet.hosts[0], 30):
            other = await asyncio.to_thread(_say, fleet.hosts[0], "Do you hear me?")
            assert other.headers.get("X-TTS-Host") == "h2"
        assert host.agent.memory_info().rss - before < 50_000_000
        return answers

    answers = fleet.run(work)
    refused = [answer for answer in answers if answer[3:4] == bytes([Kind.GONE])]
    assert any(b"as many conversations as it may" in answer for answer in refused)


def test_a_broker_that_is_away_is_no_end(fleet: Fleet) -> None:
    """What another host speaks goes on over a restart; without a broker hosts speak alone, and
    say so.
    """
    server, h1 = fleet.servers[0], fleet.hosts[0]

    async def listened() -> np.ndarray:
        async with (
            AsyncClient(_url(fleet), credit=65_536) as client,
            await client.submit(BOOK, seed=9, timeout=20) as job,
        ):
            host, pieces = job.host, []
            async for samples in job:
                pieces.append(samples)
                if len(pieces) == 3:
                    server.kill()
                    server.start().wait_listening()
            assert job.host == host
            return np.concatenate(pieces)

    heard = asyncio.run(listened())
    with h1.client() as local:
        assert np.array_equal(heard, local.synthesize(BOOK, seed=9).samples)
    server.kill()
    with _occupied(h1, 3):
        own = _say(h1, "Alone.")
        assert own.ok
        assert "X-TTS-Host" not in own.headers
    ready = requests.get(f"{h1.url}/readyz", timeout=10).json()
    assert any("degraded" in warning for warning in ready["warnings"]), ready
    server.start().wait_listening()
    with _occupied(h1, 20):
        eventually(lambda: _say(h1, "Together.").headers.get("X-TTS-Host") == "h2", "it spills")


def test_a_lost_host_is_not_heard(fleet: Fleet) -> None:
    """Another host goes on with the next sample, from the segment in which the first was killed."""

    async def listened() -> tuple[np.ndarray, str, str]:
        async with (
            AsyncClient(_url(fleet), credit=65_536) as client,
            await client.submit(BOOK, seed=7, timeout=20) as job,
        ):
            first, pieces, killed = job.host, [], False
            async for samples in job:
                pieces.append(samples)
                if not killed and sum(map(len, pieces)) > 60_000:
                    killed = True
                    host = next(each for each in fleet.hosts if each.name == first)
                    await asyncio.to_thread(host.kill_all)
            return np.concatenate(pieces), first or "", job.host or ""

    heard, first, last = asyncio.run(listened())
    assert {first, last} == {"h1", "h2"}
    left = next(each for each in fleet.hosts if each.name == last)
    with left.client() as local:
        rest = [row["segments"] for row in local.jobs()["jobs"]]
        whole = local.synthesize(BOOK, seed=7)
    assert np.array_equal(heard, whole.samples)
    assert any(whole.segments / 2 < segments < whole.segments for segments in rest)
