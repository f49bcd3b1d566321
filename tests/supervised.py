"""A real supervisor for tests: started as a user would, in a run directory of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self, TypeVar

import zmq

from supervisor.wire import client as wire
from supervisor.wire.codec import Body, decode_reply, encode

START_S = 30.0
CACHE = "SUPERVISOR_CACHE_DIR"
"""That of the run, see `tests.conftest`."""

T = TypeVar("T")


def eventually(probe: Callable[[], T], what: str, timeout: float = 20.0) -> T:
    """Ask until the answer is true, and return it; fail with `what` after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        answer = probe()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout:g} s: {what}")
        time.sleep(0.005)


def free_port() -> int:
    """A port of this machine that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Wire:
    """A bare DEALER that speaks the protocol: for tests that look at single messages."""

    def __init__(self, endpoint: str) -> None:
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.connect(endpoint)

    def send(self, message: wire.Message, body: Body | None = None) -> None:
        self.socket.send_multipart(encode(message, body))

    def receive(self, timeout: float = 20.0) -> tuple[wire.Message, Body]:
        """The next message that is not an unasked PONG."""
        deadline = time.monotonic() + timeout
        while True:
            left = max(0.0, deadline - time.monotonic())
            assert self.socket.poll(int(left * 1000)), f"no message within {timeout:g} s"
            message, body = decode_reply(self.socket.recv_multipart())
            if not isinstance(message, wire.Pong):
                return message, body

    def outcome(self, timeout: float = 60.0) -> tuple[wire.End | wire.Error, bytes]:
        """Read up to the next END or ERROR; return it with all audio before it."""
        audio = b""
        while True:
            message, body = self.receive(timeout)
            audio += body
            if isinstance(message, wire.End | wire.Error):
                return message, audio

    def status(self) -> dict[str, Any]:
        self.send(wire.Status())
        while True:
            message, _body = self.receive()
            if isinstance(message, wire.Report):
                return message.status

    def close(self) -> None:
        self.socket.close(0)
        self.context.term()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Supervised:
    """A supervisor process. `settings` are dotted keys, as for `--set`."""

    def __init__(self, settings: Mapping[str, Any] | None = None) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="sv-")
        self.run_dir = Path(self._directory.name) / "run"
        self.environ = {
            **{
                k: v for k, v in os.environ.items() if not k.startswith("SUPERVISOR_") or k == CACHE
            },
            "SUPERVISOR_RUN_DIR": str(self.run_dir),
            "SUPERVISOR_STATE_DIR": str(Path(self._directory.name) / "state"),
            "SUPERVISOR_LEASE_DIR": str(Path(self._directory.name) / "leases"),
        }
        self.settings = {"http.enabled": False, **(settings or {})}
        self.program = [sys.executable, "-W", "error", "-m", "supervisor"]
        self.log = Path(self._directory.name) / "log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *, ready: bool = True) -> Self:
        """Start it, and with `ready` wait until its first worker can speak."""
        options = [
            word
            for key, value in self.settings.items()
            for word in ("--set", f"{key}={value if isinstance(value, str) else json.dumps(value)}")
        ]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.program, "start", *options],
                env=self.environ,
                cwd=self._directory.name,
                stderr=log,
            )
        if ready:
            eventually(self.is_ready, "the ready line", START_S)
        return self

    def is_ready(self) -> bool:
        """Whether it said that its first worker can speak. Fails if it ended."""
        assert self.process is not None
        assert self.process.poll() is None, f"it ended at once: {self.output}"
        return "ready: " in self.output

    @property
    def output(self) -> str:
        """What it wrote to stderr so far."""
        return self.log.read_text(encoding="utf-8") if self.log.exists() else ""

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def endpoint(self) -> str:
        return f"ipc://{self.run_dir / 'client.sock'}"

    def wire(self) -> Wire:
        return Wire(self.endpoint)

    def status(self) -> dict[str, Any]:
        with self.wire() as peer:
            return peer.status()

    def workers(self, count: int) -> list[dict[str, Any]]:
        """The workers, once `count` of them are ready."""

        def enough() -> list[dict[str, Any]]:
            workers: list[dict[str, Any]] = self.status()["workers"]
            ready = [w for w in workers if w["state"] in ("idle", "busy") and w["pid"]]
            return ready if len(ready) == count == len(workers) else []

        return eventually(enough, f"{count} ready workers")

    def stop(self, number: int = signal.SIGTERM, timeout: float = 20.0) -> int:
        """Send a signal and return the exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout)

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_: object) -> None:
        try:
            if self.process is not None and self.process.poll() is None:
                self.stop(signal.SIGKILL)
        finally:
            self._directory.cleanup()
