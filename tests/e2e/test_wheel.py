"""The wheel in empty environments of every Python that it is for: installed, started, heard."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLAIN = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
VERSIONS = ("3.11", "3.12", "3.13")


def python_of(version: str) -> str | None:
    """An interpreter of this version: in PATH, or one that pyenv has installed."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = sorted(pyenv.glob(f"{version}.*/bin/python{version}"))
    if sys.version.startswith(f"{version}."):
        return sys.executable
    return str(found[-1]) if found else shutil.which(f"python{version}")


def run(*command: str | Path, environ: dict[str, str] | None = None) -> str:
    """Run to the end; what it said, where it failed."""
    done = subprocess.run(
        [str(word) for word in command],
        env=environ or PLAIN,
        cwd="/",
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, as `make wheel` does from the checkout."""
    source, dist = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    for name in ("supervisor", "workers"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "tts_supervisor.py"):
        shutil.copy(ROOT / name, source)
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", dist, source)
    (built,) = dist.glob("*.whl")
    return built


def speak(version: str, wheel: Path, place: Path) -> str:
    """Install it for one Python, start a supervisor, speak; what `--version` says."""
    python = python_of(version)
    assert python is not None
    run(python, "-m", "venv", place / "venv")
    command = place / "venv/bin/supervisor"
    # What is imported is compiled when it is; the rest would take long.
    run(place / "venv/bin/python", "-m", "pip", "install", "--quiet", "--no-compile", wheel)
    environ = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(place),
        "SUPERVISOR_RUN_DIR": str(place / "run"),
        "SUPERVISOR_STATE_DIR": str(place / "state"),
        "SUPERVISOR_LEASE_DIR": str(place / "cores"),
    }
    start = subprocess.Popen(
        [command, "start", "--set", "http.port=0"],
        env=environ,
        cwd="/",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        run(command, "say", "Hello there.", "-o", place / "hello.wav", environ=environ)
        assert "kokoro[kokoro]" not in run(command, "models", "list", environ=environ)
    finally:
        start.terminate()
        said = start.communicate(timeout=60)[1].decode()
    assert start.returncode == 0, said
    assert (place / "hello.wav").stat().st_size > 20_000
    return run(command, "--version", environ=environ)


@pytest.mark.timeout(420)
def test_it_speaks_in_empty_environments(wheel: Path, tmp_path: Path) -> None:
    """Nothing of the checkout is needed; nothing that is needed is missing."""
    here = [version for version in VERSIONS if python_of(version)]
    for version in here:
        (tmp_path / version).mkdir()
    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(lambda each: speak(each, wheel, tmp_path / each), here))
    assert said == ["supervisor 0.1.0\n"] * len(here)
    if len(here) < len(VERSIONS):
        pytest.skip(f"tried with {here}; the others of {VERSIONS} are not on this machine")


def test_beside_supervisord_one_line_says_what_is_wrong(wheel: Path, tmp_path: Path) -> None:
    """Its package has the name of ours: it may have been installed over ours."""
    run(sys.executable, "-m", "venv", "--without-pip", tmp_path)
    pip = (sys.executable, "-m", "pip", "--python", tmp_path / "bin/python")
    run(*pip, "install", "--quiet", "--no-deps", wheel)
    ours = next((tmp_path / "lib").glob("python*/site-packages/supervisor"))
    (ours / "__init__.py").write_text("#\n")
    command = [str(tmp_path / "bin/supervisor"), "--version"]
    done = subprocess.run(command, env=PLAIN, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "supervisord" in done.stderr
    assert "pip uninstall supervisor" in done.stderr
