"""Segments that end, flood, or confuse their workers: the job pays, nobody else."""

from __future__ import annotations

import pytest

from supervisor.core.jobs.machine import POISON_KILLS
from supervisor.wire import client as protocol
from tests.fixtures.scene import Scene
from tests.fixtures.staged import Staged


@pytest.mark.parametrize("start_method", ["forkserver", "spawn"])
@pytest.mark.parametrize(
    ("text", "words", "durable"),
    [
        ("Die.", "signal SIGKILL", False),
        ("Die.", "signal SIGKILL", True),
        ("Flood.", "bytes of audio for one segment", False),
        ("Babble.", "it wrote nonsense instead of audio", False),
        ("Pretend.", "it answered for a segment that it was not given", False),
    ],
)
def test_a_segment_that_costs_three_workers_is_given_up(
    text: str, words: str, durable: bool, start_method: str
) -> None:
    """The client learns which segment it was and what it did; others are served meanwhile."""
    with Staged(start_method) as staged, Scene(staged) as scene:
        culprit = scene.submit(f"Before. {text}", durable=durable)
        bystander = scene.submit("Somebody else. Is served meanwhile. To the end.")
        error = culprit.outcome()
        assert isinstance(error, protocol.Error)
        assert error.code == "poison"
        assert f"segment 1 ended {POISON_KILLS} workers" in error.message
        assert words in error.message
        assert bystander.done()
        assert staged.status()["jobs"]["quarantined"] == 1
        assert staged.output.count(words) == POISON_KILLS
