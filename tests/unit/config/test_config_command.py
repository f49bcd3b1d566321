"""`supervisor config`, as an operator types it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from supervisor.cli.config import app
from supervisor.client.lock_holder import open_holder
from supervisor.config import Settings
from tests.unit.config.places import Place, cpu

MIN_CORES = "performance.dynamic_cpu_allocation.min_cores"

HOLDER = """
import signal, sys
lock = open(sys.argv[1], "w")
signal.signal(signal.SIGHUP, lambda *_: print("hung up", flush=True))
print("ready", flush=True)
while True:
    signal.pause()
"""


@pytest.fixture(autouse=True)
def _own_environment(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("SUPERVISOR_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SUPERVISOR_RUN_DIR", str(place.config.parent / "run"))


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the lock of the run directory open and notes a SIGHUP."""
    (tmp_path / "run").mkdir()
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "run/lock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


def run(*arguments: str) -> Result:
    """Run `supervisor config` with these arguments."""
    return CliRunner().invoke(app, arguments)


def test_profiles_are_shown_by_the_clock(place: Place) -> None:
    """What is in force now and the edges of the coming days, for people and for programs."""
    assert "there are no profiles" in run("profiles").output
    always = {"name": "always", "to": "24:00", "set": cpu(min_cores=2)}
    later = {"name": "leap", "dates": ["2096-02-29"], "set": cpu(min_cores=3)}
    hourly = {"name": "hourly", "every": {"minute": "0-1"}, "set": cpu(max_cores=9)}
    place.override.write_text(json.dumps({"profiles": [always, later, hourly]}))
    shown = run("profiles").output.splitlines()
    assert shown[0].startswith("now: always")
    assert re.fullmatch(r"always  now +to  later", shown[1])
    assert re.fullmatch(r"hourly  .* \d\d:00 .*  to  .* \d\d:02 .*", shown[5])
    assert shown[-1].endswith("more; --json lists them all")
    report = json.loads(run("profiles", "--days", "1", "--json").output)
    assert report["profiles"] == ["always", "leap", "hourly"]
    assert report["active"][0] == "always"
    hours = [each for each in report["coming"] if each["name"] == "hourly"]
    assert 24 <= len(hours) <= 25
    lines = run("show", "--origin").output.splitlines()
    (line,) = [line for line in lines if line.startswith(MIN_CORES)]
    assert re.fullmatch(rf"{MIN_CORES} = 2 +profile always \({place.override.name}\)", line)


def publish(pid: int, directory: Path) -> None:
    """Say in the run directory that this process is the supervisor."""
    document = {"pid": pid, "epoch": "e", "protocol": 1, "endpoints": {}, "version": "0"}
    (directory / "supervisor.json").write_text(json.dumps(document))


def test_show_prints_every_value_and_its_origin(place: Place) -> None:
    """One line per setting; with --origin it says where the value is from."""
    place.override.write_text('{"http": {"port": 9}}')
    assert "http.port = 9" in run("show").stdout.splitlines()
    (line,) = [x for x in run("show", "--origin").stdout.splitlines() if x.startswith("http.port")]
    assert line.split() == ["http.port", "=", "9", "override.json"]


def test_show_json_is_a_config_json(place: Place) -> None:
    """What --json prints can be saved as config.json."""
    result = run("show", "--json", "--set", "http.port=7")
    shown = json.loads(result.stdout)
    assert shown == Settings().model_dump() | {"http": shown["http"]}
    assert shown["http"]["port"] == 7


def test_show_json_with_origins() -> None:
    """With --origin each key has value and origin."""
    report = json.loads(run("show", "--json", "--origin", "--set", "http.port=7").stdout)
    assert report["http.port"] == {"value": 7, "origin": "command line http.port"}
    assert report["http.host"] == {"value": "127.0.0.1", "origin": "default"}


def test_show_of_other_files(tmp_path: Path) -> None:
    """--config and --override name the files; old names are told on stderr."""
    (tmp_path / "a.json").write_text(
        '{"performance": {"dynamic_cpu_allocation": {"max_threshold": 60}}}'
    )
    (tmp_path / "b.json").write_text('{"http": {"port": 5}}')
    result = run("show", "--config", "a.json", "--override", "b.json")
    assert "performance.dynamic_cpu_allocation.cpu_target = 60.0" in result.stdout
    assert "http.port = 5" in result.stdout
    assert "a.json: min_threshold and max_threshold are old names" in result.stderr


@pytest.mark.parametrize("arguments", [("show",), ("check", "override.json")])
def test_error_is_one_line_with_exit_code_2(place: Place, arguments: tuple[str, ...]) -> None:
    """A wrong file gives one line on stderr and nothing on stdout."""
    place.override.write_text('{"http": {"prt": 9}}')
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "supervisor: override.json: unknown key http.prt; nearest valid key: http.port\n"
    )


def test_check_says_ok(place: Place) -> None:
    """A fragment that is right passes, in words and as JSON."""
    place.override.write_text('{"segments": {"max_chars": 60}}')
    result = run("check", "override.json")
    assert (result.exit_code, result.stdout) == (0, "override.json: ok\n")
    report = json.loads(run("check", "override.json", "--json").stdout)
    assert report == {"file": "override.json", "ok": True, "warnings": []}


def test_check_json_reports_the_error(place: Place) -> None:
    """A program gets the same line as a person, and the exit code."""
    place.override.write_text("{")
    result = run("check", "override.json", "--json")
    assert result.exit_code == 2
    report = json.loads(result.stdout)
    assert report["ok"] is False
    assert report["error"].startswith("override.json: invalid JSON at line 1")


def test_reload_without_supervisor() -> None:
    """Exit code 3, and the line says how to start one."""
    result = run("reload")
    assert result.exit_code == 3
    assert "supervisor start" in result.stderr


def test_reload_hangs_up_on_the_supervisor(holder: subprocess.Popen[str], tmp_path: Path) -> None:
    """The process that holds the run directory gets SIGHUP."""
    publish(holder.pid, tmp_path / "run")
    result = run("reload")
    assert (result.exit_code, result.stderr) == (0, "")
    assert str(holder.pid) in result.stdout
    assert holder.stdout is not None
    assert holder.stdout.readline() == "hung up\n"


def test_reload_spares_a_stranger_with_the_pid(
    holder: subprocess.Popen[str], tmp_path: Path
) -> None:
    """A process that does not hold the lock is not signalled, and one that ended neither."""
    (tmp_path / "run/lock").unlink()
    (tmp_path / "run/lock").touch()
    publish(holder.pid, tmp_path / "run")
    result = run("reload")
    assert result.exit_code == 3
    assert "is gone" in result.stderr
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert open_holder(holder.pid, tmp_path / "run/lock") is None
    assert holder.stdout is not None
    assert holder.stdout.read() == ""
