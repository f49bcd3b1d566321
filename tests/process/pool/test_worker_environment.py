"""What every worker is started with, whichever way it is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from supervisor.pool.interpreters import ENVIRONMENT
from tests.supervised import Supervised


@pytest.mark.parametrize("start_method", ["forkserver", "spawn"])
def test_the_environment_holds_from_the_first_instruction(start_method: str) -> None:
    """The C library and the runtime read it as they are loaded: it is what the kernel gave."""
    noop = {"engines.default": "noop", "engines.preload": ["noop"]}
    with Supervised({**noop, "pool.start_method": start_method}) as supervised:
        for worker in supervised.workers(1):
            block = Path(f"/proc/{worker['pid']}/environ").read_bytes().decode()
            given = dict(line.split("=", 1) for line in block.split("\0") if line)
            fixed = {name for name in ENVIRONMENT if not name.endswith("_NUM_THREADS")}
            assert fixed == {"ORT_DISABLE_TELEMETRY", "GLIBC_TUNABLES"}
            assert {name: given.get(name) for name in fixed} == {
                name: ENVIRONMENT[name] for name in fixed
            }
        assert supervised.stop() == 0, supervised.output
