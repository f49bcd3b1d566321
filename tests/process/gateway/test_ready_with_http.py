"""Ready means that HTTP answers too, where it is to; HTTP that does not come holds nobody up."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from supervisor.gateway.keys import hash_key
from tests.fixtures.staged import Staged
from tests.supervised import eventually

PATIENT = """
import sys
from supervisor.service import gateway
gateway.LISTEN_TIMEOUT_S = float(sys.argv.pop(1))
from supervisor.__main__ import main
main()
"""
"""The supervisor that waits for its gateway as long as the first argument says."""

FOR_EVER = 3600.0


def waiting(patience_s: float, **http: object) -> Staged:
    """A supervisor with HTTP and that patience, not started yet."""
    given = {f"http.{name}": value for name, value in http.items()}
    staged = Staged(settings={"http.enabled": True, **given}, workers=1)
    staged.program = [sys.executable, "-W", "error", "-c", PATIENT, str(patience_s)]
    return staged


@pytest.fixture
def taken() -> Iterator[socket.socket]:
    """A port of this machine on which somebody else listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """What the service manager hears."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(0)
        yield listener


def heard(manager: socket.socket) -> bytes:
    """Everything that came since the last look."""
    told = b""
    while True:
        try:
            told += manager.recv(4096) + b"\n"
        except BlockingIOError:
            return told


def test_it_is_not_ready_before_http_answers(taken: socket.socket, manager: socket.socket) -> None:
    """Its worker speaks already, and somebody else has the port: log, service manager and status
    say that it starts. Once the port is free they say that it is ready, and so does /readyz.
    """
    port = taken.getsockname()[1]
    staged = waiting(FOR_EVER, port=port)
    staged.environ["NOTIFY_SOCKET"] = manager.getsockname()
    with staged.start(ready=False):
        eventually(lambda: "trying again until it is free" in staged.output, "the port is taken")
        (worker,) = staged.workers(1)
        assert worker["takes_work"]
        assert staged.status()["supervisor"]["state"] == "starting"
        assert "ready: " not in staged.output
        assert b"READY=1" not in heard(manager)
        taken.close()
        eventually(lambda: "ready: pid" in staged.output, "it is ready")
        assert staged.output.index("gateway: listening on") < staged.output.index("ready: pid")
        eventually(lambda: b"READY=1" in heard(manager), "the manager is told")
        with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=20) as answer:
            assert json.load(answer) == {"status": "ready"}
        assert staged.stop() == 0


def test_a_port_that_is_taken_for_long_does_not_keep_it_from_being_ready(
    taken: socket.socket,
) -> None:
    """Who speaks the wire is served; a line says what is missing, and HTTP comes when it can."""
    with waiting(0.1, port=taken.getsockname()[1]) as staged:
        assert "gateway: HTTP does not answer after 0.1 s" in staged.output
        assert staged.status()["supervisor"]["state"] == "running"
        assert "gateway: listening" not in staged.output
        taken.close()
        eventually(lambda: "gateway: listening" in staged.output, "HTTP is served")
        assert staged.output.count("ready: pid") == 1
        assert staged.stop() == 0


def test_a_gateway_that_cannot_run_is_not_waited_for() -> None:
    """Its address is not this machine's: no patience is needed to know that it does not come."""
    settings = {"host": "192.0.2.1", "api_keys": [hash_key("sk-any")]}
    with waiting(FOR_EVER, **settings) as staged:
        assert "gateway: not started" in staged.output
        assert staged.status()["supervisor"]["state"] == "running"
        assert staged.stop() == 0


def test_stopped_while_it_waits_for_http_it_ends_and_was_never_ready(
    taken: socket.socket, manager: socket.socket
) -> None:
    """A port that is freed meanwhile changes nothing."""
    staged = waiting(FOR_EVER, port=taken.getsockname()[1])
    staged.environ["NOTIFY_SOCKET"] = manager.getsockname()
    with staged.start(ready=False):
        eventually(lambda: "trying again until it is free" in staged.output, "the port is taken")
        staged.workers(1)
        assert staged.stop() == 0
        assert "ready: " not in staged.output
        assert b"READY=1" not in heard(manager)
