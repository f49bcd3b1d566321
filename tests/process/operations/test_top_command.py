"""`supervisor top` against a running supervisor: on a terminal, without one, and recording."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import termios
from pathlib import Path
from typing import Any

import pytest

from supervisor.simulate.scenario import ENGINES
from supervisor.simulate.trace import read
from supervisor.simulate.workload import SegmentSource
from tests.supervised import Supervised, eventually

TOP = [sys.executable, "-m", "supervisor", "top"]


def run(supervised: Supervised, *options: str) -> subprocess.CompletedProcess[str]:
    """The command to its end."""
    return subprocess.run(
        [*TOP, *options],
        env=supervised.environ,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_without_a_terminal_one_snapshot_is_printed(running_supervisor: Supervised) -> None:
    """In a pipe it neither waits nor writes control sequences."""
    done = run(running_supervisor)
    assert done.returncode == 0, done.stderr
    assert f"pid {running_supervisor.pid}, running" in done.stdout
    assert "leased of" in done.stdout
    assert "\x1b" not in done.stdout


def test_json_is_one_snapshot(running_supervisor: Supervised) -> None:
    """A script finds the figures of the screen in one document."""
    done = run(running_supervisor, "--json")
    document: dict[str, Any] = json.loads(done.stdout)
    assert document["state"] == "running"
    assert document["cores"] == document["allocated"] == 2
    assert {worker["state"] for worker in document["workers"]} == {"idle"}
    assert document["target"] == 75.0


def test_nobody_there_is_exit_code_3(tmp_path: Path) -> None:
    """Without a supervisor there is one line that says how to start one."""
    supervised = Supervised({})
    try:
        done = run(supervised)
        assert done.returncode == 3
        assert "supervisor start" in done.stderr
        assert done.stderr.count("\n") == 1
    finally:
        supervised.close()


def test_what_is_recorded_can_be_simulated(running_supervisor: Supervised, tmp_path: Path) -> None:
    """Lines appear while it runs, SIGTERM ends it with 0, and `simulate` reads the file."""
    file = tmp_path / "load.jsonl"
    process = subprocess.Popen([*TOP, "--record", str(file)], env=running_supervisor.environ)
    try:
        eventually(lambda: file.exists() and file.read_text().count("\n") >= 3, "three records")
    finally:
        process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert all(line.keys() >= {"t", "utilization", "cores", "queue"} for line in lines)
    load = read(file, SegmentSource(ENGINES["hibari"], 80.0, 1))
    assert load.seconds >= lines[-1]["t"] - lines[0]["t"]


def test_a_file_that_cannot_be_written_is_said_at_once(running_supervisor: Supervised) -> None:
    """Exit code 2 and one line, before anything is drawn."""
    done = run(running_supervisor, "--record", "/nowhere/load.jsonl")
    assert done.returncode == 2
    assert "/nowhere/load.jsonl" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("key", [b"q", b"\x03"], ids=["q", "Ctrl-C"])
def test_on_a_terminal_it_lives_until_a_key_ends_it(
    running_supervisor: Supervised, key: bytes
) -> None:
    """It takes the whole screen and gives the terminal back as it was."""
    pid, terminal = pty.fork()
    if pid == 0:
        environ = {**running_supervisor.environ, "TERM": "xterm-256color"}
        os.execve(TOP[0], TOP, environ)  # noqa: S606  # there is no shell on purpose
    screen = bytearray()
    try:
        eventually(lambda: _more(terminal, screen) and b"leased of" in screen, "the screen")
        assert b"\x1b[?1049h" in screen, "the whole screen"
        shown = termios.tcgetattr(terminal)[3]
        assert not shown & termios.ICANON, "keys come one by one"
        os.write(terminal, key)
        while _more(terminal, screen):
            pass
        _, status = os.waitpid(pid, 0)
    finally:
        os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 0
    assert b"\x1b[?1049l" in screen, "the screen as it was"


def _more(terminal: int, screen: bytearray) -> bool:
    """Read what was drawn; False once nobody can draw any more."""
    try:
        screen += os.read(terminal, 65536)
    except OSError:
        return False
    return True
