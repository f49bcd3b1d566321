"""`/v1/realtime`: OpenAI's Realtime API for programs that have texts spoken."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import numpy as np
import openai
import pytest
from aiohttp import WSMsgType

from supervisor.gateway.keys import hash_key, new_key
from tests.e2e.gateway.serving import Serving
from tests.supervised import Supervised, eventually

TEXT = "Well, hello there. It is me, and I say so!"
OTHER = "Nobody said a word."
ENDED = {WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.CLOSING, WSMsgType.ERROR}


class Peer:
    """A client: `say` sends an event, `until` collects what comes up to one of a type."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.events: list[dict[str, Any]] = []

    async def say(self, type: str, **fields: Any) -> None:
        """Send an event."""
        await self.socket.send_json({"type": type, **fields})

    async def hear(self) -> dict[str, Any]:
        """The next event."""
        message = await self.socket.receive(timeout=30.0)
        assert message.type is WSMsgType.TEXT, (message.type, message.data, message.extra)
        event: dict[str, Any] = json.loads(message.data)
        self.events.append(event)
        return event

    async def until(self, type: str) -> dict[str, Any]:
        """The next event of this type; an error before it is a failure."""
        while (event := await self.hear())["type"] != type:
            assert event["type"] != "error", event
        return event

    async def read(self, text: str, **fields: Any) -> dict[str, Any]:
        """Have a text read out of band; its `response.done`."""
        await self.say("response.create", response=apart(text, **fields))
        return await self.until("response.done")

    def audio(self, response: str | None = None) -> bytes:
        """The audio of a response, or all that came."""
        return b"".join(
            base64.b64decode(event["delta"])
            for event in self.events
            if event["type"] in {"response.output_audio.delta", "response.audio.delta"}
            and response in {None, event["response_id"]}
        )


def message(text: str, role: str = "user") -> dict[str, Any]:
    """A message of a conversation."""
    kind = "input_text" if role != "assistant" else "output_text"
    return {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}


def apart(text: str, **fields: Any) -> dict[str, Any]:
    """A response that belongs to no conversation, as programs ask for that only want speech."""
    return {
        "conversation": "none",
        "instructions": "Read the text aloud, word by word.",
        "input": [message(text)],
        "seed": 1,
        **fields,
    }


@asynccontextmanager
async def connected(gateway: Serving, query: str = "", **options: Any) -> AsyncIterator[Peer]:
    """A connection, after `session.created`."""
    url = f"{gateway.url}/v1/realtime{query}"
    async with aiohttp.ClientSession() as session, session.ws_connect(url, **options) as socket:
        peer = Peer(socket)
        await peer.until("session.created")
        yield peer


def run(
    gateway: Serving, talk: Callable[[Peer], Awaitable[Any]], query: str = "", **options: Any
) -> Any:
    """Talk over one connection."""

    async def talking() -> Any:
        async with connected(gateway, query, **options) as peer:
            return await talk(peer)

    return asyncio.run(talking())


def spoken(gateway: Serving, text: str, **fields: Any) -> bytes:
    """The same text over HTTP."""
    answer = gateway.speak(text, response_format="pcm", seed=1, **fields)
    assert answer.status == 200
    return answer.body


def test_the_official_client(gateway: Serving) -> None:
    """Its realtime client hears the samples of the same text over HTTP, and the transcript."""

    async def talk() -> tuple[bytes, str, openai.types.realtime.RealtimeResponse]:
        client = openai.AsyncOpenAI(base_url=f"{gateway.url}/v1", api_key="none")
        audio, transcript = b"", ""
        async with client.realtime.connect(model="gpt-realtime-2.1-mini") as connection:
            await connection.session.update(
                session={
                    "type": "realtime",
                    "output_modalities": ["audio"],
                    "audio": {"output": {"voice": "alloy", "speed": 1.25}},
                }
            )
            # `seed` is ours, and not in the types of the library.
            wanted: Any = {"type": "response.create", "response": apart(TEXT)}
            await connection.send(wanted)
            async for event in connection:
                assert event.type != "error", event
                if event.type == "response.output_audio.delta":
                    audio += base64.b64decode(event.delta)
                elif event.type == "response.output_audio_transcript.delta":
                    transcript += event.delta
                elif event.type == "response.done":
                    return audio, transcript, event.response
        raise AssertionError("no response.done")

    audio, transcript, response = asyncio.run(talk())
    assert audio == spoken(gateway, TEXT, speed=1.25)
    assert transcript == TEXT
    assert response.status == "completed"
    assert response.usage is not None
    assert response.usage.input_tokens == len(TEXT)


def test_as_open_webui_asks(gateway: Serving) -> None:
    """Each step of its engine `openai-realtime`, and the events in the order of the API."""

    async def talk(peer: Peer) -> None:
        await peer.say(
            "session.update",
            session={
                "type": "realtime",
                "output_modalities": ["audio"],
                "audio": {
                    "input": {"turn_detection": None, "transcription": None},
                    "output": {"format": {"type": "audio/pcm", "rate": 24000}, "voice": "heart"},
                },
                "tools": [],
                "tool_choice": "none",
                "instructions": "Read what you are given, and nothing else.",
            },
        )
        updated = await peer.until("session.updated")
        assert updated["session"]["audio"]["output"]["voice"] == "heart"
        done = await peer.read(TEXT, output_modalities=["audio"], tools=[], tool_choice="none")
        assert done["response"]["status"] == "completed"
        assert done["response"]["conversation_id"] is None
        assert peer.audio(done["response"]["id"]) == spoken(gateway, TEXT, voice="heart")
        told = [event["type"] for event in peer.events[2:] if "delta" not in event]
        assert told == [
            "response.created",
            "response.output_item.added",
            "response.content_part.added",
            "response.output_audio.done",
            "response.output_audio_transcript.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.done",
        ]

    run(gateway, talk, "?model=gpt-realtime", headers={"Authorization": "Bearer none"})


def test_what_nobody_here_follows_is_named(gateway: Serving) -> None:
    """Of a session and of a response; nothing where nothing was asked for."""

    async def talk(peer: Peer) -> None:
        await peer.say("session.update", session={"type": "realtime", "tools": [], "prompt": None})
        assert "ignored" not in await peer.until("session.updated")
        session = {"instructions": "Be kind.", "turn_detection": {"type": "server_vad"}}
        await peer.say("session.update", session=session)
        assert (await peer.until("session.updated"))["ignored"] == [*session]
        await peer.say("response.create", response=apart(TEXT))
        assert (await peer.until("response.created"))["ignored"] == ["instructions"]
        await peer.until("response.done")

    run(gateway, talk)


def test_words_come_with_the_audio_in_which_they_begin(gateway: Serving) -> None:
    """The deltas are the text, piece by piece; `words` says when each is heard."""

    async def talk(peer: Peer) -> None:
        done = await peer.read(TEXT)
        words, text, heard_s = [], "", 0.0
        for event in peer.events:
            if event["type"] == "response.output_audio_transcript.delta":
                text += event["delta"]
                words += event["words"]
                assert all(word["start"] >= heard_s - 0.01 for word in event["words"])
            elif event["type"] == "response.output_audio.delta":
                heard_s += len(base64.b64decode(event["delta"])) / 2 / 24_000
        assert text == TEXT == done["response"]["output"][0]["content"][0]["transcript"]
        assert [word["word"] for word in words] == TEXT.split()
        assert all(TEXT[w["text_start"] : w["text_end"]] == w["word"] for w in words)

    run(gateway, talk)


def test_an_engine_that_tells_no_words(gateway: Serving) -> None:
    """The transcript comes at the end; `?model=` names the engine."""

    async def talk(peer: Peer) -> None:
        assert peer.events[0]["session"]["model"] == "noop"
        await peer.read("x" * 100)
        assert len(peer.audio()) == 2 * 2400
        deltas = [event for event in peer.events if event["type"].endswith("transcript.delta")]
        assert [event["delta"] for event in deltas] == ["x" * 100]

    run(gateway, talk, "?model=noop")


def test_a_conversation_is_read_once(gateway: Serving) -> None:
    """What was added since; what a system says is no text; an answer becomes an item."""

    async def talk(peer: Peer) -> None:
        for item in (message("Be kind.", "system"), message(TEXT), message(OTHER, "assistant")):
            await peer.say("conversation.item.create", item=item)
            added = await peer.until("conversation.item.added")
            done = await peer.until("conversation.item.done")
            assert added["item"] == done["item"]
        await peer.say("response.create")
        first = (await peer.until("response.done"))["response"]
        assert first["output"][0]["content"][0]["transcript"] == f"{TEXT}\n\n{OTHER}"
        assert first["conversation_id"]
        await peer.say("response.create")
        assert (await peer.hear())["error"]["code"] == "empty_text"
        await peer.say("conversation.item.create", item={"id": "mine", **message(OTHER)})
        await peer.until("conversation.item.done")
        await peer.say("response.create", response={})
        second = (await peer.until("response.done"))["response"]
        assert second["output"][0]["content"][0]["transcript"] == OTHER
        reference = [{"type": "item_reference", "id": "mine"}]
        await peer.say("response.create", response={"input": reference, "conversation": "none"})
        third = (await peer.until("response.done"))["response"]
        assert third["output"][0]["content"][0]["transcript"] == OTHER
        spoken_id = second["output"][0]["id"]
        await peer.say(
            "conversation.item.truncate", item_id=spoken_id, content_index=0, audio_end_ms=100
        )
        assert (await peer.until("conversation.item.truncated"))["item_id"] == spoken_id
        await peer.say("conversation.item.delete", item_id="mine")
        await peer.until("conversation.item.deleted")
        await peer.say("response.create", response={"input": reference})
        assert (await peer.hear())["error"]["code"] == "item_not_found"

    run(gateway, talk, "?model=noop")


@pytest.mark.parametrize("by", ["header", "subprotocol"])
def test_the_beta_is_told_in_its_own_words(gateway: Serving, by: str) -> None:
    """For a client that asks for it."""
    options: dict[str, Any] = (
        {"headers": {"OpenAI-Beta": "realtime=v1"}}
        if by == "header"
        else {"protocols": ["realtime", "openai-beta.realtime-v1"]}
    )

    async def talk(peer: Peer) -> None:
        session = {"voice": "tone", "modalities": ["text", "audio"], "output_audio_format": "pcm16"}
        await peer.say("session.update", session=session)
        updated = (await peer.until("session.updated"))["session"]
        assert {key: updated[key] for key in session} == session
        await peer.say("conversation.item.create", item=message(OTHER))
        await peer.until("conversation.item.created")
        await peer.say("response.create")
        await peer.until("response.done")
        assert len(peer.audio()) == 2 * 24 * len(OTHER)
        assert {
            "response.audio.delta",
            "response.audio.done",
            "response.audio_transcript.delta",
            "response.audio_transcript.done",
        } <= {event["type"] for event in peer.events}

    run(gateway, talk, "?model=noop", **options)


def test_formats_of_the_telephone(gateway: Serving) -> None:
    """A byte for a sample, 8,000 a second; what is decoded is the speech."""

    async def talk(peer: Peer) -> list[bytes]:
        heard = []
        for name in ("pcmu", "pcma"):
            done = await peer.read(TEXT, audio={"output": {"format": {"type": f"audio/{name}"}}})
            heard.append(peer.audio(done["response"]["id"]))
        return heard

    mu_law, a_law = run(gateway, talk)
    whole = np.frombuffer(spoken(gateway, TEXT), "<i2").astype(float)
    for coded in (mu_law, a_law):
        assert len(coded) == pytest.approx(len(whole) / 3, abs=64)
    code = ~np.frombuffer(mu_law, np.uint8)
    size = (((code & 15).astype(int) << 3) + 132 << (code >> 4 & 7)) - 132
    heard = np.where(code & 128, -size, size).astype(float)
    smooth = np.convolve(whole, np.ones(3) / 3, "same")[1::3]
    both = min(len(heard), len(smooth))
    assert np.corrcoef(heard[:both], smooth[:both])[0, 1] > 0.9


def test_cancelled(gateway: Serving) -> None:
    """At once; the transcript is what was sent, and the next response is read."""

    async def talk(peer: Peer) -> None:
        await peer.say("response.create", response=apart(TEXT * 200))
        await peer.until("response.output_audio.delta")
        await peer.say("response.cancel")
        done = (await peer.until("response.done"))["response"]
        assert done["status"] == "cancelled"
        assert done["status_details"] == {"type": "cancelled", "reason": "client_cancelled"}
        assert (TEXT * 200).startswith(done["output"][0]["content"][0]["transcript"])
        assert len(peer.audio()) < 60 * 48_000
        await peer.say("response.cancel", event_id="late")
        error = (await peer.hear())["error"]
        assert (error["code"], error["event_id"]) == ("response_cancel_not_active", "late")
        assert (await peer.read(OTHER))["response"]["status"] == "completed"

    run(gateway, talk)


def test_several_at_once(gateway: Serving) -> None:
    """Eight of a connection, of which one may be the conversation's."""

    async def talk(peer: Peer) -> None:
        text = TEXT * 50
        await peer.say("response.create", response={"input": [message(text)]})
        await peer.until("response.created")
        await peer.say("response.create", response={"input": [message(text)]})
        while (event := await peer.hear())["type"] != "error":
            continue
        assert event["error"]["code"] == "conversation_already_has_active_response"
        for _ in range(8):
            await peer.say("response.create", response=apart(OTHER))
        while (event := await peer.hear())["type"] != "error":
            continue
        assert event["error"]["code"] == "busy"
        await peer.say("response.cancel")
        statuses = [(await peer.until("response.done"))["response"]["status"] for _ in range(8)]
        assert sorted(statuses) == ["cancelled", *["completed"] * 7]

    run(gateway, talk)


@pytest.mark.parametrize(
    ("mistake", "code"),
    [
        ({"type": "response.create", "response": {"instructions": "Say hello."}}, "empty_text"),
        ({"type": "response.create", "response": apart(" ")}, "empty_text"),
        ({"type": "response.create", "response": apart("x", voice="nobody")}, "unknown_voice"),
        ({"type": "response.create", "response": apart("x", speed=99)}, "out_of_range"),
        ({"type": "response.create", "response": apart("x", modalities=["text"])}, "bad_value"),
        ({"type": "response.create", "response": apart("x", language="tlh")}, "unknown_language"),
        ({"type": "response.create", "response": {"input": "x"}}, "bad_value"),
        ({"type": "session.update", "session": {"type": "transcription"}}, "bad_value"),
        ({"type": "session.update", "session": {"output_audio_format": "mp3"}}, "bad_value"),
        ({"type": "session.update"}, "bad_value"),
        ({"type": "input_audio_buffer.append", "audio": "AAAA"}, "unsupported_event"),
        ({"type": "conversation.item.delete", "item_id": "none"}, "item_not_found"),
        ({"type": "x" * 1000}, "unsupported_event"),
    ],
)
def test_a_mistake_is_told_and_the_connection_goes_on(
    gateway: Serving, mistake: dict[str, Any], code: str
) -> None:
    """With the client's own name for the event."""

    async def talk(peer: Peer) -> None:
        await peer.socket.send_json({"event_id": "mine", **mistake})
        event = await peer.hear()
        assert (event["type"], event["error"]["code"]) == ("error", code)
        assert event["error"]["event_id"] == "mine"
        assert event["error"]["message"]
        assert (await peer.read(OTHER, voice="tone"))["response"]["status"] == "completed"

    run(gateway, talk, "?model=noop")


def test_an_unknown_model(gateway: Serving) -> None:
    """Is told with the first response."""

    async def talk(peer: Peer) -> None:
        await peer.say("response.create", response=apart(OTHER))
        assert (await peer.hear())["error"]["code"] == "unknown_engine"

    run(gateway, talk, "?model=gpt-9")


def test_a_conversation_has_an_end(gateway: Serving) -> None:
    """What was read is forgotten for what is new; what waits is not, and more is refused."""

    async def talk(peer: Peer) -> None:
        for _ in range(256):
            await peer.say("conversation.item.create", item=message("a"))
            await peer.until("conversation.item.done")
        await peer.say("conversation.item.create", item=message("a"))
        assert (await peer.hear())["error"]["code"] == "conversation_full"
        await peer.say("response.create")
        await peer.until("response.done")
        await peer.say("conversation.item.create", item=message("a"))
        await peer.until("conversation.item.done")

    run(gateway, talk, "?model=noop")


@pytest.mark.parametrize("garbage", ["no json", "[]", "{}", json.dumps(apart("\ud800"))])
def test_what_is_no_event(gateway: Serving, garbage: str) -> None:
    """Half an emoji in a text is no reason to end a call."""

    async def talk(peer: Peer) -> None:
        await peer.socket.send_str(garbage)
        assert (await peer.hear())["error"]["code"] == "bad_json"
        assert (await peer.read(OTHER))["response"]["status"] == "completed"

    run(gateway, talk, "?model=noop")


@pytest.mark.parametrize("garbage", [b"\x00\x01", b"x" * 300_000])
def test_another_protocol_ends_the_connection(gateway: Serving, garbage: bytes) -> None:
    """Binary frames, or one that is too large; others are served."""

    async def talk(peer: Peer) -> None:
        await peer.socket.send_bytes(garbage)
        while (await peer.socket.receive(timeout=30.0)).type not in ENDED:
            continue

    run(gateway, talk)
    assert gateway.speak("Hello.").status == 200


def handshake(gateway: Serving) -> socket.socket:
    """A WebSocket by hand, for what no library would send."""
    connection = gateway.connect()
    connection.sendall(
        b"GET /v1/realtime?model=noop HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    answer = b""
    while b"session.created" not in answer:
        answer += connection.recv(4096)
    assert answer.startswith(b"HTTP/1.1 101")
    return connection


def frame(payload: bytes, said: int | None = None) -> bytes:
    """A text frame of a client; `said` is the length that it says to have."""
    length = len(payload) if said is None else said
    return b"\x81\xff" + struct.pack(">Q", length) + bytes(4) + payload


def test_a_hundred_megabytes_in_one_frame(gateway: Serving) -> None:
    """Are refused by their length, before they come."""
    before = gateway.rss_mb
    with handshake(gateway) as connection:
        connection.sendall(frame(b"x" * 100_000, said=100_000_000))
        with pytest.raises(ConnectionError):
            connection.sendall(bytes(100_000_000))
    assert gateway.rss_mb - before < 30
    assert gateway.speak("Hello.").status == 200


def test_who_floods_and_never_reads_is_no_longer_listened_to(gateway: Serving) -> None:
    """What would have to be kept for it stays small; others are served."""
    before = gateway.rss_mb
    flood = frame(json.dumps({"type": "session.update", "session": {}}).encode()) * 500_000
    with handshake(gateway) as connection:
        connection.settimeout(2.0)
        with pytest.raises(TimeoutError):
            connection.sendall(flood)
        assert gateway.speak("Hello.").status == 200
        assert gateway.rss_mb - before < 30


def test_who_never_reads_holds_no_worker(gateway: Serving) -> None:
    """Others are served while its audio waits."""

    async def talk(peer: Peer) -> None:
        for _ in range(4):
            await peer.say("response.create", response=apart(TEXT * 300))
        answer = await asyncio.to_thread(gateway.speak, "Hello there.")
        assert answer.status == 200

    run(gateway, talk)


def test_who_leaves_has_the_work_cancelled(
    gateway: Serving, running_supervisor: Supervised
) -> None:
    """However much was to be said."""

    async def talk(peer: Peer) -> None:
        await peer.say("response.create", response=apart(TEXT * 200))
        await peer.until("response.created")

    run(gateway, talk)

    def ended() -> bool:
        jobs = running_supervisor.status()["jobs"]
        return not jobs["running"] + jobs["queued"]

    eventually(ended, "the job has ended")


def test_what_is_refused_before_it_begins(gateway: Serving) -> None:
    """A plain request, a session that would have to listen, a page of another site."""
    answer = gateway.ask("/v1/realtime")
    assert (answer.status, answer.error["code"]) == (426, "upgrade_required")
    answer = gateway.ask("/v1/realtime?intent=transcription")
    assert (answer.status, answer.error["code"]) == (400, "bad_value")
    assert status_of(gateway, origin="https://elsewhere.example") == 403


def status_of(gateway: Serving, **options: Any) -> int:
    """What a WebSocket is answered with."""

    async def connect() -> int:
        try:
            async with connected(gateway, **options):
                return 101
        except aiohttp.WSServerHandshakeError as error:
            return error.status

    return asyncio.run(connect())


def test_keys(running_supervisor: Supervised) -> None:
    """In the header, or as a browser can send them: among the subprotocols."""
    key = new_key()
    with Serving(running_supervisor.environ, {"api_keys": [hash_key(key)]}) as gateway:

        def offered(key: str) -> list[str]:
            return ["realtime", f"openai-insecure-api-key.{key}"]

        async def talk(peer: Peer) -> None:
            assert peer.socket.protocol == "realtime"
            assert (await peer.read(OTHER))["response"]["status"] == "completed"

        assert status_of(gateway) == 401
        assert status_of(gateway, protocols=offered("wrong")) == 401
        assert status_of(gateway, headers={"Authorization": f"Bearer {key}"}) == 101
        run(gateway, talk, "?model=noop", protocols=offered(key))
        assert status_of(gateway, protocols=offered(key)[1:]) == 101
        assert key not in gateway.output
