"""Stopping: what runs is finished, what comes is refused, and a second signal does not wait."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import time

import pytest

from supervisor.service.drain import WORKERS_END_S
from supervisor.wire import client as protocol
from tests.fixtures.staged import Staged
from tests.supervised import Supervised, Wire, eventually, free_port

START_METHODS = ["forkserver", "spawn"]
SOON_S = 20.0
"""Less than the grace period (30 s), and enough for a machine that has other things to do."""


def submit(peer: Wire, text: str) -> protocol.Accepted:
    """Send a job that is accepted."""
    peer.send(protocol.Submit("a"), text.encode())
    message, _body = peer.receive()
    assert isinstance(message, protocol.Accepted), message
    return message


def send_signal(staged: Staged, number: int) -> None:
    """To the supervisor's process alone."""
    assert staged.process is not None
    staged.process.send_signal(number)


def ended(staged: Staged) -> int:
    """Its exit code, well before the grace period is over; then nothing of it may be left."""
    assert staged.process is not None
    code = staged.process.wait(SOON_S)
    eventually(lambda: not staged.family, "no process is left")
    assert not (staged.run_dir / "client.sock").exists()
    assert not (staged.run_dir / "supervisor.json").exists()
    return code


@pytest.mark.parametrize("start_method", START_METHODS)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_finishes_what_runs_and_refuses_what_comes(start_method: str, number: int) -> None:
    """Every segment of the accepted job is spoken; everybody connected is told."""
    with Staged(start_method) as staged, staged.wire() as early, staged.wire() as late:
        late.status()
        submit(early, "Hold. And on. And on.")
        staged.begun("holding")
        send_signal(staged, number)
        goaway, _body = late.receive()
        assert isinstance(goaway, protocol.Goaway)
        late.send(protocol.Submit("b"), b"Too late.")
        refusal, _body = late.receive()
        assert isinstance(refusal, protocol.Error)
        assert (refusal.id, refusal.code, refusal.retryable) == ("b", "draining", True)
        assert staged.status()["supervisor"]["state"] == "draining"
        staged.go()
        end, audio = early.outcome()
        assert isinstance(end, protocol.End)
        assert (end.segments, end.bytes) == (3, len(audio))
        assert ended(staged) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_who_signals_until_it_is_gone_does_not_spoil_its_exit_code(number: int) -> None:
    """The last moments too, in which there is nothing left to stop."""
    with Staged() as staged:
        assert staged.process is not None
        while staged.process.poll() is None:
            send_signal(staged, number)
            time.sleep(0.004)
        assert ended(staged) == 0


@pytest.mark.parametrize("start_method", START_METHODS)
def test_a_second_signal_stops_at_once(start_method: str) -> None:
    """Also with a worker that cannot be interrupted; its client is told that the job is over."""
    with Staged(start_method) as staged, staged.wire() as peer:
        submit(peer, "Stuck.")
        staged.begun("stuck")
        send_signal(staged, signal.SIGTERM)
        goaway, _body = peer.receive()
        assert isinstance(goaway, protocol.Goaway)
        send_signal(staged, signal.SIGTERM)
        error, _audio = peer.outcome(SOON_S)
        assert isinstance(error, protocol.Error)
        assert error.code == "cancelled"
        assert ended(staged) == 0


@pytest.mark.parametrize("start_method", START_METHODS)
def test_after_the_grace_period_what_still_runs_is_cancelled(start_method: str) -> None:
    """A drain ends, whatever runs."""
    with Staged(start_method, {"pool.grace_period_s": 0.3}) as staged, staged.wire() as peer:
        submit(peer, "Deaf.")
        staged.begun("deaf")
        send_signal(staged, signal.SIGTERM)
        error, _audio = peer.outcome(SOON_S)
        assert isinstance(error, protocol.Error)
        assert error.code == "cancelled"
        assert "grace period" in error.message
        assert ended(staged) == 0


@pytest.mark.parametrize("start_method", START_METHODS)
def test_a_signal_while_the_engines_load_stops_at_once(start_method: str) -> None:
    """There is nothing to finish, and nobody waits for a model that nobody will use."""
    staged = Staged(start_method)
    (staged.stage / "load-waits").touch()
    with staged.start(ready=False):
        staged.begun("loading")
        send_signal(staged, signal.SIGTERM)
        assert ended(staged) == 0


def test_a_client_is_told_to_come_back_while_the_engines_load() -> None:
    """Before it is known what there is, nothing can be called unknown."""
    staged = Staged()
    (staged.stage / "load-waits").touch()
    with staged.start(ready=False), staged.wire() as peer:
        staged.begun("loading")
        peer.send(protocol.Submit("a"), b"Too early.")
        refusal, _body = peer.receive()
        assert isinstance(refusal, protocol.Error)
        assert (refusal.code, refusal.retryable) == ("busy", True)
        assert refusal.retry_after_ms
        staged.go()
        eventually(lambda: "ready: " in staged.output, "the ready line")
        submit(peer, "Now.")
        assert isinstance(peer.outcome()[0], protocol.End)


def test_a_long_text_at_the_moment_of_the_signal_is_finished_or_refused() -> None:
    """It is cut beside the event loop; a drain that begins meanwhile must not strand it."""
    text = b"So it goes on and on. " * 40_000
    with Staged(settings={"pool.grace_period_s": 1.0}) as staged, staged.wire() as peer:
        peer.send(protocol.Submit("a", engine="noop", credit=1 << 30), text)
        peer.status()  # Answered after the submission was taken, and before the text is cut.
        send_signal(staged, signal.SIGTERM)
        told: set[type] = set()
        answer: protocol.Message | None = None
        while not (protocol.Goaway in told and isinstance(answer, protocol.End | protocol.Error)):
            message, _body = peer.receive()
            told.add(type(message))
            answer = answer if isinstance(message, protocol.Goaway) else message
        if isinstance(answer, protocol.Error):
            assert (answer.id, answer.code) == ("a", "draining") or answer.job is not None
        assert ended(staged) == 0
        assert "Traceback" not in staged.output


def with_gateway(port: int) -> dict[str, object]:
    """Settings for the no-op engine behind a gateway on that port."""
    noop: dict[str, object] = {"engines.default": "noop", "engines.preload": ["noop"]}
    return {**noop, "http.enabled": True, "http.port": port}


def test_what_the_last_job_said_is_sent_whole() -> None:
    """The supervisor does not end before its gateway, which may still be encoding and sending."""
    port = free_port()
    with Supervised(with_gateway(port)) as supervised:
        eventually(lambda: "gateway: listening" in supervised.output, "the gateway listens")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SOON_S)
        text = "And this is said to the end. " * 200
        body = json.dumps({"input": text, "response_format": "mp3"})
        connection.request("POST", "/v1/audio/speech", body)
        response = connection.getresponse()
        assert supervised.process is not None
        supervised.process.send_signal(signal.SIGTERM)
        assert response.status == 200
        response.read()  # IncompleteRead if it is cut.
        connection.close()
        assert supervised.process.wait(SOON_S) == 0


def ask(port: int, text: str) -> socket.socket:
    """Ask for speech over a connection with little room for what is not read yet."""
    body = json.dumps({"input": text, "response_format": "pcm", "stream": True}).encode()
    head = f"POST /v1/audio/speech HTTP/1.0\r\nContent-Length: {len(body)}\r\n\r\n"
    connection = narrow(port)
    connection.sendall(head.encode() + body)
    return connection


def narrow(port: int) -> socket.socket:
    """A connection with little room for what is not read yet."""
    connection = socket.socket()
    connection.settimeout(SOON_S)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32 * 1024)
    connection.connect(("127.0.0.1", port))
    return connection


def audio_of(connection: socket.socket, received: bytes = b"") -> bytes:
    """What is left of the answer, after what was received of it; without its head."""
    while piece := connection.recv(65536):
        received += piece
    return received.split(b"\r\n\r\n", 1)[1]


def held_up(peer: Wire) -> bool:
    """Whether a job runs and goes on with nothing, since nobody takes what it has said."""
    jobs = peer.status()["jobs"]
    return bool(jobs["running"]) and not jobs["segments_running"] + jobs["segments_waiting"]


def test_who_reads_slowly_gets_the_last_answer_whole() -> None:
    """It takes longer than the workers have to end: who plays what he gets reads no faster."""
    port = free_port()
    text = (
        "And this is said to the end. " * 6000
    )  # More than what the kernel keeps for a connection.
    with Supervised(with_gateway(port)) as supervised, supervised.wire() as peer:
        eventually(lambda: "gateway: listening" in supervised.output, "the gateway listens")
        with ask(port, text) as connection:
            whole = len(audio_of(connection))
        with ask(port, text) as connection:
            received = connection.recv(4096)
            eventually(lambda: held_up(peer), "kernel and gateway are full")
            while peer.status()["jobs"]["running"]:
                received += connection.recv(4096)
            assert supervised.process is not None
            supervised.process.send_signal(signal.SIGTERM)
            time.sleep(WORKERS_END_S + 1)  # This is the reader's pace.
            size = len(audio_of(connection, received))
        assert size == whole
        assert supervised.process.wait(SOON_S) == 0


def test_who_reads_slowly_over_wyoming_hears_the_end() -> None:
    """As over HTTP: nothing is left lying in the gateway when it stops."""
    http_port, port = free_port(), free_port()
    settings = {**with_gateway(http_port), "http.wyoming": f"127.0.0.1:{port}"}
    data = json.dumps({"text": "And this is said to the end. " * 6000}).encode()
    head = json.dumps({"type": "synthesize", "data_length": len(data)}).encode()
    with Supervised(settings) as supervised, supervised.wire() as peer:
        eventually(lambda: "Wyoming on" in supervised.output, "the gateway listens")
        with narrow(port) as connection:
            connection.sendall(head + b"\n" + data)
            received = connection.recv(4096)
            eventually(lambda: held_up(peer), "kernel and gateway are full")
            while peer.status()["jobs"]["running"]:
                received = connection.recv(4096)
            assert supervised.process is not None
            supervised.process.send_signal(signal.SIGTERM)
            time.sleep(WORKERS_END_S + 1)  # This is the reader's pace.
            while piece := connection.recv(65536):
                received = received[-65536:] + piece
        assert b'"audio-stop"' in received[-200:]
        assert supervised.process.wait(SOON_S) == 0
