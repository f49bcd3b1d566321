"""A private supervisor for a benchmark or the demo: started, ready, and stopped again.

It has a run directory of its own and no settings but the ones that are given, so
neither a supervisor that runs already nor a file or variable of the user matters.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

START_TIMEOUT_S = 300.0
STOP_TIMEOUT_S = 60.0

CACHE = "SUPERVISOR_CACHE_DIR"
RUN = "SUPERVISOR_RUN_DIR"


class Service(NamedTuple):
    """A running supervisor. `ready_s`: from its start until it was ready to speak."""

    pid: int
    run_directory: Path
    ready_s: float


class ServiceError(Exception):
    """The supervisor did not start, or did not stop as it should; with its last log lines."""


@contextmanager
def service(settings: Mapping[str, Any]) -> Iterator[Service]:
    """Start `supervisor start`, wait until it is ready, yield, stop it with SIGTERM.

    `settings` maps dotted keys to values. Meanwhile SUPERVISOR_RUN_DIR points to it,
    so `Client()` finds it. Raises ServiceError.
    """
    with tempfile.TemporaryDirectory(prefix="tts-supervisor-") as directory:
        run = Path(directory) / "run"
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SUPERVISOR_")}
        environment |= {CACHE: os.environ[CACHE]} if CACHE in os.environ else {}
        environment |= {
            RUN: str(run),
            "SUPERVISOR_STATE_DIR": f"{directory}/state",
            "SUPERVISOR_LEASE_DIR": f"{directory}/leases",
        }
        environment |= dict(map(_variable, ({"http.enabled": False} | dict(settings)).items()))
        started = time.monotonic()
        process = subprocess.Popen(
            [Path(sys.executable).with_name("supervisor"), "start"],
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        log = _Log(process)
        try:
            log.wait_until_ready()
            with _environment(RUN, str(run)):
                yield Service(process.pid, run, time.monotonic() - started)
            process.send_signal(signal.SIGTERM)
            if code := process.wait(STOP_TIMEOUT_S):
                raise ServiceError(f"the supervisor stopped with exit code {code}\n{log.tail()}")
        except subprocess.TimeoutExpired:
            raise ServiceError(f"the supervisor did not stop\n{log.tail()}") from None
        finally:
            process.kill()
            process.wait()
            log.close()


class _Log:
    """Reads the supervisor's stderr to the end, keeps the last lines, and sees it get ready."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        if process.stderr is None:
            raise ValueError("the process has no stderr pipe")
        self._stderr: IO[str] = process.stderr
        self._lines: deque[str] = deque(maxlen=20)
        self._ready = False
        self._changed = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def wait_until_ready(self) -> None:
        """Return at the ready line. Raises ServiceError at the end of the log, or too late."""
        if not self._changed.wait(START_TIMEOUT_S):
            raise ServiceError(f"not ready after {START_TIMEOUT_S:.0f} s\n{self.tail()}")
        if not self._ready:
            raise ServiceError(f"the supervisor did not start\n{self.tail()}")

    def tail(self) -> str:
        return "\n".join(self._lines)

    def close(self) -> None:
        self._thread.join()
        self._stderr.close()

    def _read(self) -> None:
        for line in self._stderr:
            self._lines.append(line.rstrip())
            if "ready: pid" in line:
                self._ready = True
                self._changed.set()
        self._changed.set()


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    """Set a variable of this process for a while."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _variable(setting: tuple[str, Any]) -> tuple[str, str]:
    """The environment variable that sets this setting, e.g. SUPERVISOR_POOL__START_METHOD."""
    key, value = setting
    name = "SUPERVISOR_" + key.upper().replace(".", "__")
    return name, value if isinstance(value, str) else json.dumps(value)
