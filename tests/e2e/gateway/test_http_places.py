"""All places are taken: silence keeps nobody out, work goes on, and health is answered."""

from __future__ import annotations

import asyncio
import http.client
import json
import re
import socket
import struct
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack, closing, contextmanager
from functools import partial
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType

from tests.e2e.gateway.serving import Serving
from tests.supervised import Supervised, eventually

PLACES = 8
CROWD = 24
HALF_HEAD = b"GET /healthz HTTP/1.1\r\nHost: local"
SLOW_BODY = b"POST /v1/audio/speech HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"
REQUEST = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(scope="module")
def small(running_supervisor: Supervised) -> Iterator[Serving]:
    """A gateway with few places; nobody who is refused or hung up on leaves a traceback."""
    http = {"max_connections": PLACES, "wyoming": "127.0.0.1:0"}
    with Serving(running_supervisor.environ, http) as serving:
        yield serving
        assert serving.stop() == 0, serving.output
        assert "Traceback" not in serving.output, serving.output


def ended(connection: socket.socket) -> bool:
    """Whether it was hung up on, without waiting; what came is passed over."""
    connection.settimeout(0)
    try:
        while connection.recv(65_536):
            pass
    except BlockingIOError:
        return False
    except ConnectionError:
        pass
    return True


def good(serving: Serving) -> bytes:
    """Speech for a client that comes just now."""
    answer = serving.speak("Hi.", model="noop", response_format="pcm")
    assert answer.status == 200
    return answer.body


@pytest.mark.parametrize("said", [b"", HALF_HEAD, SLOW_BODY, REQUEST])
def test_silence_keeps_nobody_out(small: Serving, said: bytes) -> None:
    """Nothing, half a head, half a body, or nothing more after an answer: the next is served."""
    with ExitStack() as stack:
        crowd = []
        for _ in range(CROWD):
            crowd.append(stack.enter_context(small.connect()))
            crowd[-1].sendall(said)
        assert good(small)
        eventually(lambda: sum(map(ended, crowd)) >= CROWD - PLACES + 1, "the others made room")


def test_who_has_waited_longest_makes_room(small: Serving) -> None:
    """Who came or asked last stays; a body that goes on by the byte is no reason to be spared."""
    with ExitStack() as stack:
        crowd = [stack.enter_context(small.connect()) for _ in range(PLACES)]
        crowd[0].sendall(SLOW_BODY)
        for connection in crowd[1:]:
            connection.sendall(REQUEST)
            assert connection.recv(12) == b"HTTP/1.1 200"
        crowd[0].sendall(b"a")
        crowd[1].sendall(REQUEST)
        eventually(partial(answered_again, crowd[1]), "a second answer")
        for _ in range(2):
            stack.enter_context(small.connect())
        eventually(lambda: ended(crowd[0]) and ended(crowd[2]), "the two who waited longest left")
        assert not any(ended(connection) for connection in (crowd[1], *crowd[3:]))


def answered_again(connection: socket.socket) -> bool:
    """Whether the second of two answers is there."""
    connection.settimeout(30)
    return b"HTTP/1.1 200" in connection.recv(65_536)


@contextmanager
def at_work(serving: Serving, count: int) -> Iterator[list[socket.socket]]:
    """Clients to whom long answers are being sent; they read nothing of them yet."""
    text = "And on and on. " * 20_000
    body = json.dumps({"input": text, "model": "noop", "response_format": "pcm"}).encode()
    head = (
        f"POST /v1/audio/speech HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with ExitStack() as stack:
        clients = []
        for _ in range(count):
            client = stack.enter_context(closing(serving.connect()))
            client.sendall(head.encode() + body)
            assert client.recv(12) == b"HTTP/1.1 200"
            clients.append(client)
        yield clients


def test_work_is_not_interrupted(small: Serving) -> None:
    """Where everybody is at work a newcomer gets 503; health and readiness are answered."""
    with at_work(small, PLACES) as clients:
        for _ in range(3):
            refused = small.ask("/v1/models")
            assert (refused.status, refused.error["code"]) == (503, "too_many_connections")
            assert refused.headers["Retry-After"] == "1"
            assert refused.headers["Connection"] == "close"
            assert small.ask("/healthz").document == {"status": "ok"}
            assert small.ask("/readyz").document["status"] in {"ready", "unready"}
        assert not any(ended(client) for client in clients)
        clients[0].close()
        eventually(lambda: served(small), "there is room when one leaves")


def served(serving: Serving) -> bool:
    """Whether something other than health is answered."""
    return serving.ask("/v1/models").status == 200


def test_the_places_for_health_are_not_taken_either(small: Serving) -> None:
    """However many come there and say nothing, health is answered."""
    with at_work(small, PLACES), ExitStack() as stack:
        for said in (b"", HALF_HEAD, SLOW_BODY):
            for _ in range(100):
                stack.enter_context(small.connect()).sendall(said)
            assert small.ask("/healthz").status == 200
            assert small.ask("/v1/models").status == 503


def test_one_connection_may_ask_again_when_there_is_room(small: Serving) -> None:
    """A refused request ends its connection; the next one, on another, is served."""
    with at_work(small, PLACES):
        connection = http.client.HTTPConnection(small.host, small.port, timeout=30)
        connection.request("GET", "/v1/models")
        response = connection.getresponse()
        assert (response.status, response.will_close) == (503, True)
        response.read()
    eventually(lambda: served(small), "there is room again")
    connection.close()


def test_refused_and_gone_leaves_no_traceback(small: Serving) -> None:
    """Who resets the connection while it is refused, or hung up on (the fixture looks)."""
    reset = struct.pack("ii", 1, 0)
    with at_work(small, PLACES):
        for said in (b"", HALF_HEAD, SLOW_BODY, REQUEST, b"GET /v1/models HTTP/1.1\r\n\r\n"):
            for _ in range(100):
                connection = small.connect()
                connection.sendall(said)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
                connection.close()
        assert small.ask("/healthz").status == 200


def test_a_full_house_is_said_once(small: Serving) -> None:
    """One line with what to change, however many were hung up on."""
    lines = [line for line in small.output.splitlines() if "are taken" in line]
    assert len(lines) <= 2
    assert all(re.search(r"all 8 connections for (HTTP|Wyoming) are taken", line) for line in lines)


def test_homes_make_room_too(small: Serving) -> None:
    """A Wyoming connection that says nothing, or nothing more, is hung up on for the next."""
    where = ("127.0.0.1", small.wyoming_port())

    def home() -> socket.socket:
        return socket.create_connection(where, timeout=30)

    def newcomer_is_served(stack: ExitStack) -> None:
        newcomer = stack.enter_context(closing(home()))
        newcomer.sendall(b'{"type": "describe"}\n')
        assert newcomer.recv(1)

    with ExitStack() as stack:
        silent = [stack.enter_context(closing(home())) for _ in range(CROWD)]
        newcomer_is_served(stack)
        eventually(lambda: sum(map(ended, silent)) > CROWD - PLACES, "the others made room")
    with ExitStack() as stack:
        crowd = [stack.enter_context(closing(home())) for _ in range(PLACES)]
        for connection in crowd + crowd[: PLACES // 2]:
            connection.sendall(b'{"type": "ping"}\n')
            answer = b""
            while not answer.endswith(b"}"):
                answer += connection.recv(65_536)
        for connection in crowd[PLACES // 2 :] + crowd[: PLACES // 2]:
            assert not ended(connection)
            newcomer_is_served(stack)
            eventually(partial(ended, connection), "the one who was silent longest left")


def test_one_too_many_is_told(running_supervisor: Supervised) -> None:
    """Where not even a place for health is left: 503 at once, whatever is asked. Who does not wait
    for it leaves no traceback.
    """
    module = "tests.e2e.gateway.cramped"
    http = {"max_connections": 1}
    with Serving(running_supervisor.environ, http, module=module) as serving:
        with at_work(serving, 1):
            for said in (b"", REQUEST, SLOW_BODY + bytes(1000)):
                with serving.connect() as refused:
                    refused.sendall(said)
                    head, _, answer = read_all(refused).partition(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
                assert b"Retry-After: 1" in head
                assert json.loads(answer)["error"]["code"] == "too_many_connections"
            for _ in range(100):
                gone = serving.connect()
                gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                gone.close()
        eventually(partial(alive, serving), "there is room again")
        assert serving.stop() == 0, serving.output
        assert "Traceback" not in serving.output, serving.output


@pytest.mark.parametrize("path", ["/v1/audio/stream", "/v1/realtime"])
def test_a_silent_websocket_makes_room(small: Serving, path: str) -> None:
    """A crowd of them keeps nobody out; who is being spoken to stays, and is idle afterwards."""
    long = "And on and on. " * 10_000
    item: dict[str, Any] = {"type": "message", "content": [{"type": "input_text", "text": long}]}
    spoken: dict[str, Any] = {"input": [item], "voice": "tone"}
    start = {"type": "start", "model": "noop", "input": long}
    create = {"type": "response.create", "response": spoken}
    streams = path == "/v1/audio/stream"
    speak: list[dict[str, Any]] = [start, {"type": "finish"}] if streams else [create]
    last = "finished" if streams else "response.done"

    async def talk() -> None:
        async with aiohttp.ClientSession() as session, AsyncExitStack() as stack:

            async def connect(query: str = "") -> aiohttp.ClientWebSocketResponse:
                url = f"{small.url}{path}{query}"
                return await stack.enter_async_context(session.ws_connect(url))

            at_work = await connect("?model=noop")
            for asked in speak:
                await at_work.send_json(asked)
            for _ in range(2):
                begun = await at_work.receive(timeout=30.0)
                assert begun.type is WSMsgType.BINARY or "error" not in begun.data[:40]
            crowd = [await connect() for _ in range(CROWD)]
            assert await asyncio.to_thread(good, small)
            for silent in crowd[: CROWD - PLACES]:
                while not silent.closed:
                    await silent.receive(timeout=30.0)
            told = ""
            while told != last:
                message = await at_work.receive(timeout=30.0)
                assert message.type in {WSMsgType.TEXT, WSMsgType.BINARY}
                told = json.loads(message.data)["type"] if message.type is WSMsgType.TEXT else ""
            crowd = [await connect() for _ in range(PLACES)]
            while not at_work.closed:
                await at_work.receive(timeout=30.0)

    asyncio.run(talk())


def read_all(connection: socket.socket) -> bytes:
    """Everything up to the end of the connection."""
    answer = b""
    while part := connection.recv(65_536):
        answer += part
    return answer


def alive(serving: Serving) -> bool:
    """Whether a new connection is served; one that is refused may be reset while we write."""
    try:
        return serving.ask("/healthz").status == 200
    except ConnectionError:
        return False
