"""A benchmark that lacks what it needs says so in a line; nothing fails, nothing is overwritten."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks import __main__ as runner
from benchmarks.aside import Aside, prepare
from benchmarks.harness import LeftOut

NO_SUCH = Aside("recogniser", ("no-such-package==1",))


def fails(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
    """pip without an index."""
    return subprocess.CompletedProcess(command, 1, "", "notice\nERROR: No matching distribution\n")


def test_what_cannot_be_installed_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One line with the packages and the last that pip said; the next run tries again."""
    monkeypatch.setenv("SUPERVISOR_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(subprocess, "run", fails)
    for _ in range(2):
        with pytest.raises(LeftOut) as left_out:
            prepare(NO_SUCH)
        assert str(left_out.value) == (
            "recogniser is missing: no-such-package==1 cannot be installed "
            "(ERROR: No matching distribution)"
        )


def test_an_environment_is_made_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Made for these packages, it is used as it is; for others it is made anew."""
    commands: list[list[str]] = []

    def succeeds(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        if command[1:3] == ["-m", "venv"]:
            Path(command[3]).mkdir(parents=True)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setenv("SUPERVISOR_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(subprocess, "run", succeeds)
    home = prepare(NO_SUCH)
    made = len(commands)
    assert prepare(NO_SUCH) == home
    assert len(commands) == made
    prepare(NO_SUCH._replace(packages=("another==1",)))
    assert commands[-1][-1] == "another==1"
    prepare(NO_SUCH._replace(alone=("old==1",)))
    assert commands[-2][-1] == "no-such-package==1"
    assert commands[-1][-2:] == ["--no-deps", "old==1"]


def test_a_benchmark_that_is_left_out_keeps_its_result(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says why, saves nothing, and ends with a code of its own that is no failure."""

    def run() -> None:
        raise LeftOut("no prose: set PROSE")

    def save(_record: object) -> None:
        raise AssertionError("saved")

    monkeypatch.setattr(runner, "_module", lambda _name: SimpleNamespace(run=run))
    monkeypatch.setattr(runner, "save", save)
    with pytest.raises(SystemExit) as ended:
        runner.run_here("prose")
    assert capsys.readouterr().out == "  no prose: set PROSE\n"
    monkeypatch.setattr(
        subprocess, "run", lambda *_, **__: SimpleNamespace(returncode=ended.value.code)
    )
    assert runner.run_apart("prose")
    assert "left out" in capsys.readouterr().out
