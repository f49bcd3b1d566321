"""A body that is not taken costs nobody anything, and whoever sent it is told why."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from supervisor.gateway.connections.lingering_close import AT_ONCE
from supervisor.gateway.keys import hash_key
from tests.e2e.gateway.serving import Serving
from tests.supervised import Supervised, eventually

SPEECH = "/v1/audio/speech"
BODY = b'{"input": "Hi.", "model": "noop"}'
BOMB = gzip.compress(b'{"input": "' + b"a" * 200_000_000 + b'"}')
"""194 kB; to unpack it takes more than a second."""

MEANWHILE_S = 2.5
"""What /healthz may take beside it. Eight of them took twelve seconds once."""


def post(length: int, headers: str = "") -> bytes:
    """The head of a request for speech with a body of so many bytes."""
    said = f"POST {SPEECH} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n{headers}\r\n"
    return said.encode()


@pytest.mark.parametrize(
    "encoding", ["gzip", "deflate", "br", "zstd", "compress", "GZIP", "identity, gzip", "nonsense"]
)
def test_a_packed_body_is_415(gateway: Serving, encoding: str) -> None:
    """Whatever it is packed with, and whether it is or not; the answer says what to do."""
    answer = gateway.ask(SPEECH, gzip.compress(BODY), headers={"Content-Encoding": encoding})
    assert (answer.status, answer.error["code"]) == (415, "unsupported_encoding")
    assert "without Content-Encoding" in str(answer.error["message"])
    assert answer.headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("encoding", ["identity", "Identity", "", "identity, identity"])
def test_a_body_as_it_is_may_say_so(gateway: Serving, encoding: str) -> None:
    """`identity` is no encoding."""
    assert gateway.ask(SPEECH, BODY, headers={"Content-Encoding": encoding}).status == 200


def test_several_lines_count_as_one(gateway: Serving) -> None:
    """A harmless one before it hides nothing."""
    headers = "Content-Encoding: identity\r\nContent-Encoding: deflate\r\n"
    with gateway.connect() as connection:
        connection.sendall(post(3, headers) + b"abc")
        assert connection.recv(12) == b"HTTP/1.1 415"


def test_it_is_refused_before_it_comes(gateway: Serving) -> None:
    """The head is enough: no body has been sent when the answer is there."""
    with gateway.connect() as connection:
        connection.sendall(post(1000, "Content-Encoding: gzip\r\n"))
        assert connection.recv(12) == b"HTTP/1.1 415"


@pytest.mark.parametrize(
    ("headers", "length", "status"),
    [
        ("Content-Encoding: gzip\r\n", 1000, b"415"),
        ("", 99_000_000, b"413"),
        ("Origin: https://evil.example\r\n", 1000, b"403"),
    ],
)
def test_who_asks_before_sending_is_told_not_to(
    gateway: Serving, headers: str, length: int, status: bytes
) -> None:
    """`Expect: 100-continue`, as curl has it for a large body: the refusal is the first word."""
    with gateway.connect() as connection:
        connection.sendall(post(length, f"Expect: 100-continue\r\n{headers}"))
        assert connection.recv(12) == b"HTTP/1.1 " + status


def test_who_asks_before_sending_is_told_to_go_on(gateway: Serving) -> None:
    """When the body is wanted, and not before."""
    with gateway.connect() as connection:
        connection.sendall(post(len(BODY), "Expect: 100-Continue\r\nConnection: close\r\n"))
        assert connection.recv(65_536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(BODY)
        answer = b""
        while part := connection.recv(65_536):
            answer += part
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"\r\n0\r\n\r\n")
    assert gateway.ask(SPEECH, BODY, headers={"Expect": "a miracle"}).status == 417


def slowest(gateway: Serving, done: threading.Event) -> float:
    """Seconds of the slowest answer of /healthz until the event is set, asked without a pause."""
    connection = http.client.HTTPConnection(gateway.host, gateway.port, timeout=60)
    worst = 0.0
    while not done.is_set():
        started = time.monotonic()
        connection.request("GET", "/healthz")
        assert connection.getresponse().read() == b'{"status": "ok"}'
        worst = max(worst, time.monotonic() - started)
    connection.close()
    return worst


def beside(gateway: Serving, requests: list[bytes]) -> tuple[float, list[bytes]]:
    """/healthz at its slowest while these are sent at once, and how each answer begins."""
    answers: list[bytes] = []

    def send(request: bytes) -> None:
        with gateway.connect() as connection:
            sender = threading.Thread(target=_push, args=(connection, request))
            sender.start()
            answers.append(connection.recv(12))
            sender.join()

    threads = [threading.Thread(target=send, args=(request,)) for request in requests]
    done = threading.Event()

    def wait() -> None:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        done.set()

    waiting = threading.Thread(target=wait)
    waiting.start()
    worst = slowest(gateway, done)
    waiting.join()
    return worst, answers


def _push(connection: socket.socket, request: bytes) -> None:
    with suppress(ConnectionError):  # It has its answer, and was hung up on.
        connection.sendall(request)


def test_bombs_hold_nobody_up(gateway: Serving) -> None:
    """Eight bodies that unpack a thousandfold, at once: each is told, and health is answered."""
    request = post(len(BOMB), "Content-Encoding: gzip\r\n") + BOMB
    worst, answers = beside(gateway, [request] * 8)
    assert answers == [b"HTTP/1.1 415"] * 8
    assert worst < MEANWHILE_S


@pytest.fixture(scope="module")
def guarded(running_supervisor: Supervised) -> Iterator[Serving]:
    """A gateway with a key."""
    with Serving(running_supervisor.environ, {"api_keys": [hash_key("sk-mine")]}) as serving:
        yield serving
        assert serving.stop() == 0, serving.output
        assert "Traceback" not in serving.output, serving.output


def test_megabytes_without_a_key_are_not_read(guarded: Serving) -> None:
    """Who sends a whole body before reading gets its 401 as well, and the connection is closed."""
    body = b'{"input": "' + b"a" * 6_000_000 + b'"}'
    worst, answers = beside(guarded, [post(len(body)) + body] * 8)
    assert answers == [b"HTTP/1.1 401"] * 8
    assert worst < MEANWHILE_S
    with guarded.connect() as connection:
        connection.sendall(post(len(body)))
        answer = b""
        while part := connection.recv(65_536):
            answer += part
    head, _, said = answer.partition(b"\r\n\r\n")
    assert b"Connection: close" in head
    assert json.loads(said)["error"]["code"] == "invalid_api_key"


@pytest.mark.parametrize(
    ("path", "status"), [("/v1/none", 404), ("/healthz", 405), (SPEECH, 413), ("/", 405)]
)
def test_no_refused_body_is_waited_for(gateway: Serving, path: str, status: int) -> None:
    """The connection ends with the answer, whichever it is: the rest would be read as requests."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99000000\r\n\r\n"
    with gateway.connect() as connection:
        connection.sendall(head.encode() + b"GET /metrics HTTP/1.1\r\n\r\n")
        answer = b""
        while part := connection.recv(65_536):
            answer += part
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert answer.count(b"HTTP/1.1") == 1


def test_a_body_that_was_taken_keeps_the_connection(gateway: Serving) -> None:
    """A wrong value is no reason to connect anew."""
    connection = http.client.HTTPConnection(gateway.host, gateway.port, timeout=60)
    for body, status in ((b'{"input": 5}', 400), (BODY, 200)):
        connection.request("POST", SPEECH, body)
        sent_from = connection.sock.getsockname()
        response = connection.getresponse()
        response.read()
        assert response.status == status
        assert connection.sock is not None
        assert connection.sock.getsockname() == sent_from
    connection.close()


def test_who_sends_on_for_ever_is_cut(gateway: Serving) -> None:
    """What is thrown away for one is bounded."""
    with gateway.connect() as connection:
        connection.sendall(post(1 << 40))
        with pytest.raises(ConnectionError):
            connection.sendall(bytes(1 << 28))


def test_who_is_refused_and_stays_costs_few_files(gateway: Serving) -> None:
    """They may be waited for, but not all of them, and not for long."""
    assert gateway.process is not None
    files = Path(f"/proc/{gateway.process.pid}/fd")
    before = len(list(files.iterdir()))
    with ExitStack() as stack:
        for _ in range(3 * AT_ONCE):
            connection = stack.enter_context(gateway.connect())
            connection.sendall(post(1000, "Content-Encoding: gzip\r\n"))
            assert connection.recv(12) == b"HTTP/1.1 415"
        assert len(list(files.iterdir())) < before + 2 * AT_ONCE
        eventually(lambda: len(list(files.iterdir())) <= before + 2, "nobody is waited for")


def test_who_resets_while_refused_is_no_error(gateway: Serving) -> None:
    """Nothing is logged of somebody who leaves in the middle of it (the fixture looks)."""
    for said in (post(1 << 20), post(1 << 20, "Content-Encoding: br\r\n"), b"GET / HTT"):
        for wait in (0.0, 0.02):
            connection = gateway.connect()
            connection.sendall(said + b"x" * 1000)
            time.sleep(wait)  # Once before it is answered, once while it is waited for.
            reset = struct.pack("ii", 1, 0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
            connection.close()
    eventually(lambda: gateway.ask("/healthz").status == 200, "it goes on")


@pytest.mark.parametrize("field", ["voice", "model", "response_format", "stream_format"])
def test_a_name_of_megabytes_is_a_short_error(gateway: Serving, field: str) -> None:
    """It is not handed on, where it would end everybody's connection, and not sent back whole."""
    for name in ("x" * 20_000, "heart+" * 500_000, "\u4e2d(" * 400_000):
        answer = gateway.ask(SPEECH, {"input": "Hi.", field: name})
        assert (answer.status, answer.error["param"]) == (400, field)
        assert len(answer.body) < 2000


def test_a_long_name_costs_nobody_else(gateway: Serving) -> None:
    """An answer that is being sent goes on beside it."""
    body = json.dumps({"input": "And on. " * 5000, "model": "noop", "response_format": "pcm"})
    with gateway.connect() as connection:
        connection.sendall(post(len(body), "Connection: close\r\n") + body.encode())
        answer = connection.recv(65_536)
        names = {"voice": "\u4e2d" * 1024, "model": "\u4e2d" * 1024}
        refused = gateway.ask(SPEECH, {"input": "Hi.", **names})
        assert refused.status == 404
        while part := connection.recv(65_536):
            answer += part
    assert answer.endswith(b"\r\n0\r\n\r\n")
