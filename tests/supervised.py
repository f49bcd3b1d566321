"""A real supervisor for tests, started as a user would (`supervisor.testing`), and its wire."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, Self, TypeVar

import zmq

from supervisor.testing import START_TIMEOUT_S, PrivateSupervisor
from supervisor.wire import client as wire
from supervisor.wire.codec import Body, decode_reply, encode

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


class Supervised(PrivateSupervisor):
    """A private supervisor that is looked into, and for whom a warning is an error. It caches
    nothing unless a test asks for it: most want to see their texts spoken.
    """

    def __init__(
        self,
        settings: Mapping[str, Any] | None = None,
        *,
        start_timeout_s: float = START_TIMEOUT_S,
    ) -> None:
        super().__init__(
            {"cache.enabled": False, **(settings or {})}, start_timeout_s=start_timeout_s
        )
        self.program = [sys.executable, "-W", "error", "-m", "supervisor"]

    def wire(self) -> Wire:
        return Wire(self.endpoint)

    def status(self) -> dict[str, Any]:
        with self.wire() as peer:
            return peer.status()

    def python(self, *arguments: str) -> str:
        """What this interpreter prints in the supervisor's environment; it has to end well."""
        done = subprocess.run(
            [sys.executable, *arguments],
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def workers(self, count: int) -> list[dict[str, Any]]:
        """The workers, once `count` of them are ready."""

        def enough() -> list[dict[str, Any]]:
            workers: list[dict[str, Any]] = self.status()["workers"]
            ready = [w for w in workers if w["state"] in ("idle", "busy") and w["pid"]]
            return ready if len(ready) == count == len(workers) else []

        return eventually(enough, f"{count} ready workers")
