"""A private supervisor for a test: a `with` block starts it and removes it.

For test suites of programs that speak through a supervisor; our own tests and benchmarks use
it, too. It runs `supervisor start` in a temporary directory with a run, state and lease
directory of its own. So it is independent of other supervisors and of the user's settings and
variables, and any number may run at once:

>>> from supervisor.testing import private_supervisor
>>> with private_supervisor() as supervisor, supervisor.client() as client:
...     audio = client.synthesize("Good morning.", seed=1)
>>> audio.sample_rate, len(audio.samples)
(24000, 312)
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from supervisor.client import AsyncClient, Client
from supervisor.config.sources import PREFIX
from supervisor.host.service_manager import VARIABLES

NOOP: Mapping[str, Any] = {"engines.default": "noop", "engines.preload": ["noop"]}
"""The engine without a model: a quiet tone, 1 ms for each character, ready at once."""

START_TIMEOUT_S = 60.0

_CACHE = "SUPERVISOR_CACHE_DIR"
_RUN = "SUPERVISOR_RUN_DIR"
_GATEWAY = re.compile(r'gateway: listening on (http://[^\s"]+)')
_TAIL_LINES = 20
_LOOK_S = 0.005
_GONE_S = 5.0


class PrivateSupervisorError(Exception):
    """It did not start, does not stop, or has no HTTP: one line, then the end of its log."""


def private_supervisor(
    settings: Mapping[str, Any] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    start_timeout_s: float = START_TIMEOUT_S,
) -> PrivateSupervisor:
    """A private supervisor for a `with` block, which begins when it is ready to speak.

    `settings` are dotted keys, as for `--set`; `environ` are more variables for its processes.
    Where no engine is named it has the `noop` engine, which needs no model: see `NOOP`. HTTP is
    off unless `http.enabled` is set, and then on a free port. Entering the block raises
    PrivateSupervisorError.
    """
    given = {"http.port": 0, **(settings or {})}
    if not any(key.startswith("engines.") for key in given):
        given |= NOOP
    return PrivateSupervisor(given, environ=environ, start_timeout_s=start_timeout_s)


class PrivateSupervisor:
    """A supervisor process in a directory of its own, with these settings and no others.

    A test may start it, stop or kill it and start it again; durable jobs are there again. The end
    of the `with` block kills it and removes the directory; an exception that leaves the block gets
    the end of the log as a note.

    `directory` is its working directory, so it follows the `override.json` in there. `environ` is
    its whole environment, for commands that are to find it (`supervisor say`, for one); both and
    `settings` may be changed before it is started. Its log shows when it is ready, so leave
    `logging.level` at `info` or below. `ready_s`: seconds that the last start took.
    """

    def __init__(
        self,
        settings: Mapping[str, Any] | None = None,
        *,
        environ: Mapping[str, str] | None = None,
        start_timeout_s: float = START_TIMEOUT_S,
    ) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="sv-")
        self.directory = Path(self._temporary.name)
        self.run_dir = self.directory / "run"
        self.log = self.directory / "log"
        self.environ = {
            **{k: v for k, v in os.environ.items() if _is_inherited(k)},
            _RUN: str(self.run_dir),
            "SUPERVISOR_STATE_DIR": str(self.directory / "state"),
            "SUPERVISOR_LEASE_DIR": str(self.directory / "leases"),
            **(environ or {}),
        }
        self.settings: dict[str, Any] = {"http.enabled": False, **(settings or {})}
        self.program = [sys.executable, "-m", "supervisor"]
        self.process: subprocess.Popen[bytes] | None = None
        self.ready_s = 0.0
        self._start_timeout_s = start_timeout_s
        self._log_began = 0

    def start(self, *, ready: bool = True) -> Self:
        """Start it, and with `ready` wait until it is. Raises PrivateSupervisorError."""
        began = time.monotonic()
        words = [f"{key}={_word(value)}" for key, value in self.settings.items()]
        options = [option for word in words for option in ("--set", word)]
        with self.log.open("ab") as log:
            self._log_began = log.tell()
            self.process = subprocess.Popen(
                [*self.program, "start", *options],
                env=self.environ,
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        if ready:
            if not _within(self._start_timeout_s, self.is_ready):
                raise self._error(f"the supervisor is not ready after {self._start_timeout_s:g} s")
            self.ready_s = time.monotonic() - began
        return self

    def stop(self, number: int = signal.SIGTERM, timeout: float = 20.0) -> int:
        """Send it a signal, if it still runs, and return its exit code: 0 when all was well.

        SIGTERM lets running jobs end. Raises PrivateSupervisorError if it does not end in time.
        """
        process = self._started()
        if process.poll() is None:
            process.send_signal(number)
        try:
            return process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise self._error(f"the supervisor has not ended after {timeout:g} s") from None

    def kill(self) -> None:
        """Kill it, as a crash would: its jobs are lost, but for the durable ones."""
        self.stop(signal.SIGKILL)

    @property
    def pid(self) -> int:
        """Process id of the supervisor."""
        return self._started().pid

    @property
    def output(self) -> str:
        """Its log so far, earlier starts included."""
        return self._read_log(0)

    @property
    def endpoint(self) -> str:
        """Endpoint for a `Client` with options of its own."""
        return f"ipc://{self.run_dir / 'client.sock'}"

    def client(self) -> Client:
        """A new client of this supervisor."""
        return Client(self.endpoint)

    def async_client(self) -> AsyncClient:
        """A new client of this supervisor, for asyncio."""
        return AsyncClient(self.endpoint)

    @property
    def url(self) -> str:
        """The gateway's address, such as http://127.0.0.1:40187. Raises PrivateSupervisorError
        where there is none.
        """
        found: list[str] = _GATEWAY.findall(self._read_log(self._log_began))
        if not found:
            raise self._error('no HTTP here: is it started, with settings={"http.enabled": True}?')
        return found[-1]

    @contextmanager
    def as_default(self) -> Iterator[Self]:
        """Within the block `Client()`, here and in child processes, finds this supervisor."""
        before = os.environ.get(_RUN)
        os.environ[_RUN] = str(self.run_dir)
        try:
            yield self
        finally:
            if before is None:
                os.environ.pop(_RUN, None)
            else:
                os.environ[_RUN] = before

    def close(self) -> None:
        """Kill it if it runs, and remove its directory. Idempotent."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        # Its child processes see that and end; until then they may write there.
        if not _within(_GONE_S, self._try_cleanup):
            self._temporary.cleanup()

    def __enter__(self) -> Self:
        try:
            return self if self.process is not None else self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        try:
            if isinstance(error, Exception) and (tail := self._tail()):
                error.add_note(f"the supervisor's log ends:\n{tail}")
        finally:
            self.close()

    def is_ready(self) -> bool:
        """Whether it is ready to speak. Raises PrivateSupervisorError where it has ended."""
        code = self._started().poll()  # before the log is read, which then has its last lines
        if "ready: pid" in self._read_log(self._log_began):
            return True
        if code is not None:
            raise self._error(f"the supervisor ended with exit code {code} before it was ready")
        return False

    def _started(self) -> subprocess.Popen[bytes]:
        if self.process is None:
            raise PrivateSupervisorError("the supervisor is not started yet; use it in `with`")
        return self.process

    def _error(self, what: str) -> PrivateSupervisorError:
        return PrivateSupervisorError("\n".join(filter(None, (what, self._tail()))))

    def _tail(self) -> str:
        lines = self._read_log(self._log_began).splitlines()
        return "\n".join(f"  {line}" for line in lines[-_TAIL_LINES:])

    def _read_log(self, offset: int) -> str:
        try:
            with self.log.open("rb") as log:
                log.seek(offset)
                return log.read().decode("utf-8", "replace")
        except FileNotFoundError:
            return ""

    def _try_cleanup(self) -> bool:
        try:
            self._temporary.cleanup()
        except OSError:
            return False
        return True


def _within(timeout_s: float, probe: Callable[[], bool]) -> bool:
    """Whether the probe comes true within this time."""
    deadline = time.monotonic() + timeout_s
    while not (true := probe()) and time.monotonic() < deadline:
        time.sleep(_LOOK_S)
    return true


def _is_inherited(name: str) -> bool:
    """Whether to keep a variable: none of another supervisor or its manager, but for the cache."""
    return name == _CACHE or not (name.startswith(PREFIX) or name in VARIABLES)


def _word(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
