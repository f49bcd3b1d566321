"""Real engines with real models, and programs that run them in a process of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from workers.engines.kokoro import weights

ONE_THREAD = {
    "ORT_DISABLE_TELEMETRY": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}

_PRINT_ANSWER = "import msgspec, sys; sys.stdout.buffer.write(msgspec.json.encode(answer))"

Program = Callable[[str], object]
"""Takes code, gives what the code put into `answer`."""


@pytest.fixture(scope="session")
def kokoro_cache(cache_directory: Path) -> Path:
    """The run's cache directory; Kokoro's weights are assembled in it."""
    weights.assemble()
    return cache_directory


@pytest.fixture
def program(kokoro_cache: Path) -> Program:
    """Run Python code in an interpreter of its own, in a worker's environment; what the
    code puts into `answer` comes back.
    """

    def run(code: str) -> object:
        whole = f"{textwrap.dedent(code)}\n{_PRINT_ANSWER}"
        environment = {**os.environ, **ONE_THREAD, "SUPERVISOR_CACHE_DIR": str(kokoro_cache)}
        done = subprocess.run(
            [sys.executable, "-c", whole],
            env=environment,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        answer: object = msgspec.json.decode(done.stdout)
        return answer

    return run
