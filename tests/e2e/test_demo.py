"""`make demo` does what it says, and the supervisor it starts is the light process it should be."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmarks.service import service
from supervisor.testing import PrivateSupervisorError

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(400)
@pytest.mark.parametrize("engine", ["hibari", "kokoro"])
def test_the_demo_speaks_the_paragraph(tmp_path: Path, engine: str) -> None:
    """One command leaves a WAV file with half a minute of sound and prints the figures, with
    either engine.
    """
    outcome = subprocess.run(
        [sys.executable, "-m", "scripts.demo", "--engine", engine],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=350,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    samples, sample_rate = soundfile.read(tmp_path / "demo.wav", dtype="float32")
    assert 15 < len(samples) / sample_rate < 60
    assert np.sqrt(np.mean(samples**2)) > 0.01
    for figure in ("s of audio", "real-time factor", "first audio", "worker 0", "cores"):
        assert figure in outcome.stdout


def test_the_supervisor_process_loads_neither_numpy_nor_an_engine() -> None:
    """What the import contracts promise on paper holds in the memory map of the process."""
    with service({"engines.preload": ["noop"], "engines.default": "noop"}) as running:
        mapped = Path(f"/proc/{running.pid}/maps").read_text()
    assert "zmq" in mapped
    assert "numpy" not in mapped
    assert "onnxruntime" not in mapped


def test_a_supervisor_that_cannot_start_is_reported_with_its_reason() -> None:
    """A benchmark on a wrong setting ends with the supervisor's own words, at once."""
    with (
        pytest.raises(PrivateSupervisorError, match="no_such"),
        service({"pool.start_method": "no_such"}),
    ):
        pytest.fail("it started")
