"""`supervisor models`, run as an operator runs it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from supervisor.cli import models
from supervisor.installing import how_to_install
from workers.engines.kokoro import voices


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Empty caches, and a working directory without a configuration."""
    monkeypatch.setenv("SUPERVISOR_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("HIBARI_HOME", str(tmp_path / "hibari"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    """The command's exit code and output."""
    return CliRunner().invoke(models.app, arguments)


def test_list_shows_what_is_here_and_what_is_not(home: Path) -> None:
    """Each model has size and licence; what is missing says how it comes."""
    listed = {model["name"]: model for model in json.loads(run("list", "--json").stdout)}
    assert listed["hibari-heart"]["path"].endswith("hibari.onnx")
    assert listed["hibari-heart"]["size"] == Path(listed["hibari-heart"]["path"]).stat().st_size
    assert listed["kokoro-voices"]["path"] is None
    assert {model["licence"] for model in listed.values()} >= {"Apache-2.0", "MIT"}
    assert listed["japanese-reader"]["how"] == how_to_install("japanese")
    table = run("list").stdout
    assert "kokoro-voices     28.2 MB  Apache-2.0  not here: supervisor models pull" in table


def test_pull_from_a_file_that_is_no_collection(home: Path) -> None:
    """A pull that fails is one line and exit code 5."""
    (home / "voices.npz").write_bytes(b"nothing of the kind")
    result = run("pull", "kokoro-voices", "--from", "voices.npz")
    assert result.exit_code == 5
    assert result.stderr.startswith("supervisor: voices.npz holds no Kokoro voices")
    assert result.stderr.count("\n") == 1


def test_pull_from_a_collection(home: Path) -> None:
    """Without a network: the voices of a file are here afterwards, and listed so."""
    table = np.zeros((voices.ROWS, voices.WIDTH), np.float32)
    (home / "voices.npz").write_bytes(voices.packed({"af_heart": table, "zf_xiaoyi": table}))
    result = run("pull", "kokoro-voices", "--from", "voices.npz")
    assert (result.exit_code, result.stderr) == (0, "")
    listed = {model["name"]: model for model in json.loads(run("list", "--json").stdout)}
    path = Path(listed["kokoro-voices"]["path"])
    assert path.is_relative_to(home / "cache")
    assert voices.names(path) == ["af_heart", "zf_xiaoyi"]


def test_unknown_model(home: Path) -> None:
    """A name that no engine knows is a usage error that lists the names."""
    result = run("pull", "kokoro-voice")
    assert result.exit_code == 2
    assert "no model is named 'kokoro-voice'; there are hibari-heart" in result.stderr


def test_wrong_configuration(home: Path) -> None:
    """The engines' settings come from the configuration, so its errors come first."""
    (home / "config.json").write_text('{"engines": {"hibari": {"voices": 1}}}')
    result = run("list")
    assert result.exit_code == 2
    assert "engines.hibari.voices" in result.stderr


def test_verify_without_a_derived_model(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Where the published model is in use there is nothing to verify, and the command says so."""
    settings = '{"engines": {"kokoro": {"optimization": "none"}}}'
    (home / "config.json").write_text(settings)
    result = run("verify", "kokoro", "--sample", "1")
    assert result.exit_code == 5
    assert "there is no derived model in use: nothing to verify" in capfd.readouterr().err


def test_calibrate_takes_models_that_can_be(home: Path) -> None:
    """hibari has nothing to calibrate: a usage error."""
    assert run("calibrate", "hibari").exit_code == 2
