"""A worker is ready once it is known which process it is: its two messengers may overtake
each other.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from pathlib import Path

from supervisor.core.machine import WorkerShape
from supervisor.core.pool import events as pool_events
from supervisor.pool.interpreters import PrestartedTemplate
from supervisor.pool.launcher import WorkerEnds
from supervisor.pool.workers import Workers
from supervisor.wire.worker import Fork, Setup, Shaped, encode
from tests.supervised import eventually

REPORT = Shaped(
    pid=1,
    cpus=(0,),
    threads=1,
    affinities=(),
    session_generation=0,
    session_build_s=0.0,
    environment={},
    error=None,
)


class Hesitant:
    """A launcher that leaves the worker's ends to the test, and answers when it is told to."""

    pid = None

    def __init__(self) -> None:
        self.groups: set[int] = set()
        self.control: socket.socket | None = None

    def start(self, prestarted: PrestartedTemplate | None = None) -> None: ...

    def greeting(self, order: Fork) -> list[bytes]:
        return []

    def launch(self, order: Fork, ends: WorkerEnds) -> None:
        self.control = ends.control.dup()

    def set_up(self, setup: Setup) -> None: ...

    def take_answers(self) -> None: ...

    def close(self) -> None: ...


def turn(loop: asyncio.AbstractEventLoop) -> bool:
    """Let the loop take what there is."""
    loop.run_until_complete(asyncio.sleep(0))
    return True


def test_a_report_that_comes_first_waits_for_the_pid(tmp_path: Path) -> None:
    """Nobody is told of a worker whose process is not known, and nobody is forgotten."""
    loop, launcher = asyncio.new_event_loop(), Hesitant()
    seen: list[tuple[pool_events.Event, int]] = []

    def to_pool(event: pool_events.Event) -> None:
        seen.append((event, worker.pid))

    def nobody(_: object) -> None: ...

    workers = Workers(loop, tmp_path, Setup((), {}), "forkserver", to_pool, nobody, nobody, nobody)
    workers.launcher = launcher
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        workers.effects[pool_events.Launch](pool_events.Launch(1, WorkerShape(0, (0,), 1)))
        worker = workers.by_epoch[1]
        assert launcher.control is not None
        launcher.control.send(encode(REPORT))
        eventually(lambda: turn(loop) and worker.early is not None, "the report")
        assert seen == []
        workers._forked(1, child.pid, None)
        ((event, known),) = seen
        assert isinstance(event, pool_events.Ready)
        assert known == child.pid
        child.kill()
        eventually(lambda: turn(loop) and not workers.by_epoch, "its end")
    launcher.control.close()
    workers.close()
    loop.close()
