"""docs/PROTOCOL.md from another language: the example for Node speaks."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
import soundfile

from tests.e2e.examples.programs import EXAMPLES
from tests.supervised import Supervised

INSTALL_S = 60


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example with its package installed beside it, in a directory of its own.

    A copy, so that the checkout stays as it is; npm's own cache serves it without a network.
    """
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("node and npm are not installed")
    directory = tmp_path_factory.mktemp("node") / "example"
    shutil.copytree(EXAMPLES / "node", directory, ignore=shutil.ignore_patterns("node_modules"))
    install = [npm, "ci", "--prefer-offline", "--no-audit", "--no-fund"]
    try:
        result = subprocess.run(
            install,
            cwd=directory,
            capture_output=True,
            text=True,
            timeout=INSTALL_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm could not install zeromq within {INSTALL_S} s")
    if result.returncode != 0:
        pytest.skip(f"npm could not install zeromq: {result.stderr.strip().splitlines()[-1:]}")
    return directory / "speak.js"


def run(
    environ: Mapping[str, str], program: Path, *arguments: object
) -> subprocess.CompletedProcess[str]:
    """The ended program."""
    return subprocess.run(
        ["node", str(program), *map(str, arguments)],
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_node_speaks(running_supervisor: Supervised, program: Path, tmp_path: Path) -> None:
    """More audio than the first credit becomes a WAV file of the right length."""
    wav = tmp_path / "out.wav"
    text = "The quick brown fox jumps over the lazy dog. " * 10
    result = run(running_supervisor.environ, program, text, wav)
    assert (result.returncode, result.stderr) == (0, "")
    samples, rate = soundfile.read(wav)
    assert rate == 24_000
    assert len(samples) * 4 > 1 << 20
    assert abs(samples).max() > 0.1


def test_node_says_what_is_wrong(
    running_supervisor: Supervised, program: Path, tmp_path: Path
) -> None:
    """One line and the exit code of its class: no text, nothing to speak, no supervisor."""
    wav = tmp_path / "out.wav"
    nowhere = {**os.environ, "SUPERVISOR_RUN_DIR": str(tmp_path)}
    cases = [
        (run(running_supervisor.environ, program), 2, "usage: "),
        (run(running_supervisor.environ, program, " ", wav), 2, "empty_text: "),
        (run(nowhere, program, "Hello.", wav), 3, "no supervisor is running"),
    ]
    for result, code, beginning in cases:
        assert result.returncode == code
        assert result.stderr.startswith(f"speak.js: {beginning}")
        assert result.stderr.count("\n") == 1
    assert not wav.exists()
