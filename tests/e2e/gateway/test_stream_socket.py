"""`/v1/audio/stream`: a WebSocket that takes a text as it is written, and speaks it."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import numpy as np
import pytest
from aiohttp import WSMsgType

from supervisor.client import Client
from supervisor.gateway.keys import hash_key, new_key
from tests.e2e.gateway.serving import Serving
from tests.supervised import Supervised, eventually

TEXT = "Well, this is the first clause, and here it goes on for a while. Nobody said a word!"


class Peer:
    """A client: `say` sends a message, `until` collects what comes up to one of a type."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.audio = b""
        self.words: list[dict[str, Any]] = []

    async def say(self, type: str, **fields: Any) -> None:
        """Send a message."""
        await self.socket.send_json({"type": type, **fields})

    async def until(self, type: str) -> dict[str, Any]:
        """The next message of this type; audio and words before it are kept."""
        while True:
            message = await self.socket.receive(timeout=30.0)
            if message.type is WSMsgType.BINARY:
                self.audio += message.data
                continue
            assert message.type is WSMsgType.TEXT, (message.type, message.data, message.extra)
            told: dict[str, Any] = json.loads(message.data)
            if told["type"] == "words":
                self.words += told["words"]
            elif told["type"] == "audio":
                self.audio += base64.b64decode(told["audio"])
            if told["type"] == type:
                return told
            assert told["type"] != "error", told


@asynccontextmanager
async def connected(gateway: Serving, **options: Any) -> AsyncIterator[Peer]:
    """A connection."""
    url = f"{gateway.url}/v1/audio/stream"
    async with aiohttp.ClientSession() as session, session.ws_connect(url, **options) as socket:
        yield Peer(socket)


def run(gateway: Serving, talk: Callable[[Peer], Awaitable[Any]]) -> Any:
    """Talk over one connection."""

    async def talking() -> Any:
        async with connected(gateway) as peer:
            return await talk(peer)

    return asyncio.run(talking())


def test_a_text_is_spoken_while_it_is_written(
    gateway: Serving, running_supervisor: Supervised
) -> None:
    """Its first clause before the rest is there; all of it is what the whole would be."""

    async def talk(peer: Peer) -> None:
        await peer.say("start", seed=1, words=True)
        started = await peer.until("started")
        assert started["sample_rate"] == 24_000
        await peer.say("text", text=TEXT[:40])
        await peer.until("words")
        await peer.say("text", text=TEXT[40:])
        await peer.say("finish")
        finished = await peer.until("finished")
        assert finished["job"] == started["job"]
        assert finished["duration_s"] == pytest.approx(len(peer.audio) / 2 / 24_000, abs=0.01)
        assert [word["word"] for word in peer.words] == TEXT.split()
        assert all(
            TEXT[word["text_start"] : word["text_end"]] == word["word"] for word in peer.words
        )

    run(gateway, talk)


def test_the_samples_are_those_of_a_request(gateway: Serving) -> None:
    """Where the whole text comes at once; in any format, as binary or in base64."""

    async def talk(peer: Peer) -> list[bytes]:
        heard = []
        for options in ({}, {"audio": "base64"}, {"response_format": "flac"}):
            peer.audio = b""
            await peer.say("start", input=TEXT, seed=1, **options)
            await peer.say("finish")
            await peer.until("finished")
            heard.append(peer.audio)
        return heard

    binary, base, flac = run(gateway, talk)
    whole = gateway.speak(TEXT, response_format="pcm", seed=1).body
    assert binary == base
    assert np.array_equal(np.frombuffer(binary, "<i2"), np.frombuffer(whole, "<i2"))
    assert flac[:4] == b"fLaC"


def test_who_interrupts_is_told_what_was_heard(gateway: Serving) -> None:
    """By the words that had begun at the second that was played; then another text begins."""

    async def talk(peer: Peer) -> None:
        await peer.say("start", input=TEXT, seed=1)
        await peer.say("flush")
        while len(peer.audio) < 48_000:
            message = await peer.socket.receive(timeout=30.0)
            peer.audio += message.data if message.type is WSMsgType.BINARY else b""
        await peer.say("cancel", played_s=0.9)
        cancelled = await peer.until("cancelled")
        assert cancelled["spoken_s"] == 0.9
        assert TEXT.startswith(cancelled["spoken_text"])
        assert 0 < len(cancelled["spoken_text"]) < 30
        await peer.say("start", input="Yes.")
        await peer.say("finish")
        await peer.until("finished")

    run(gateway, talk)


def test_what_is_not_followed_or_not_spoken_is_told(gateway: Serving) -> None:
    """As the headers say it elsewhere; nothing is told where there is nothing."""

    async def talk(peer: Peer) -> None:
        await peer.say("start", instructions="Whisper.", normalization_options={}, what=1)
        assert (await peer.until("started"))["ignored"] == ["instructions"]
        await peer.say("text", text="The sign says: ")
        await peer.say("text", text="出口. So be it.")
        await peer.say("finish")
        told = (await peer.until("finished"))["left_out"]
        assert told == ["2 characters (Chinese characters) at 15"]
        await peer.say("start", input="Yes.", instructions="")
        await peer.say("finish")
        assert not {"ignored", "left_out"} & {*await peer.until("started")}
        assert "left_out" not in await peer.until("finished")

    run(gateway, talk)


@pytest.mark.parametrize(
    ("mistake", "code"),
    [
        ({"type": "text", "text": "x"}, "not_started"),
        ({"type": "finish"}, "not_started"),
        ({"type": "start", "voice": "nobody"}, "unknown_voice"),
        ({"type": "start", "speed": 99}, "out_of_range"),
        ({"type": "start", "markup": "ssml"}, "out_of_range"),
    ],
)
def test_a_mistake_is_told_and_the_connection_goes_on(
    gateway: Serving, mistake: dict[str, Any], code: str
) -> None:
    """In OpenAI's form of an error."""

    async def talk(peer: Peer) -> None:
        await peer.socket.send_json(mistake)
        told = json.loads((await peer.socket.receive(timeout=30.0)).data)
        assert (told["type"], told["error"]["code"]) == ("error", code)
        await peer.say("start", input="Yes.")
        await peer.until("started")
        await peer.say("start", input="No.")
        told = json.loads((await peer.socket.receive(timeout=30.0)).data)
        while told["type"] != "error":
            answer = await peer.socket.receive(timeout=30.0)
            told = json.loads(answer.data) if answer.type is WSMsgType.TEXT else {"type": ""}
        assert told["error"]["code"] == "conflict"

    run(gateway, talk)


@pytest.mark.parametrize(
    "garbage", [b"\x00\x01", "no json", "[]", '{"type": "what"}', '{"type": "text"}', "x" * 300_000]
)
def test_what_is_no_message_ends_the_connection(gateway: Serving, garbage: bytes | str) -> None:
    """Another protocol, or a frame that is too large; others are served."""

    async def talk(peer: Peer) -> None:
        if isinstance(garbage, bytes):
            await peer.socket.send_bytes(garbage)
        else:
            await peer.socket.send_str(garbage)
        while True:
            message = await peer.socket.receive(timeout=30.0)
            if message.type in {WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.CLOSING}:
                break

    run(gateway, talk)
    assert gateway.speak("Hello.").status == 200


def test_other_sites_may_not_connect(gateway: Serving) -> None:
    """A browser sends its page's origin with a WebSocket, and asks nobody before."""

    async def connect() -> int:
        try:
            async with connected(gateway, origin="https://elsewhere.example"):
                return 101
        except aiohttp.WSServerHandshakeError as error:
            return error.status

    assert asyncio.run(connect()) == 403


def test_a_page_sends_its_key_as_a_subprotocol(running_supervisor: Supervised) -> None:
    """A browser goes on only if one of those that it offers is taken; no log is told the key."""
    key = new_key()

    async def talk() -> None:
        offered = ["realtime", f"openai-insecure-api-key.{key}"]
        async with connected(gateway, protocols=offered) as peer:
            assert peer.socket.protocol == "realtime"
            await peer.say("start", input="Yes.")
            await peer.say("finish")
            await peer.until("finished")

    with Serving(running_supervisor.environ, {"api_keys": [hash_key(key)]}) as gateway:
        asyncio.run(talk())
        assert gateway.stop() == 0
        assert key not in gateway.output


def test_a_plain_request_is_told_what_to_do(gateway: Serving) -> None:
    """Instead of a bare error."""
    answer = gateway.ask("/v1/audio/stream")
    assert (answer.status, answer.error["code"]) == (426, "upgrade_required")


def test_who_leaves_has_the_work_cancelled(
    gateway: Serving, running_supervisor: Supervised
) -> None:
    """However much was to be said."""

    async def talk(peer: Peer) -> None:
        await peer.say("start", input=TEXT * 200)
        await peer.say("finish")
        await peer.until("started")

    run(gateway, talk)

    def ended() -> bool:
        jobs = running_supervisor.status()["jobs"]
        return not jobs["running"] + jobs["queued"]

    eventually(ended, "the job has ended")


def test_a_job_that_somebody_else_cancels_is_told(
    gateway: Serving, running_supervisor: Supervised
) -> None:
    """As an error, after which the next text begins. What is null was not said."""
    nothing = dict.fromkeys(("model", "voice", "speed", "response_format", "words", "audio"))

    async def talk(peer: Peer) -> None:
        await peer.say("start", input=TEXT, **nothing)
        job = (await peer.until("started"))["job"]
        with Client(running_supervisor.endpoint) as operator:
            await asyncio.to_thread(operator.cancel, job)
        while (message := await peer.socket.receive(timeout=30.0)).type is WSMsgType.BINARY:
            continue
        assert json.loads(message.data)["error"]["code"] == "cancelled"
        await peer.say("start", input="Yes.", **nothing)
        await peer.say("finish")
        await peer.until("finished")

    run(gateway, talk)


def test_who_reads_nothing_holds_no_worker(gateway: Serving) -> None:
    """Others are served while its audio waits."""

    async def talk(peer: Peer) -> None:
        await peer.say("start", input=TEXT * 300, response_format="wav")
        await peer.say("finish")
        await peer.until("started")
        answer = await asyncio.to_thread(gateway.speak, "Hello there.")
        assert answer.status == 200

    run(gateway, talk)


def test_a_stream_is_no_file(gateway: Serving) -> None:
    """What asks for a finished one is refused in a line; any name and rate of a format is taken."""

    async def talk(peer: Peer) -> None:
        for fields in ({"stream": False}, {"response_format": "m4a"}, {"sample_rate": 7000}):
            await peer.say("start", **fields)
            told = json.loads((await peer.socket.receive(timeout=30.0)).data)
            assert told["error"]["code"] == "bad_value", told

    async def speak(peer: Peer) -> None:
        await peer.say("start", response_format="LINEAR16", sample_rate=16_000)
        assert (await peer.until("started"))["sample_rate"] == 16_000
        await peer.say("text", text=TEXT)
        await peer.say("finish")
        seconds = (await peer.until("finished"))["duration_s"]
        assert len(peer.audio) == pytest.approx(2 * 16_000 * seconds, abs=32)

    for talked in (talk, speak):
        run(gateway, talked)
