"""Whoever connects and does not get on with it loses the connection; nobody else notices."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.e2e.gateway.serving import Serving
from tests.supervised import Supervised, eventually

SPEECH = "/v1/audio/speech"
LONG = "Hold on for a while. " * 20_000
HEAD = f"POST {SPEECH} HTTP/1.1\r\nHost: localhost\r\n"


@pytest.fixture(scope="module")
def hurried(running_supervisor: Supervised) -> Iterator[Serving]:
    """A gateway that gives its clients half a second for everything, and room for two speakers."""
    http = {"wyoming": "127.0.0.1:0"}
    module = "tests.e2e.gateway.hurried"
    with Serving(running_supervisor.environ, http, module=module) as serving:
        yield serving
        assert serving.stop() == 0, serving.output
        assert "Traceback" not in serving.output, serving.output


def read_all(connection: socket.socket) -> bytes:
    """Everything up to the end of the connection, however that comes."""
    answer = b""
    try:
        while part := connection.recv(65_536):
            answer += part
    except ConnectionError:
        pass
    return answer


@pytest.mark.parametrize(
    "said",
    [
        f"{HEAD}Content-Length: 100\r\n\r\n" + '{"input": "Hel',
        f"{HEAD}Transfer-Encoding: chunked\r\n\r\n" + '5\r\n{"inp\r\n',
    ],
    ids=["length", "chunked"],
)
def test_a_body_that_stalls_is_408(hurried: Serving, said: str) -> None:
    """In the envelope, and the connection is closed, for what comes next would be a body's rest."""
    with hurried.connect() as connection:
        connection.sendall(said.encode())
        head, _, body = read_all(connection).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408 ")
    assert b"Connection: close" in head
    assert json.loads(body)["error"]["code"] == "timeout"


@pytest.mark.parametrize(
    "said",
    [b"", b"GET /healthz HT", b"GET /healthz HTTP/1.1\r\nHost: loc"],
    ids=["nothing", "half a line", "half a head"],
)
def test_a_request_that_does_not_come_costs_the_connection(hurried: Serving, said: bytes) -> None:
    """Silence, and a head that is never finished."""
    with hurried.connect() as connection:
        connection.sendall(said)
        assert b" 200 " not in read_all(connection)


def test_a_connection_without_a_next_request_is_closed(hurried: Serving) -> None:
    """It was kept alive for a while."""
    with hurried.connect() as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert read_all(connection).endswith(b'{"status": "ok"}')


def test_a_reader_that_takes_nothing_is_let_go(
    hurried: Serving, running_supervisor: Supervised
) -> None:
    """Its work is cancelled, its answer is visibly short, and the log says why."""
    before = running_supervisor.status()["jobs"]["cancelled"]
    body = json.dumps({"input": LONG, "model": "noop", "response_format": "pcm"}).encode()
    with hurried.connect() as connection:
        connection.sendall(f"{HEAD}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        eventually(
            lambda: running_supervisor.status()["jobs"]["cancelled"] == before + 1, "cancelled"
        )
        answer = read_all(connection)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert not answer.endswith(b"\r\n0\r\n\r\n")
    assert "its reader took nothing for 0.5 s" in hurried.output


def test_a_silent_home_is_let_go(hurried: Serving) -> None:
    """A Wyoming connection on which nothing comes, or half an event, ends."""
    for said in (b"", b'{"type": "desc', b'{"type": "describe", "data_length": 9}\n{'):
        where = ("127.0.0.1", hurried.wyoming_port())
        with closing(socket.create_connection(where, timeout=30)) as connection:
            connection.sendall(said)
            assert read_all(connection) == b""


def test_homes_are_bounded(running_supervisor: Supervised) -> None:
    """While all that may be served hear something, one more is closed at once; there is room when
    another leaves.
    """
    http = {"wyoming": "127.0.0.1:0", "max_connections": 2}
    text = json.dumps({"text": LONG, "voice": {"name": "tone"}}).encode()
    synthesize = b'{"type": "synthesize", "data_length": %d}\n%s' % (len(text), text)
    with Serving(running_supervisor.environ, http) as serving:
        where = ("127.0.0.1", serving.wyoming_port())

        def served(connection: socket.socket) -> bool:
            try:
                connection.sendall(synthesize)
                return b"audio-start" in connection.recv(100)
            except ConnectionError:
                return False

        def new_one_is_served() -> bool:
            with closing(socket.create_connection(where, timeout=30)) as connection:
                return served(connection)

        with (
            closing(socket.create_connection(where, timeout=30)) as first,
            closing(socket.create_connection(where, timeout=30)) as second,
        ):
            assert served(first)
            assert served(second)
            assert not new_one_is_served()
            second.close()
            eventually(new_one_is_served, "room again")
