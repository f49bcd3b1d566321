"""What a client sees when something breaks, and what the pool sees when a client leaves."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack
from typing import NamedTuple

import pytest

from tests.e2e.gateway.serving import Serving
from tests.supervised import Supervised, eventually

LONG = "Hold on for a while. " * 20_000
"""420 s of the noop engine's tone, 20 MB: more than all buffers between here and there."""


LEFT_S = 3.0
"""A client that left is noticed within a second of the gateway's and the supervisor's time; on a
machine with other work they may have to wait for it."""


class Pair(NamedTuple):
    """A supervisor of our own, to be broken, and its gateway."""

    supervised: Supervised
    gateway: Serving

    def ended(self, outcome: str) -> int:
        jobs: dict[str, int] = self.supervised.status()["jobs"]
        return jobs[outcome]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """A ready pair with room for four jobs."""
    settings = {
        "engines.default": "noop",
        "engines.preload": ["noop"],
        "broker.max_queued_jobs": 4,
        # A slow machine is predicted to take long for them; this is not what is tried here.
        "admission.max_work_s": 100_000.0,
        "admission.max_client_work_s": 100_000.0,
    }
    with Supervised(settings) as supervised, Serving(supervised.environ) as gateway:
        eventually(lambda: gateway.ask("/readyz").status == 200, "ready")
        yield Pair(supervised, gateway)


def ask_for_long(gateway: Serving, version: str = "1.1", **fields: object) -> socket.socket:
    """Ask for a long speech and read nothing."""
    body = json.dumps({"input": LONG, "response_format": "pcm", **fields}).encode()
    head = (
        f"POST /v1/audio/speech HTTP/{version}\r\nHost: localhost\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    connection = gateway.connect()
    connection.sendall(head.encode() + body)
    return connection


def begin(gateway: Serving, version: str = "1.1", **fields: object) -> socket.socket:
    """Ask for a long speech and return once the answer has begun."""
    connection = ask_for_long(gateway, version, **fields)
    try:
        answer = connection.recv(65_536)
        assert answer.startswith(f"HTTP/{version} 200".encode()), answer
    except BaseException:
        connection.close()
        raise
    return connection


def test_a_supervisor_that_dies_makes_the_answer_visibly_short(pair: Pair) -> None:
    """The chunked body has no ending, which every HTTP client takes for an error."""
    connection = http.client.HTTPConnection(pair.gateway.host, pair.gateway.port, timeout=30)
    connection.request(
        "POST", "/v1/audio/speech", json.dumps({"input": LONG, "response_format": "pcm"})
    )
    response = connection.getresponse()
    assert response.status == 200
    pair.supervised.stop(signal.SIGKILL)
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        response.read()
    connection.close()
    assert "an answer was cut short" in pair.gateway.output
    assert "tts_http_answers_cut_short_total 1.0" in pair.gateway.ask("/metrics").body.decode()


def test_a_client_of_http_1_0_sees_it_too(pair: Pair) -> None:
    """Without chunks the end of the connection is the end of the answer: so it is reset."""
    with begin(pair.gateway, "1.0", stream=True) as connection:
        pair.supervised.stop(signal.SIGKILL)

        def read_all() -> None:
            while connection.recv(65_536):
                pass

        with pytest.raises(ConnectionResetError):
            read_all()


def test_events_tell_the_error_before_the_end(pair: Pair) -> None:
    """A client that reads events learns what happened."""
    with begin(pair.gateway, stream_format="sse") as connection:
        pair.supervised.stop(signal.SIGKILL)
        answer = b""
        while part := connection.recv(65_536):
            answer = (answer + part)[-2000:]
    last = answer.rpartition(b"data: ")[2]
    assert json.loads(last.partition(b"\n")[0])["error"]["code"] == "supervisor_gone"
    assert not answer.endswith(b"0\r\n\r\n")


@pytest.mark.parametrize("leave", ["close", "reset"])
def test_a_client_that_leaves_cancels_its_job_within_a_second(pair: Pair, leave: str) -> None:
    """However it leaves, its work stops."""
    with begin(pair.gateway) as connection:
        assert pair.ended("cancelled") == 0
        if leave == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with pair.supervised.wire() as watching:
        eventually(
            lambda: watching.status()["jobs"]["cancelled"] == 1, "the job is cancelled", LEFT_S
        )


def test_a_full_queue_is_429(pair: Pair) -> None:
    """While all four still wait for their readers, with the time to come back; and it works again
    when there is room.
    """
    with ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(begin(pair.gateway))
        answer = pair.gateway.speak("Hello.")
        assert pair.ended("done") == pair.ended("cancelled") == 0
    assert (answer.status, answer.error["code"]) == (429, "busy")
    assert answer.error["type"] == "rate_limit_error"
    assert int(answer.headers["Retry-After"]) >= 1
    eventually(lambda: pair.gateway.speak("Hello.").status == 200, "room again")


def test_a_slow_reader_holds_neither_a_worker_nor_memory(pair: Pair) -> None:
    """Readers that take nothing: the workers are idle, others are served, nothing piles up."""
    assert pair.gateway.speak("Hello.").status == 200
    with ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(begin(pair.gateway))
        nobody_waits_for_them(pair)


def nobody_waits_for_them(pair: Pair) -> None:
    """The workers are idle, and good requests are served in the same memory."""

    def all_idle() -> bool:
        workers = pair.supervised.status()["workers"]
        return all(worker["state"] == "idle" for worker in workers)

    eventually(all_idle, "the workers wait for the readers")
    memory = []
    for _ in range(60):
        answer = pair.gateway.speak("Hello.", response_format="pcm")
        assert (answer.status, len(answer.body)) == (200, 6 * 48)
        memory.append(pair.gateway.rss_mb)
    assert memory[-1] - memory[19] < 10  # What the first ones load stays loaded.


def test_stopping_finishes_what_is_being_sent(pair: Pair) -> None:
    """SIGTERM: the answer under way is complete, a new connection is refused, exit code 0."""
    connection = http.client.HTTPConnection(pair.gateway.host, pair.gateway.port, timeout=30)
    text = "Wait a moment. " * 400
    body = json.dumps({"input": text, "response_format": "pcm"})
    connection.request("POST", "/v1/audio/speech", body)
    response = connection.getresponse()
    assert pair.gateway.process is not None
    pair.gateway.process.send_signal(signal.SIGTERM)
    total = len(response.read())
    connection.close()
    assert total == pytest.approx(len(text) * 48, rel=0.1)
    assert pair.gateway.stop() == 0
    with pytest.raises(ConnectionRefusedError):
        pair.gateway.connect()
