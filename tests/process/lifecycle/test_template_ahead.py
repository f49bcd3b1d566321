"""The template starts before it is known whether the supervisor will: it never outlives it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import psutil
import pytest

from tests.supervised import Supervised, eventually

TEMPLATE = "workers.template"


def family(run_dir: Path) -> list[psutil.Process]:
    """Every process that was started for this run directory and has not ended."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("SUPERVISOR_RUN_DIR") == str(run_dir):
                found.append(process)
        except psutil.Error:
            continue
    return found


def templates(run_dir: Path) -> list[psutil.Process]:
    """Those of the family that run the template's module."""
    found = []
    for process in family(run_dir):
        try:
            if TEMPLATE in process.cmdline():
                found.append(process)
        except psutil.Error:
            continue
    return found


def environ(run_dir: Path) -> Mapping[str, str]:
    """For a supervisor of a test."""
    return {
        **os.environ,
        "SUPERVISOR_RUN_DIR": str(run_dir),
        "SUPERVISOR_STATE_DIR": str(run_dir / "state"),
        "SUPERVISOR_LEASE_DIR": str(run_dir / "leases"),
    }


@pytest.mark.parametrize("option", ["pool.start_method=neither", "broker.tcp=nowhere"])
def test_a_start_that_fails_leaves_none(tmp_path: Path, option: str) -> None:
    """It is gone before the supervisor is."""
    command = [sys.executable, "-m", "supervisor", "start", "--set", option]
    done = subprocess.run(
        command, env=environ(tmp_path), capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert family(tmp_path) == []


def test_spawned_workers_need_none() -> None:
    """Each loads its own engines; the template that was there is not kept."""
    with Supervised({"pool.start_method": "spawn"}) as supervisor:
        assert templates(supervisor.run_dir) == []
        assert supervisor.stop() == 0


def test_a_supervisor_killed_at_its_start_leaves_none(tmp_path: Path) -> None:
    """Even where neither of the two has come to look after the other."""
    command = [sys.executable, "-m", "supervisor", "start", "--set", "http.enabled=false"]
    with subprocess.Popen(command, env=environ(tmp_path), stderr=subprocess.DEVNULL) as process:
        eventually(lambda: len(family(tmp_path)) == 2, "a second process")
        process.send_signal(signal.SIGKILL)
    eventually(lambda: family(tmp_path) == [], "the end of the template")


def test_it_is_not_told_what_the_service_manager_told_us(tmp_path: Path) -> None:
    """Or it would speak for the supervisor, which has not taken it out of its environment yet."""
    command = [sys.executable, "-m", "supervisor", "start", "--set", "http.enabled=false"]
    told = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "1000000"}
    given = {**environ(tmp_path), **told}
    with subprocess.Popen(command, env=given, stderr=subprocess.DEVNULL) as process:
        (template,) = eventually(lambda: templates(tmp_path), "the template")
        assert not told.keys() & template.environ().keys()
        process.send_signal(signal.SIGKILL)
