"""A gateway for the benchmarks of HTTP: started as the supervisor does, on a free port."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from supervisor.config import Settings
from supervisor.config.handover import handover

HOST = "127.0.0.1"
SPEECH = "/v1/audio/speech"


class Gateway(NamedTuple):
    """A running gateway."""

    pid: int
    port: int

    @property
    def rss_mb(self) -> float:
        """Its resident memory, in 10^6 bytes."""
        fields = Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()
        return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


class Spoken(NamedTuple):
    """Times of one request, in milliseconds, and the bytes that came."""

    first_ms: float
    full_ms: float
    bytes: int


@contextmanager
def gateway() -> Iterator[Gateway]:
    """A gateway for the supervisor of SUPERVISOR_RUN_DIR."""
    command = [sys.executable, "-m", "supervisor.gateway", str(os.getpid())]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        if process.stdin is None or process.stdout is None:
            raise ValueError("the process has no pipes")
        settings = Settings.model_validate({"http": {"port": 0}})
        process.stdin.write(handover(settings))
        process.stdin.close()
        try:
            yield Gateway(process.pid, json.loads(process.stdout.readline())["port"])
        finally:
            process.terminate()


def speak(connection: http.client.HTTPConnection, text: str, **fields: str) -> Spoken:
    """One request for speech on a connection that stays. Raises ValueError for an error."""
    body = json.dumps({"input": text, "response_format": "pcm", **fields})
    started = time.perf_counter()
    connection.request("POST", SPEECH, body)
    response = connection.getresponse()
    first = response.read(1)
    first_at = time.perf_counter()
    rest = response.read()
    ended = time.perf_counter()
    if response.status != 200:
        raise ValueError(f"{response.status}: {(first + rest).decode()}")
    return Spoken((first_at - started) * 1e3, (ended - started) * 1e3, len(first + rest))
