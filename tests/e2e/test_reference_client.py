"""docs/PROTOCOL.md is enough to write a client: the one in docs/ speaks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import soundfile

from tests.supervised import Supervised

CLIENT = Path(__file__).parents[2] / "docs" / "reference_client.py"


def run(supervised: Supervised, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the reference client, with warnings as errors."""
    return subprocess.run(
        [sys.executable, "-W", "error", str(CLIENT), *arguments],
        env=supervised.environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_reference_client_speaks(running_supervisor: Supervised, tmp_path: Path) -> None:
    """JSON headers and plain pyzmq give a WAV file, over more audio than the first credit."""
    wav = tmp_path / "out.wav"
    text = "The quick brown fox jumps over the lazy dog. " * 10
    result = run(running_supervisor, text, str(wav))
    assert (result.returncode, result.stderr) == (0, "")
    samples, rate = soundfile.read(wav)
    assert rate == 24_000
    assert len(samples) * 4 > 1 << 20
    assert abs(samples).max() > 0.1


def test_the_reference_client_passes_on_what_was_wrong(
    running_supervisor: Supervised, tmp_path: Path
) -> None:
    """A refusal arrives as one line with the protocol's code."""
    result = run(running_supervisor, " ", str(tmp_path / "out.wav"))
    assert result.returncode == 1
    assert result.stderr.startswith("empty_text: ")


def test_the_reference_client_stays_small() -> None:
    """It is there to be read: under 80 lines, and nothing of the package in it."""
    source = CLIENT.read_text(encoding="utf-8")
    assert len(source.splitlines()) < 80
    assert "import supervisor" not in source
    assert "from supervisor" not in source
    result = subprocess.run(
        [sys.executable, str(CLIENT)], capture_output=True, text=True, check=False
    )
    assert "reference_client.py" in result.stderr
