"""The supervisor of a chaos run: the engine `storm` beside the real ones, a journal, a gateway."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from tests.chaos.run import jumping_clock
from tests.chaos.run.jumping_clock import JumpingClock
from tests.fixtures import processes
from tests.fixtures.tuned import SECTION, Tuned
from tests.supervised import eventually

HERE = Path(__file__).parent
WORKERS = 2
GONE_S = 20.0
"""A process whose parent dies is told at once by the kernel, and is gone when it has had a core."""

BASE: dict[str, Any] = {
    f"{SECTION}.enabled": False,
    f"{SECTION}.min_cores": WORKERS,
    f"{SECTION}.max_cores": WORKERS,
    "pool.threads_per_worker": 1,
}
"""The allocation before and after the storm."""

_FIXED: dict[str, Any] = {
    "engines.default": "storm",
    "engines.preload": ["storm", "noop", "hibari"],
    "http.enabled": True,
    "http.port": 0,
    # Faults come by the hundred: what hangs is noticed soon, no slot is given up, and the
    # wait before a restart, which grows with deaths up to this number, stays below a second.
    "pool.hang_timeout_s": 1.5,
    "pool.overdue_min_s": 4.0,
    "pool.restart_intensity": 4,
    "pool.restart_window_s": 1.0,
    # Kept so shortly that most of what is asked for again still needs a worker.
    "cache.enabled": True,
    "cache.disk_mb": 5,
    "cache.ttl_s": 1.0,
}


class Stormy(Tuned):
    """`stage` is where mishaps of workers are ordered; `restarts_s`: ready again after a kill;
    `events`: where each of its lives leaves a record.
    """

    def __init__(self, events: Path | None = None) -> None:
        super().__init__(BASE, _FIXED)
        if events is not None:
            program = str(HERE / "recorded_supervisor.py")
            self.program = [sys.executable, "-W", "error", program, str(events)]
        self.stage = self.directory / "stage"
        self.stage.mkdir()
        self.settings["engines.options"] = {"storm": {"stage": str(self.stage)}}
        self.clock = JumpingClock(self.directory / "clock")
        self.environ.update(self.clock.environ)
        own = [str(jumping_clock.DIRECTORY), str(HERE / "engine"), str(self._register())]
        path = [*own, os.environ.get("PYTHONPATH", "")]
        self.environ["PYTHONPATH"] = os.pathsep.join(filter(None, path))
        self.environ["TMPDIR"] = str(self.directory / "tmp")
        (self.directory / "tmp").mkdir()
        self.restarts_s: list[float] = []
        self._logs = 0

    def kill_and_restart(self, meanwhile: Callable[[], object] = lambda: None) -> None:
        """SIGKILL; nothing of it may live on; then, after `meanwhile`, its successor in the same
        place.
        """
        self.kill()
        eventually(lambda: not self.family, "no process outlives the supervisor", GONE_S)
        self._logs += 1
        self.log.rename(self.log.with_name(f"log.{self._logs}"))
        meanwhile()
        began = time.monotonic()
        self.start()
        self.restarts_s.append(time.monotonic() - began)

    @property
    def family(self) -> set[int]:
        """Every living process that belongs to this supervisor."""
        return processes.family(self.run_dir)

    def worker_pids(self) -> list[int]:
        """Workers that have a process."""
        return [w["pid"] for w in self.status()["workers"] if w["pid"]]

    def template_pid(self) -> int | None:
        """The template, if there is one at this moment."""
        pid: int | None = self.status()["supervisor"]["template_pid"]
        return pid

    def gateway_pid(self) -> int | None:
        """The gateway, if there is one at this moment."""
        for pid in self.family:
            try:
                if "supervisor.gateway" in psutil.Process(pid).cmdline():
                    return pid
            except psutil.Error:
                continue
        return None

    def journal(self) -> Path:
        """The database of durable jobs."""
        return Path(self.environ["SUPERVISOR_STATE_DIR"]) / "journal.sqlite"

    def gateway_port(self) -> int | None:
        """Where the gateway listens, if it does."""
        found = re.findall(r"gateway: listening on http://127\.0\.0\.1:(\d+)", self.output)
        return int(found[-1]) if found else None

    def calm(self) -> None:
        """Wait until the pool is as before the storm, with all its processes and no job."""
        self.tune(BASE)
        self.workers(WORKERS)
        eventually(lambda: "gateway: listening" in self.output, "the gateway listens", 60.0)
        eventually(self.gateway_pid, "a gateway", 60.0)
        eventually(self.template_pid, "a template")
        eventually(self._idle, "no job is left", 60.0)
        eventually(lambda: not processes.zombies(self.pid), "every child is reaped")

    def _idle(self) -> bool:
        jobs = self.status()["jobs"]
        return bool(jobs["queued"] == jobs["running"] == 0)

    def wake(self) -> None:
        """Continue everything that was stopped."""
        for pid in self.family:
            os.kill(pid, signal.SIGCONT)

    def memory_mb(self) -> float:
        """Resident memory of the whole family, in 10^6 bytes.

        Each page counts for every process that has it: what a worker shares depends on
        whether the template that it came from still lives, and is no leak.
        """
        return sum(processes.rss_mb(pid) for pid in self.family)

    def close(self) -> None:
        """The clock's file, too."""
        self.clock.close()
        super().close()

    def _register(self) -> Path:
        """What an installer leaves in site-packages for a package with one engine."""
        site = self.directory / "site"
        metadata = site / "storm-1.dist-info"
        metadata.mkdir(parents=True)
        (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: storm\nVersion: 1\n")
        (metadata / "entry_points.txt").write_text(
            "[tts_supervisor.engines]\nstorm = storm:Storm\n"
        )
        return site
