"""The command itself, before it does anything: its version, and how it takes Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from supervisor import __version__

INTERRUPTED_AT = """
import os, runpy, signal, sys

class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupt())
sys.argv = ["supervisor", "start", "--set", "http.enabled=false"]
runpy.run_module("supervisor", run_name="__main__")
"""


def test_the_version_is_printed() -> None:
    """What a report of a defect begins with."""
    command = [sys.executable, "-W", "error", "-m", "supervisor", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"supervisor {__version__}\n", "")


@pytest.mark.parametrize(
    "module",
    ["supervisor.cli", "typer", "supervisor.cli.top", "supervisor.service.supervisor", "zmq"],
)
def test_ctrl_c_while_it_imports_what_it_needs_ends_it_quietly(tmp_path: Path, module: str) -> None:
    """As Ctrl-C ends any program: a shell sees 130, and nobody a traceback."""
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_AT.format(module=module)],
        env={**os.environ, "SUPERVISOR_RUN_DIR": str(tmp_path / "run")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) in [(-signal.SIGINT, ""), (128 + signal.SIGINT, "")]
