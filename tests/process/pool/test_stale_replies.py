"""Replies that come once more than they should: counted and dropped, and no reason to kill."""

from __future__ import annotations

from tests.fixtures.scene import Scene
from tests.fixtures.staged import Staged
from tests.supervised import eventually


def test_a_doubled_reply_is_counted_and_its_worker_goes_on() -> None:
    """The job has its audio once, the next job has its own, and nobody was replaced."""
    with Staged(workers=1) as staged, Scene(staged, workers=1) as scene:
        pid = scene.worker()
        expected = scene.submit("And on.").done()
        assert scene.submit("Twice.").done()
        assert scene.submit("And on.").done() == expected
        eventually(lambda: staged.status()["jobs"]["stale"] == 1, "the second reply is counted")
        assert scene.worker() == pid
        assert staged.status()["pool"]["restarts"] == 0
