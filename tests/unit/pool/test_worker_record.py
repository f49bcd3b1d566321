"""One worker as the supervisor holds it: which descriptors it owns, and what its log says."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from supervisor.core.machine import WorkerShape
from supervisor.pool.worker import Worker


def make(log: Path) -> Worker:
    """A worker that was not launched."""
    return Worker(1, WorkerShape(0, (0,), 1), log)


def test_closing_a_worker_closes_no_descriptor_of_somebody_else(tmp_path: Path) -> None:
    """Numbers of closed descriptors are used again at once; a worker must not close them twice."""
    worker = make(tmp_path / "0.log")
    worker.close_theirs()
    others = [socket.socketpair() for _ in range(4)]
    worker.kill("as a test")
    worker.close()
    worker.close()
    for left, right in others:
        left.send(b"still here")
        assert right.recv(16) == b"still here"
        left.close()
        right.close()


def test_a_worker_leaves_no_descriptor_open(tmp_path: Path) -> None:
    """Whether the worker got its ends or not, all that was opened is closed again."""
    before = sorted(os.listdir("/proc/self/fd"))
    for launched in (True, False):
        worker = make(tmp_path / "0.log")
        if launched:
            worker.close_theirs()
        worker.close()
    assert sorted(os.listdir("/proc/self/fd")) == before


def test_a_worker_that_is_gone_can_be_killed_again(tmp_path: Path) -> None:
    """It may end between the reason to kill it and the signal; that is no error."""
    child = os.fork()
    if child == 0:
        os._exit(0)
    worker = make(tmp_path / "0.log")
    worker.watch(child)
    os.waitpid(child, 0)
    worker.kill("too late")
    assert worker.kill_reason == "too late"
    worker.close()


def test_the_log_tail_holds_what_this_worker_wrote(tmp_path: Path) -> None:
    """A slot's log goes on over its workers; one's last words are not another's."""
    log = tmp_path / "0.log"
    log.write_text("Traceback of somebody else\n")
    worker = make(log)
    assert not worker.log_tail()
    with log.open("a") as file:
        file.write("first line\nlast line\n")
    assert worker.log_tail() == "first line | last line"
    log.write_text("")
    assert not worker.log_tail()
    log.unlink()
    assert not worker.log_tail()
    worker.close()
