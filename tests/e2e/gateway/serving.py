"""A real gateway for tests: started as the supervisor starts it, on a free port."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, Self

from supervisor.config import Settings
from supervisor.config.handover import handover
from tests.supervised import eventually

_WYOMING = re.compile(r"Wyoming on 127\.0\.0\.1:(\d+)")

ROOT = Path(__file__).parents[3]

WARNINGS = ("-W", "error", "-W", "ignore:'audioop' is deprecated:DeprecationWarning")
"""As in pyproject.toml."""


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, str | None]:
        """The error in OpenAI's envelope."""
        error: dict[str, str | None] = self.document["error"]
        assert set(error) == {"message", "type", "param", "code"}
        assert error["message"]
        return error


class Listening:
    """A gateway that listens, whoever started it."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def ask(
        self,
        path: str,
        body: object = None,
        *,
        method: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 30.0,
    ) -> Answer:
        """One request on a connection of its own; a body that is not bytes is sent as JSON."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        try:
            data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
            verb = method or ("GET" if data is None else "POST")
            connection.request(verb, path, data, dict(headers or {}))
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()


class Serving(Listening):
    """A gateway process for the supervisor of `environ`. `http`: settings of that section;
    `module`: what is run.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        http: Mapping[str, Any] | None = None,
        *,
        module: str = "supervisor.gateway",
    ) -> None:
        self.environ = dict(environ)
        self._module = module
        self._settings = Settings.model_validate({"http": {"port": 0, **(http or {})}})
        self._directory = tempfile.TemporaryDirectory(prefix="gw-")
        self.log = Path(self._directory.name) / "log"
        self.process: subprocess.Popen[bytes] | None = None
        super().__init__(self._settings.http.host, 0)

    def start(self) -> Self:
        """Start it and wait until it listens."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *WARNINGS, "-m", self._module, str(os.getpid())],
                env=self.environ,
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(handover(self._settings))
        self.process.stdin.close()
        line = self.process.stdout.readline()
        assert line, f"it did not start: {self.output}"
        ready = json.loads(line)
        assert ready["pid"] == self.process.pid
        self.port = ready["port"]
        return self

    @property
    def output(self) -> str:
        """What it wrote to stderr so far."""
        return self.log.read_text(encoding="utf-8")

    @property
    def rss_mb(self) -> float:
        """Its resident memory in 10^6 bytes."""
        assert self.process is not None
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024 / 1e6
        raise AssertionError("no VmRSS")

    def wyoming_port(self) -> int:
        """Where it speaks Home Assistant's protocol, once it does."""
        ports = eventually(lambda: _WYOMING.findall(self.output), "Wyoming is served")
        return int(ports[0])

    def speak(self, text: str, *, timeout: float = 30.0, **fields: Any) -> Answer:
        """Ask for speech."""
        body = {"input": text, "voice": "alloy", **fields}
        return self.ask("/v1/audio/speech", body, timeout=timeout)

    def connect(self) -> socket.socket:
        """A bare connection, for what no HTTP library would send."""
        return socket.create_connection((self.host, self.port), timeout=30)

    def exchange(self, request: bytes) -> bytes:
        """Send these bytes and read until the gateway closes the connection."""
        with self.connect() as connection:
            connection.sendall(request)
            answer = b""
            while part := connection.recv(65_536):
                answer += part
        return answer

    def stop(self, number: int = signal.SIGTERM, timeout: float = 20.0) -> int:
        """Send a signal and return the exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(number)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return self.process.wait(timeout)

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_: object) -> None:
        try:
            if self.process is not None:
                self.stop(signal.SIGKILL)
        finally:
            self._directory.cleanup()
