"""Two doors, HTTP and Wyoming: what is in the way of one costs the other nothing."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from supervisor.config import Settings
from supervisor.config.handover import handover
from supervisor.installing import how_to_install
from tests.e2e.gateway.serving import Listening
from tests.supervised import eventually

_WYOMING = re.compile(r"gateway: Wyoming on 127\.0\.0\.1:(\d+)")
PING = b'{"type": "ping"}\n'


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An environment in which no supervisor runs."""
    return {**os.environ, "SUPERVISOR_RUN_DIR": str(tmp_path)}


@pytest.fixture
def without_wyoming(environ: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """The same, where the library for Wyoming is not installed."""
    stub = tmp_path / "stubs" / "wyoming"
    stub.mkdir(parents=True)
    missing = "raise ModuleNotFoundError(\"No module named 'wyoming'\", name='wyoming')\n"
    (stub / "__init__.py").write_text(missing)
    return {**environ, "PYTHONPATH": str(stub.parent)}


class Child:
    """A gateway as the supervisor starts it."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self.process = process
        self._log = log

    @property
    def output(self) -> str:
        return self._log.read_text()

    def listening(self) -> Listening:
        """Where it serves HTTP, once it does."""
        assert self.process.stdout is not None
        return Listening("127.0.0.1", json.loads(self.process.stdout.readline())["port"])

    def wyoming(self) -> int:
        """Its port for Wyoming, once it is open."""
        return int(eventually(lambda: _WYOMING.findall(self.output), "Wyoming is served")[0])

    def stop(self) -> None:
        self.process.terminate()
        assert self.process.wait(20) == 0, self.output
        assert "Traceback" not in self.output, self.output


@contextmanager
def child(
    environ: Mapping[str, str], directory: Path, *, files: int | None = None, **http: object
) -> Iterator[Child]:
    """Start one; it may have so many `files` open at most."""
    bound = [] if files is None else ["sh", "-c", f'ulimit -n {files}; exec "$@"', "sh"]
    log = directory / "gateway.log"
    with (
        log.open("w") as stderr,
        subprocess.Popen(
            [*bound, sys.executable, "-m", "supervisor.gateway", str(os.getpid())],
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        ) as process,
    ):
        try:
            assert process.stdin is not None
            settings = Settings.model_validate({"http": {"port": 0, **http}})
            process.stdin.write(handover(settings).decode())
            process.stdin.close()
            yield Child(process, log)
        finally:
            process.kill()


def pongs(port: int) -> bool:
    """Whether Wyoming is spoken there."""
    with closing(socket.create_connection(("127.0.0.1", port), timeout=30)) as connection:
        connection.sendall(PING)
        return b"pong" in connection.recv(100)


def test_a_missing_library_costs_its_door_alone(
    without_wyoming: dict[str, str], tmp_path: Path
) -> None:
    """HTTP is served; one line says what to install."""
    with child(without_wyoming, tmp_path, wyoming="127.0.0.1:0") as gateway:
        serving = gateway.listening()
        eventually(lambda: gateway.output, "what is missing is said")
        assert serving.ask("/healthz").status == 200
        gateway.stop()
        assert gateway.output.partition(" ")[2] == (
            "WARNING | gateway: HTTP is served without Wyoming: http.wyoming needs a library: "
            f"{how_to_install('wyoming')} (No module named 'wyoming')\n"
        )


def test_alone_a_missing_library_is_an_error(
    without_wyoming: dict[str, str], tmp_path: Path
) -> None:
    """Where another gateway serves HTTP, nothing would be left: exit code 2."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = f"http.port={taken.getsockname()[1]}"
        words = ["gateway", "--wyoming", "127.0.0.1:0", "--set", port]
        done = subprocess.run(
            [sys.executable, "-m", "supervisor", *words],
            env=without_wyoming,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 2
    assert how_to_install("wyoming") in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_for_wyoming_that_is_taken_is_waited_for(
    environ: dict[str, str], tmp_path: Path
) -> None:
    """HTTP is served meanwhile; it is said once, and Wyoming follows when the port is free."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with child(environ, tmp_path, wyoming=f"127.0.0.1:{port}") as gateway:
            serving = gateway.listening()
            eventually(lambda: "trying again until it is free" in gateway.output, "it is said")
            assert serving.ask("/healthz").status == 200
            taken.close()
            assert gateway.wyoming() == port
            assert pongs(port)
            assert serving.ask("/healthz").status == 200
            gateway.stop()
            assert gateway.output.count("\n") == 2


def test_an_address_of_another_machine_costs_its_door_alone(
    environ: dict[str, str], tmp_path: Path
) -> None:
    """No waiting helps there: it is said, and HTTP is served."""
    elsewhere = "192.0.2.1:10200"
    with child(environ, tmp_path, wyoming=elsewhere, wyoming_without_keys=True) as gateway:
        serving = gateway.listening()
        eventually(lambda: "without Wyoming: cannot listen on 192.0.2.1" in gateway.output, "said")
        assert serving.ask("/healthz").status == 200
        gateway.stop()


def test_wyoming_does_not_wait_for_http(environ: dict[str, str], tmp_path: Path) -> None:
    """While the port for HTTP is taken Wyoming is served, and HTTP when it is free."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with child(environ, tmp_path, port=port, wyoming="127.0.0.1:0") as gateway:
            assert pongs(gateway.wyoming())
            taken.close()
            assert gateway.listening().ask("/healthz").status == 200
            gateway.stop()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_while_both_ports_are_taken(
    environ: dict[str, str], tmp_path: Path, number: int
) -> None:
    """At once, and well."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with child(environ, tmp_path, port=port, wyoming=f"127.0.0.1:{port}") as gateway:
            eventually(lambda: gateway.output.count("trying again") == 2, "both are waited for")
            gateway.process.send_signal(number)
            assert gateway.process.wait(20) == 0
            assert "Traceback" not in gateway.output


def test_few_files_mean_few_connections(environ: dict[str, str], tmp_path: Path) -> None:
    """One line says what to allow; within that, whoever comes is served, and nothing runs out."""
    with child(environ, tmp_path, files=400) as gateway:
        serving = gateway.listening()
        assert re.search(
            r"at most 400 files may be open, so there is room for \d+ connections instead of 1000 "
            r"\(http\.max_connections\); allow 1\d\d\d \(ulimit -Hn 1\d\d\d\)\n",
            gateway.output,
        )
        crowd = [socket.create_connection((serving.host, serving.port)) for _ in range(500)]
        assert serving.ask("/healthz").status == 200
        for connection in crowd:
            connection.close()
        gateway.stop()
        assert "out of system resource" not in gateway.output
