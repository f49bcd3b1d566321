"""The supervisor's side of the gateway: real processes in its place, and what becomes of them."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from supervisor.config import Settings
from supervisor.config.handover import take_over
from supervisor.config.loading import Loaded, Place
from supervisor.host import children
from supervisor.service import child as child_process
from supervisor.service import gateway as gateway_child
from supervisor.service.gateway import GatewayChild
from tests.fixtures import processes

LISTENS = """
import json, os, sys, time
print(json.dumps({"pid": os.getpid(), "host": "127.0.0.1", "port": 1}), flush=True)
time.sleep(60)
"""

REMEMBERS = """
import sys
with open(sys.argv[1], "a") as file:
    file.write("started\\n")
"""
"""Leaves a line in the file that its first argument names."""


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop in which a callback that fails fails the test."""
    loop = asyncio.new_event_loop()
    failures: list[object] = []
    loop.set_exception_handler(lambda _loop, context: failures.append(context))
    yield loop
    loop.close()
    assert not failures


@pytest.fixture
def make(
    loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., GatewayChild]]:
    """Makes a child that runs this Python program, and ends it with the test."""
    monkeypatch.setattr(child_process, "_FIRST_DELAY_S", 0.01)
    made: list[GatewayChild] = []

    def make(program: str, *arguments: str, settings: Settings | None = None) -> GatewayChild:
        command = [sys.executable, "-c", program, *arguments]
        child = GatewayChild(loop, given(settings), command)
        made.append(child)
        return child

    yield make
    for child in made:
        end(child)


def given(settings: Settings | None = None) -> Loaded:
    """Settings as they were loaded."""
    return Loaded(settings or Settings(), {}, [], Place("config.json"))


def end(child: GatewayChild) -> None:
    """End it, and reap what the supervisor leaves to its own end."""
    pidfd = os.dup(child._pidfd) if child._pidfd >= 0 else -1
    child.close()
    if pidfd >= 0:
        children.reap(pidfd)
        os.close(pidfd)


def until(loop: asyncio.AbstractEventLoop, probe: Callable[[], object], what: str) -> None:
    """Run the loop until the answer is true."""
    deadline = loop.time() + 20.0
    while not probe():
        assert loop.time() < deadline, f"not within 20 s: {what}"
        loop.run_until_complete(asyncio.sleep(0.005))


def lines(file: Path) -> int:
    """How often the program has left its mark."""
    return file.read_text().count("\n") if file.exists() else 0


def test_a_gateway_that_was_killed_comes_back(
    loop: asyncio.AbstractEventLoop, make: Callable[..., GatewayChild]
) -> None:
    """Another process listens; meanwhile there is no address, and nothing is left unreaped."""
    child = make(LISTENS)
    child.start()
    until(loop, lambda: child.address, "it listens")
    assert child.address is not None
    first = child.address.pid
    os.kill(first, signal.SIGKILL)
    until(loop, lambda: child.address is None, "its end is seen")
    until(loop, lambda: child.address, "another one listens")
    assert child.address is not None
    assert child.address.pid != first
    assert child.restarts == 1
    assert first not in processes.zombies(os.getpid())


def test_one_that_cannot_run_is_not_tried_again(
    loop: asyncio.AbstractEventLoop, make: Callable[..., GatewayChild], tmp_path: Path
) -> None:
    """Exit status 2 is final, and said once; any other is not."""
    final, other = tmp_path / "final", tmp_path / "other"
    child = make(f"{REMEMBERS}sys.exit(2)", str(final))
    child.start()
    again = make(f"{REMEMBERS}sys.exit(1)", str(other))
    again.start()
    until(loop, lambda: lines(other) >= 3, "exit status 1 is tried again")
    assert lines(final) == 1
    assert child.restarts == 0


@pytest.mark.parametrize(
    "noise", ["hello", "{}", '{"pid": "many"}', "\\udcff", "[" * 3000, "", "x" * 10_000]
)
def test_output_that_is_no_announcement_is_passed_over(
    loop: asyncio.AbstractEventLoop, make: Callable[..., GatewayChild], noise: str
) -> None:
    """Whatever it prints first, the announcement after it counts."""
    before = f"import sys; sys.stdout.reconfigure(errors='surrogateescape'); print('{noise}')\n"
    child = make(before + LISTENS)
    child.start()
    until(loop, lambda: child.address, "the announcement is found")
    assert child.restarts == 0


def test_an_announcement_in_pieces_is_put_together(
    loop: asyncio.AbstractEventLoop, make: Callable[..., GatewayChild], tmp_path: Path
) -> None:
    """The pipe may hand out half a line."""
    go = tmp_path / "go"
    halves = f"""
import os, sys, time
print('{{"pid": 1, "host": "127', end="", flush=True)
while not os.path.exists({str(go)!r}):
    time.sleep(0.005)
print('.0.0.1", "port": 7}}', flush=True)
time.sleep(60)
"""
    child = make(halves)
    child.start()
    until(loop, lambda: child._rest, "the first half came")
    assert child.address is None
    go.touch()
    until(loop, lambda: child.address, "the rest came")
    assert child.address == gateway_child.Announcement(1, "127.0.0.1", 7)


def test_one_that_dies_before_it_reads_its_settings_comes_back(
    loop: asyncio.AbstractEventLoop, make: Callable[..., GatewayChild], tmp_path: Path
) -> None:
    """Settings longer than a pipe holds neither block the supervisor nor break it."""
    large = Settings.model_validate({"engines": {"options": {"toy": {"key": "x" * 300_000}}}})
    mark = tmp_path / "mark"
    child = make(f"{REMEMBERS}os = __import__('os'); os._exit(1)", str(mark), settings=large)
    child.start()
    until(loop, lambda: lines(mark) >= 3, "it is tried again")


def test_the_settings_arrive_whole(
    loop: asyncio.AbstractEventLoop, make: Callable[..., GatewayChild], tmp_path: Path
) -> None:
    """What it reads from stdin, up to its end, is what was given."""
    large = Settings.model_validate({"engines": {"options": {"toy": {"key": "x" * 300_000}}}})
    read = tmp_path / "read"
    program = "import sys, time; open(sys.argv[1], 'wb').write(sys.stdin.buffer.read())\n"
    child = make(program + LISTENS, str(read), settings=large)
    child.start()
    until(loop, lambda: child.address, "it listens")
    assert take_over(read.read_bytes()) == (large, Place("config.json"))


def test_a_command_that_cannot_be_started_is_tried_again(
    loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No process, no descriptors: the pool goes on, and the gateway comes when there are."""
    monkeypatch.setattr(child_process, "_FIRST_DELAY_S", 0.01)
    command = tmp_path / "gateway"
    child = GatewayChild(loop, given(), [str(command)])
    before = len(os.listdir("/proc/self/fd"))
    child.start()
    until(loop, lambda: child.restarts >= 2, "it is tried again")
    assert len(os.listdir("/proc/self/fd")) == before
    command.write_text(f"#!{sys.executable}\n{LISTENS}")
    command.chmod(0o755)
    until(loop, lambda: child.address, "it listens")
    end(child)
    assert child.address is None


def counted(child: GatewayChild) -> list[bool]:
    """Grows with each decision on whether to wait for this child; what it was then."""
    decisions: list[bool] = []
    child.on_decided = lambda: decisions.append(child.address is not None)
    return decisions


def test_it_is_awaited_until_it_listens_for_the_first_time(
    loop: asyncio.AbstractEventLoop, make: Callable[..., GatewayChild]
) -> None:
    """Not again after it was killed: what is ready stays so."""
    child = make(LISTENS)
    decisions = counted(child)
    assert not child.awaited, "nobody waits for what was not started"
    child.start()
    assert (child.awaited, decisions) == (True, [])
    until(loop, lambda: child.address, "it listens")
    assert (child.awaited, decisions) == (False, [True])
    assert child.address is not None
    os.kill(child.address.pid, signal.SIGKILL)
    until(loop, lambda: child.address is None, "its end is seen")
    assert not child.awaited
    until(loop, lambda: child.address, "another one listens")
    assert decisions == [True]


def test_one_that_cannot_run_is_not_awaited(
    loop: asyncio.AbstractEventLoop, make: Callable[..., GatewayChild]
) -> None:
    """It is known at once that it does not come."""
    child = make("import sys; sys.exit(2)")
    decisions = counted(child)
    child.start()
    until(loop, lambda: not child.awaited, "it is given up")
    assert decisions == [False]


def test_one_that_keeps_ending_is_not_awaited_for_ever(
    loop: asyncio.AbstractEventLoop,
    make: Callable[..., GatewayChild],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its first ends decide nothing; patience does, once, and it is tried on."""
    patience: list[Callable[[], None]] = []
    monkeypatch.setattr(gateway_child, "LISTEN_TIMEOUT_S", 3600.0)
    child = make("import sys; sys.exit(1)")
    decisions = counted(child)
    call_later = loop.call_later

    def noted(seconds: float, act: Callable[..., None], *given: object) -> asyncio.TimerHandle:
        if seconds == gateway_child.LISTEN_TIMEOUT_S:
            patience.append(act)
        return call_later(seconds, act, *given)

    monkeypatch.setattr(loop, "call_later", noted)
    child.start()
    until(loop, lambda: child.restarts >= 2, "it is tried again")
    assert (child.awaited, decisions) == (True, [])
    (lose_patience,) = patience
    lose_patience()
    assert (child.awaited, decisions) == (False, [False])
    before = child.restarts
    until(loop, lambda: child.restarts > before, "it is tried on")
    assert decisions == [False]


def test_who_is_asked_to_end_decides_nothing(
    loop: asyncio.AbstractEventLoop,
    make: Callable[..., GatewayChild],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A supervisor that is stopped while it starts does not get ready by that."""
    monkeypatch.setattr(gateway_child, "LISTEN_TIMEOUT_S", 0.05)
    child = make("import time; time.sleep(60)")
    decisions = counted(child)
    child.start()
    child.stop()
    until(loop, lambda: not child.running, "it is gone")
    loop.run_until_complete(asyncio.sleep(2 * gateway_child.LISTEN_TIMEOUT_S))
    assert decisions == []


def test_after_stop_it_stays_away(
    loop: asyncio.AbstractEventLoop, make: Callable[..., GatewayChild], tmp_path: Path
) -> None:
    """Asked to end while it waits for its next try, or while it runs, it does not come back."""
    running = make(LISTENS)
    running.start()
    until(loop, lambda: running.address, "it listens")
    mark = tmp_path / "mark"
    waiting = make(f"{REMEMBERS}sys.exit(1)", str(mark))
    waiting.start()
    until(loop, lambda: waiting.restarts == 1, "it waits")
    waiting.stop()
    running.stop()
    until(loop, lambda: running.address is None, "it is gone")
    assert (running.restarts, lines(mark)) == (0, 1)
