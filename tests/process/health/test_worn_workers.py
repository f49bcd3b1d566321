"""Workers that have done or grown enough are replaced, and no job notices."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from supervisor.wire import client as protocol
from tests.fixtures import processes
from tests.fixtures.scene import Scene
from tests.fixtures.staged import Staged
from tests.supervised import eventually


@pytest.mark.parametrize("start_method", ["forkserver", "spawn"])
def test_after_so_many_segments_a_worker_is_replaced(start_method: str) -> None:
    """Its slot never stands empty: the replacement is ready before the old one goes."""
    settings: dict[str, Any] = {"pool.max_segments_per_worker": 5}
    with Staged(start_method, settings, workers=1) as staged, Scene(staged, 1) as scene:
        pids = set()
        for number in itertools.count():
            pids.add(staged.workers(1)[0]["pid"])
            if len(pids) == 3:
                break
            assert number < 100
            end = scene.submit("One. Two. Three.").outcome()
            assert isinstance(end, protocol.End)
            assert end.retried == 0
        assert "is replaced: 5 segments" in staged.output
        assert staged.status()["pool"]["restarts"] == 0, "nobody died"


def test_the_old_worker_finishes_its_segment_before_the_new_one_speaks() -> None:
    """Both exist for a while, on the same core; only one of them speaks."""
    settings: dict[str, Any] = {"pool.max_segments_per_worker": 1}
    with Staged(settings=settings, workers=1) as staged, Scene(staged, 1) as scene:
        first = scene.worker(0)
        job = scene.submit("One. Hold. And after it.")
        assert staged.begun("holding") == first

        def states() -> dict[str, int]:
            """Both, or nothing yet."""
            found = {w["state"]: w["pid"] for w in staged.status()["workers"]}
            return found if found.keys() >= {"retiring", "standby"} else {}

        both = eventually(states, "the old one and its replacement")
        assert both["retiring"] == first
        assert processes.allowed_cpus(both["standby"]) == processes.allowed_cpus(first)
        staged.go()
        assert job.done()
        eventually(lambda: not processes.alive(first), "the old one is gone")


def test_a_worker_that_holds_too_much_memory_is_replaced() -> None:
    """By its proportional set size, which counts what is shared with the template once."""
    with Staged(workers=1) as staged, Scene(staged, 1) as scene:
        first = staged.workers(1)[0]
        limit = round(float(first["pss_mb"])) + 40
        override = staged.stage.parent / "override.json"
        override.write_text(f'{{"pool": {{"max_worker_pss_mb": {limit}}}}}')
        eventually(lambda: "max_worker_pss_mb" in staged.output, "the setting is applied")
        assert scene.submit("Hello.").done()
        assert scene.submit("Hoard.").done()
        assert staged.begun("hoarding") == first["pid"]
        eventually(lambda: not processes.alive(int(first["pid"])), "the fat one is gone")
        assert "is replaced: " in staged.output
        assert " MB" in staged.output
        assert float(staged.workers(1)[0]["pss_mb"]) < limit
