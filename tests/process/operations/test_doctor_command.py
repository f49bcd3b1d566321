"""`supervisor doctor` on the machine of the test: codes, JSON, and that it disturbs nothing."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.supervised import Supervised

DOCTOR = [sys.executable, "-W", "error", "-m", "supervisor", "doctor"]


def run(environ: dict[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    """The command to its end."""
    return subprocess.run(
        [*DOCTOR, *options],
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_it_speaks_of_every_subject_and_makes_nothing(
    running_supervisor: Supervised, tmp_path: Path
) -> None:
    """Without a supervisor; the directories that it looked at still do not exist."""
    environ = {
        **running_supervisor.environ,
        "SUPERVISOR_RUN_DIR": str(tmp_path / "run"),
        "SUPERVISOR_STATE_DIR": str(tmp_path / "state"),
    }
    done = run(environ, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    document = json.loads(done.stdout)
    assert document["ok"] is True
    checks = {finding["check"] for finding in document["findings"]}
    assert checks >= {
        "cpu",
        "governor",
        "limits",
        "memory",
        "run directory",
        "state directory",
        "journal",
        "settings",
        "models",
        "onnxruntime",
    }
    assert not (tmp_path / "run").exists()
    assert not (tmp_path / "state").exists()


def test_the_limits_are_those_of_the_supervisor_that_runs(running_supervisor: Supervised) -> None:
    """A shell may have others, which is why `ulimit -n` there tells nothing."""
    before = resource.prlimit(running_supervisor.pid, resource.RLIMIT_NOFILE)
    try:
        resource.prlimit(running_supervisor.pid, resource.RLIMIT_NOFILE, (90, before[1]))
        done = run(running_supervisor.environ)
    finally:
        resource.prlimit(running_supervisor.pid, resource.RLIMIT_NOFILE, before)
    assert done.returncode == 2
    assert "90 open files" in done.stdout
    assert "LimitNOFILE" in done.stdout
    assert f"pid {running_supervisor.pid}" in done.stdout


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one core cannot be fewer")
def test_the_cores_are_those_of_the_supervisor_that_runs(running_supervisor: Supervised) -> None:
    """A shell on one core says nothing of a service on all of them."""
    all_cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(all_cores)})
    try:
        done = run(running_supervisor.environ)
        alone = run({**running_supervisor.environ, "SUPERVISOR_RUN_DIR": "/nonexistent"})
    finally:
        os.sched_setaffinity(0, all_cores)
    assert f"{len(all_cores)} of " in done.stdout.partition("cores usable")[0]
    assert "affinity" not in done.stdout
    assert "this process may run on 1 of " in alone.stdout


def test_settings_that_are_wrong_are_a_problem_among_the_others(
    running_supervisor: Supervised,
) -> None:
    """The rest is looked at all the same; exit code 2."""
    done = run(running_supervisor.environ, "--set", "http.prt=1")
    assert done.returncode == 2
    assert "nearest valid key: http.port" in done.stdout
    assert "cpu" in done.stdout
