"""Run an example as its README says."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

EXAMPLES = Path(__file__).parents[3] / "examples"


def example(
    environ: Mapping[str, str], name: str, *arguments: object
) -> subprocess.CompletedProcess[str]:
    """The ended program; warnings are errors."""
    return subprocess.run(
        command(name, *arguments),
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def command(name: str, *arguments: object) -> list[str]:
    """The command line of a Python example."""
    return [sys.executable, "-W", "error", str(EXAMPLES / name), *map(str, arguments)]
