"""A session that is built where there is no memory for it: a MemoryError, whoever raised it."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import os, resource
from pathlib import Path
from workers.engines import registry
from workers.session import build_session
engine = registry.make("hibari", {})
engine.load()
model = next(iter(engine._models.values()))
pages = int(Path("/proc/self/statm").read_text().split()[0])
limit = pages * os.sysconf("SC_PAGESIZE") + (1 << 20)
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
try:
    build_session(model, 1)
except MemoryError as error:
    print("MemoryError:", error)
"""


def test_a_session_that_does_not_fit_is_a_memory_error() -> None:
    """The runtime says `std::bad_alloc` in an error of its own; RLIMIT_AS makes it."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.startswith("MemoryError: "), done
