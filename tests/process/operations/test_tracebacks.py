"""SIGUSR1 tells where a process of ours is, and ends none: not even one that is just starting."""

from __future__ import annotations

import os
import resource
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.fixtures.staged import Staged
from tests.supervised import Supervised, eventually, free_port

STACK = "most recent call first"


def module_of(pid: int) -> str:
    """What runs in a process of Python, by its command line."""
    with suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
        for name in ("supervisor.gateway", "workers.template", "workers.process", "supervisor"):
            if name in words:
                return name
    return ""


def written(log: Path, place: str) -> None:
    """Wait until a traceback that goes through this file is in the log."""

    def found() -> bool:
        _before, stack, after = log.read_text().partition(STACK)
        return bool(stack) and f'/{place}", line' in after

    eventually(found, f"a traceback through {place} in {log}")


@pytest.mark.parametrize("start_method", ["forkserver", "spawn"])
def test_every_process_tells_where_it_is_and_goes_on(start_method: str) -> None:
    """Supervisor, gateway, template and workers: each writes every thread's place to its log, the
    one place that is asked for when something hangs; no text of a job is in it.
    """
    port = free_port()
    settings = {"http.enabled": True, "http.port": port}
    with Staged(start_method, settings) as staged, staged.wire() as peer:
        eventually(lambda: f"listening on http://127.0.0.1:{port}" in staged.output, "the gateway")
        workers = [worker["pid"] for worker in staged.workers(2)]
        template = peer.status()["supervisor"]["template_pid"]
        family = staged.family
        gateways = [pid for pid in family if module_of(pid) == "supervisor.gateway"]
        assert len(gateways) == 1
        for pid, place in (
            (staged.pid, "supervisor/cli/start.py"),
            (gateways[0], "supervisor/gateway/__main__.py"),
            (template, "workers/template.py"),
        ):
            if pid is not None:
                os.kill(pid, signal.SIGUSR1)
                written(staged.log, place)
        for worker in staged.workers(2):
            os.kill(worker["pid"], signal.SIGUSR1)
            written(staged.run_dir / "workers" / f"{worker['slot']}.log", "workers/speaker.py")
        assert staged.family == family
        assert [worker["pid"] for worker in staged.workers(2)] == workers
        assert staged.stop() == 0


@pytest.mark.parametrize("start_method", ["forkserver", "spawn"])
def test_no_start_is_too_early_for_it(start_method: str) -> None:
    """Every process that the supervisor starts gets the signal in its first moments, when its
    interpreter has not come to any line of ours; it comes up as if nothing had been.
    """
    settings = {"http.enabled": True, "http.port": free_port()}
    staged = Staged(start_method, settings)
    with staged.start(ready=False):
        seen: set[int] = set()
        deadline = time.monotonic() + 60
        while "ready: " not in staged.output or "listening on" not in staged.output:
            assert time.monotonic() < deadline, staged.output[-2000:]
            for pid in staged.family - {staged.pid} - seen:
                seen.add(pid)
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGUSR1)
            time.sleep(0.003)
        alive = staged.family
        assert len(seen & alive) >= 3, "workers and gateway are those that were signalled"
        assert staged.status()["pool"]["restarts"] == 0
        assert "gateway: ended" not in staged.output
        assert staged.stop() == 0


def test_the_supervisor_itself_is_not_ended_by_it_either() -> None:
    """Not while it serves, nor while it drains."""
    with Supervised() as supervised:
        os.kill(supervised.pid, signal.SIGUSR1)
        eventually(lambda: STACK in supervised.output, "a traceback")
        with supervised.wire() as peer:
            peer.status()
        supervised.process.send_signal(signal.SIGTERM)  # type: ignore[union-attr]
        eventually(lambda: "draining" in supervised.output, "the drain")
        with suppress(ProcessLookupError):
            os.kill(supervised.pid, signal.SIGUSR1)
        assert supervised.stop() == 0


def test_a_crash_leaves_no_image_of_its_memory() -> None:
    """Not of the supervisor, nor of anything that it starts; the operator may allow it again."""
    with Staged() as staged:
        staged.workers(2)
        for pid in staged.family:
            soft, hard = resource.prlimit(pid, resource.RLIMIT_CORE)
            assert soft in {0, 1}, f"{pid} may write {soft} bytes"
            assert hard == resource.getrlimit(resource.RLIMIT_CORE)[1]
