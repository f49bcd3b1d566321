"""One supervisor for one run directory: a second one, a killed one, and one that cannot start."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

from tests.fixtures.staged import Staged
from tests.supervised import eventually


def start_another(staged: Staged, *options: str) -> subprocess.CompletedProcess[str]:
    """`supervisor start` in the same run directory, until it gives up."""
    command = [sys.executable, "-W", "error", "-m", "supervisor", "start"]
    return subprocess.run(
        [*command, "--set", "http.enabled=false", *options],
        env=staged.environ,
        cwd=staged.stage,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def test_a_second_supervisor_refuses_and_names_the_first() -> None:
    """In one line, with exit code 4 (refused); the first one does not notice."""
    with Staged() as staged:
        second = start_another(staged)
        assert second.returncode == 4
        (line,) = second.stderr.splitlines()
        assert f"pid {staged.pid}" in line
        assert str(staged.run_dir) in line
        assert len(staged.workers(2)) == 2
        # Nor does it matter whether the first one answers.
        staged.pause(staged.pid)
        assert f"pid {staged.pid}" in start_another(staged).stderr
        assert staged.process is not None
        staged.process.send_signal(signal.SIGCONT)
        assert staged.stop() == 0


def test_what_a_killed_supervisor_left_does_not_stop_the_next() -> None:
    """Socket, address and lock file lie there, and mean nothing."""
    with Staged() as staged:
        staged.stop(signal.SIGKILL)
        left = {path.name for path in staged.run_dir.iterdir()}
        assert {"client.sock", "supervisor.json", "lock"} <= left
        staged.log.unlink()
        staged.start()
        published = json.loads((staged.run_dir / "supervisor.json").read_text())
        assert published["pid"] == staged.pid
        assert published["epoch"] == staged.status()["supervisor"]["epoch"]
        assert staged.stop() == 0


def complaints(staged: Staged) -> list[str]:
    """What was said beside the log of an ordinary start."""
    return [line for line in staged.output.splitlines() if " INFO | " not in line]


@pytest.mark.parametrize("start_method", ["forkserver", "spawn"])
@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        ({"engines.preload": ["hibary"]}, "no engine 'hibary'; installed are: hibari"),
        ({"engines.default": "hibary"}, "no engine 'hibary'; installed are: hibari"),
        ("load-fails", "engine stunts: the stage is on fire"),
    ],
)
def test_an_engine_that_is_not_there_or_does_not_load_is_one_line_and_exit_code_2(
    start_method: str, prepare: dict[str, object] | str, words: str
) -> None:
    """Nothing is started that could not speak, and no process is left behind."""
    settings = prepare if isinstance(prepare, dict) else {}
    staged = Staged(start_method, settings, workers=1)
    if isinstance(prepare, str):
        (staged.stage / prepare).touch()
    with staged.start(ready=False):
        assert staged.process is not None
        assert staged.process.wait(20) == 2
        (line,) = complaints(staged)
        assert words in line
        eventually(lambda: not staged.family, "no process is left")
        assert not (staged.run_dir / "supervisor.json").exists()


def test_a_template_that_dies_while_it_loads_is_one_line_and_exit_code_2() -> None:
    """A crash in somebody's native code has no traceback, but a name."""
    staged = Staged()
    (staged.stage / "load-dies").touch()
    with staged.start(ready=False):
        assert staged.process is not None
        assert staged.process.wait(20) == 2
        (line,) = complaints(staged)
        assert "the template ended while it loaded the engines (signal SIGKILL)" in line
        eventually(lambda: not staged.family, "no process is left")
