"""Workers whose address space ends: their segment is spoken elsewhere, and nobody is told."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest

from supervisor.wire import client as protocol
from tests.fixtures import processes
from tests.fixtures.scene import Scene
from tests.fixtures.staged import Staged
from tests.supervised import eventually


def confine(pid: int) -> None:
    """From now on the process may map 8 MB more than it has."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[0])
    limit = pages * os.sysconf("SC_PAGESIZE") + (8 << 20)
    resource.prlimit(pid, resource.RLIMIT_AS, (limit, limit))


@pytest.mark.parametrize("durable", [False, True], ids=["plain", "durable"])
def test_a_worker_out_of_memory_costs_its_segment_nothing_but_time(durable: bool) -> None:
    """RLIMIT_AS is met in the middle of a segment: the worker ends, another one speaks."""
    with Staged() as staged, Scene(staged) as scene:
        staged.go()
        expected = scene.submit("Grow.").done()
        staged.begun("growing")
        staged.halt()
        job = scene.submit("Grow.", durable=durable)
        victim = staged.begun("growing")
        confine(victim)
        staged.go()
        assert job.done() == expected
        end = job.outcome()
        assert isinstance(end, protocol.End)
        assert end.retried == 1
        eventually(lambda: not processes.alive(victim), "the worker has ended")
        assert "MemoryError" in staged.output
