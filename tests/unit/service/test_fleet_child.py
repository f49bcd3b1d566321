"""The agent of the fleet as the supervisor's child, with small programs in its place; and a host
without a fleet, which has nothing of it.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from supervisor.config import Settings
from supervisor.service import child as child_process
from supervisor.service.fleet import COMMAND, FleetChild
from supervisor.wire.status import FleetStatus

SERVERS = {"servers": ["nats://127.0.0.1:1"]}


def settings(**fleet: object) -> Settings:
    """Settings of a host with a fleet."""
    return Settings(fleet={**SERVERS, **fleet})


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., FleetChild]]:
    """Makes a child that runs this Python program, and ends it with the test."""
    monkeypatch.setattr(child_process, "_FIRST_DELAY_S", 0.01)
    loop = asyncio.new_event_loop()
    made: list[FleetChild] = []

    def make(program: str, *arguments: str, given: Settings | None = None) -> FleetChild:
        command = [sys.executable, "-c", program, *arguments]
        made.append(FleetChild(loop, given or settings(), command))
        return made[-1]

    yield make
    for child in made:
        pidfd = os.dup(child._pidfd) if child.running else -1
        child.close()
        if pidfd >= 0:
            os.waitid(os.P_PIDFD, pidfd, os.WEXITED)
            os.close(pidfd)
    loop.close()


def until(child: FleetChild, probe: Callable[[], object]) -> None:
    """Run the child's loop until a condition holds."""

    async def wait() -> None:
        deadline = time.monotonic() + 20
        while not probe():
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)

    child._loop.run_until_complete(wait())


def test_a_host_without_servers_has_nothing_of_it() -> None:
    """No process, and no module: neither the supervisor's nor the gateway's nor a client's program
    loads what speaks to NATS.
    """
    loop = asyncio.new_event_loop()
    child = FleetChild(loop, Settings())
    child.start()
    child.configure(Settings(fleet={"lanes": 2}))
    assert not child.running
    assert child.status == FleetStatus(state="alone")
    loop.close()
    code = (
        "import sys, supervisor.service.supervisor, supervisor.gateway.process, supervisor.client\n"
        "print([m for m in sys.modules if m.split('.')[0] in ('nats', 'nkeys', 'nacl')\n"
        "       or m.startswith(('supervisor.nats', 'supervisor.fleet', 'supervisor.core.fleet'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_it_gets_the_settings_and_each_change_of_them(
    make: Callable[..., FleetChild], tmp_path: Path
) -> None:
    """A message each, and the end of the supervisor is the end of them."""
    mark = tmp_path / "mark"
    program = (
        "import json, socket, sys\n"
        "given = socket.socket(fileno=0)\n"
        "with open(sys.argv[1], 'a', buffering=1) as mark:\n"
        "    while message := given.recv(1 << 20):\n"
        "        print(json.loads(message)['settings']['fleet']['lease_s'], file=mark)\n"
        "    print('end', file=mark)\n"
    )
    child = make(program, str(mark))
    child.start()
    until(child, lambda: mark.exists() and mark.read_text().split() == ["30.0"])
    child.configure(settings())
    child.configure(settings(lease_s=7.0))
    until(child, lambda: mark.read_text().split() == ["30.0", "7.0"])
    assert child._link is not None
    child._link.close()
    until(child, lambda: "end" in mark.read_text())


def test_it_tells_how_it_gets_along(make: Callable[..., FleetChild]) -> None:
    """What it says last counts; once it has ended it starts again, unless it cannot run."""
    program = (
        "import sys\n"
        'print(\'{"state": "joined"}\', flush=True)\n'
        "print('nonsense', flush=True)\n"
        'print(\'{"state": "refused", "reason": "no key"}\', flush=True)\n'
        "sys.exit(2)\n"
    )
    child = make(program)
    assert child.status == FleetStatus(state="joining")
    child.start()
    until(child, lambda: not child.running)
    assert child.status == FleetStatus(state="refused", reason="no key")
    assert child.restarts == 0
    child = make("import sys; sys.exit(3)")
    child.start()
    until(child, lambda: child.restarts >= 2)
    assert child.status.state == "degraded"
    assert "exit status 3" in child.status.reason
    child = make("import sys; sys.exit(2)")
    child.start()
    until(child, lambda: child.status.state == "refused")
    assert child.status.reason


def test_without_the_extra_it_says_what_brings_it(make: Callable[..., FleetChild]) -> None:
    """In one line, and does not try again."""
    program = (
        "import runpy, sys\nsys.modules['nats'] = None\nsys.argv = ['x']\n"
        f"runpy.run_module({COMMAND[-1]!r}, run_name='__main__')\n"
    )
    child = make(program)
    child.start()
    until(child, lambda: not child.running)
    assert child.status.state == "refused"
    assert "extra fleet is missing" in child.status.reason
    assert "install" in child.status.reason


def test_a_credentials_file_that_is_missing_is_told(
    make: Callable[..., FleetChild], tmp_path: Path
) -> None:
    """By the agent itself, as the state of the fleet."""
    missing = tmp_path / "missing.creds"
    program = f"import runpy\nrunpy.run_module({COMMAND[-1]!r}, run_name='__main__')\n"
    child = make(program, given=settings(credentials=str(missing)))
    child.start()
    until(child, lambda: not child.running)
    assert child.status == FleetStatus(
        state="refused", reason=f"{missing}: No such file or directory"
    )
