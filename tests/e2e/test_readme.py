"""The session of README, pasted into a shell as it stands."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from supervisor.client import NoSupervisor
from supervisor.client.discovery import find_gateway
from tests.programs import install, install_supervisor

ROOT = Path(__file__).parents[2]


def pasted(text: str) -> str:
    """The lines that can be pasted, but for the environment, which the test has."""
    found = re.search(r"pasted at once:\n\n((?:    .*\n)+)", text)
    assert found, "README has a session"
    lines = [line.strip() for line in found[1].splitlines()]
    assert lines[0] == "source .venv/bin/activate"
    return "\n".join(lines[1:])


def python_block(text: str) -> str:
    """The first example in Python."""
    found = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert found
    return found[1]


def test_the_session_works_when_it_is_pasted(tmp_path: Path) -> None:
    """Commands wait for the supervisor that the first line starts; something is heard."""
    text = (ROOT / "README.md").read_text()
    programs = tmp_path / "bin"
    install_supervisor(programs)
    install(programs, "paplay", f"exec cat >{tmp_path}/heard")
    environ = {
        "PATH": f"{programs}:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "PYTHONPATH": str(ROOT),
        "SUPERVISOR_RUN_DIR": str(tmp_path / "run"),
        "SUPERVISOR_STATE_DIR": str(tmp_path / "state"),
        "SUPERVISOR_LEASE_DIR": str(tmp_path / "cores"),
        "SUPERVISOR_HTTP__PORT": "0",
    }
    session = f"{pasted(text)}\n{sys.executable} - <<'END'\n{python_block(text)}\nEND\n"
    ends = "until supervisor status | grep page; do sleep 0.1; done; supervisor drain; wait"
    said = tmp_path / "said"
    with said.open("w") as output:
        shell = subprocess.Popen(
            ["bash", "-e", "-c", f"{session}\n{ends}"],
            env=environ,
            cwd=tmp_path,
            stdout=output,
            stderr=output,
            process_group=0,
        )
    try:
        code = shell.wait(110)
    except subprocess.TimeoutExpired:
        pytest.fail(f"not within 110 s; so far: {said.read_text()}")
    finally:
        with suppress(ProcessLookupError):
            os.killpg(shell.pid, signal.SIGKILL)
        shell.wait()
    told = said.read_text()
    assert code == 0, told
    assert (tmp_path / "heard").stat().st_size > 50_000
    assert re.search(r"running, page http://127\.0\.0\.1:\d+/\n", told)
    assert "drained in" in told


def test_who_asks_for_the_page_of_no_supervisor_is_told(tmp_path: Path) -> None:
    """The address is published while HTTP is served."""
    environ = {"SUPERVISOR_RUN_DIR": str(tmp_path)}
    with pytest.raises(NoSupervisor, match="no supervisor is running"):
        find_gateway(environ)
