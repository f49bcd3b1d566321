"""The service manager's side of the conversation, without one: the notify socket is the test's."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from supervisor.host.service_manager import ServiceManager
from supervisor.wire import client as protocol
from tests.fixtures.staged import Staged
from tests.supervised import eventually

WATCHDOG_S = 3.0


class Listener:
    """A notify socket, and everything that came, in order."""

    def __init__(self, address: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.settimeout(0)
        self.heard: list[str] = []

    def listen(self) -> list[str]:
        """All lines so far."""
        while True:
            try:
                self.heard += self.socket.recv(4096).decode().splitlines()
            except BlockingIOError:
                return self.heard


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[Listener]:
    """A socket in the file system, as systemd's."""
    found = Listener(str(tmp_path / "notify"))
    yield found
    found.socket.close()


def managed(listener: Listener) -> Staged:
    """A supervisor under that manager, not started yet."""
    staged = Staged(workers=1)
    staged.environ["NOTIFY_SOCKET"] = listener.socket.getsockname()
    staged.environ["WATCHDOG_USEC"] = str(int(WATCHDOG_S * 1e6))
    return staged


def test_ready_is_said_after_the_first_worker_and_not_before(listener: Listener) -> None:
    """While the engines load there is nobody who could speak."""
    staged = managed(listener)
    (staged.stage / "load-waits").touch()
    with staged.start(ready=False):
        staged.begun("loading")
        eventually(lambda: "WATCHDOG=1" in listener.listen(), "the first sign of life")
        assert "READY=1" not in listener.heard
        staged.go()
        eventually(lambda: "READY=1" in listener.listen(), "ready")
        assert [w["state"] for w in staged.status()["workers"]] == ["idle"]
        assert staged.stop() == 0


def test_the_watchdog_is_fed_by_one_who_works_and_not_by_one_who_is_stopped(
    listener: Listener,
) -> None:
    """At least twice within its time; and never from a child in the supervisor's place."""
    with managed(listener) as staged:
        eventually(lambda: listener.listen().count("WATCHDOG=1") >= 4, "signs of life")
        staged.pause(staged.pid)
        listener.listen().clear()
        with pytest.raises(AssertionError):
            eventually(listener.listen, "a sign of life from the dead", WATCHDOG_S)
        os.kill(staged.pid, signal.SIGCONT)
        eventually(lambda: "WATCHDOG=1" in listener.listen(), "signs of life again")
        for worker in staged.status()["workers"]:
            environ = Path(f"/proc/{worker['pid']}/environ").read_bytes()
            assert b"NOTIFY_SOCKET" not in environ
            assert b"WATCHDOG_USEC" not in environ
        assert staged.stop() == 0


def test_a_stop_is_announced_with_the_time_that_it_may_take(listener: Listener) -> None:
    """The manager then waits for the grace period, and feeds on signs of life meanwhile."""
    with managed(listener) as staged, staged.wire() as peer:
        peer.send(protocol.Submit("a"), b"Hold.")
        staged.begun("holding")
        assert staged.process is not None
        staged.process.send_signal(signal.SIGTERM)
        eventually(lambda: "STOPPING=1" in listener.listen(), "the announcement")
        extend = next(line for line in listener.heard if line.startswith("EXTEND_TIMEOUT_USEC="))
        assert int(extend.partition("=")[2]) > 30e6
        listener.heard.clear()
        eventually(lambda: "WATCHDOG=1" in listener.listen(), "signs of life while it drains")
        staged.go()
        assert staged.process.wait(10) == 0


def test_what_is_meant_for_another_process_or_makes_no_sense_is_left_alone() -> None:
    """A watchdog of the parent's is none of ours; nor does a bad value stop the start."""
    for environ in (
        {"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"},
        {"WATCHDOG_USEC": "soon"},
        {"WATCHDOG_USEC": "0"},
        {"NOTIFY_SOCKET": "relative/path"},
        {"NOTIFY_SOCKET": "/nowhere/notify"},
    ):
        manager = ServiceManager(dict(environ))
        assert manager.watchdog_s is None
        manager.ready("serving")
        manager.alive(1.0)
        manager.close()
        manager.ready("after the end")


def test_a_ping_is_not_put_off_for_a_wakeup_that_came_a_little_early(listener: Listener) -> None:
    """Wakeups at whole seconds, as a clock has them, and a third of the deadline is one second."""
    environ = {
        "NOTIFY_SOCKET": str(listener.socket.getsockname()),
        "WATCHDOG_USEC": str(int(WATCHDOG_S * 1e6)),
    }
    manager = ServiceManager(environ)
    for second in range(10):
        manager.alive(second + (0.004 if second % 2 else 0.008))
    assert listener.listen().count("WATCHDOG=1") == 10
    for _ in range(100):
        manager.alive(9.5)
    assert listener.listen().count("WATCHDOG=1") == 10, "not more often than it is due"
    manager.close()


def test_an_abstract_socket_is_understood() -> None:
    """`@` begins a name that is in no file system."""
    listener = Listener(f"\0sv-notify-{os.getpid()}")
    try:
        manager = ServiceManager({"NOTIFY_SOCKET": f"@sv-notify-{os.getpid()}"})
        manager.ready("serving")
        assert listener.listen() == ["READY=1", "STATUS=serving"]
        manager.close()
    finally:
        listener.socket.close()
