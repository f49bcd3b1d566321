"""SIGKILL for the supervisor, at each phase of its life: no process of it outlives it, and the next
one starts in the same run directory.
"""

from __future__ import annotations

import pytest

from supervisor.wire import client as protocol
from tests.fixtures.staged import Staged
from tests.supervised import eventually

START_METHODS = ["forkserver", "spawn"]


def kill(staged: Staged) -> None:
    """Kill it; its whole family has to follow."""
    assert len(staged.family) > 1
    staged.kill()
    eventually(lambda: not staged.family, "no process is left")


def serves_again(staged: Staged) -> None:
    """A successor in the same run directory speaks."""
    for name in ("load-waits", "go"):
        (staged.stage / name).unlink(missing_ok=True)
    staged.start()
    with staged.wire() as peer:
        peer.send(protocol.Submit("again"), b"Hello there.")
        end, audio = peer.outcome()
        assert isinstance(end, protocol.End)
        assert end.bytes == len(audio) > 0
    assert staged.stop() == 0
    eventually(lambda: not staged.family, "no process is left")


@pytest.mark.parametrize("start_method", START_METHODS)
def test_killed_while_its_workers_load(start_method: str) -> None:
    """There is no worker yet, and an engine in the middle of its load."""
    staged = Staged(start_method)
    (staged.stage / "load-waits").touch()
    with staged.start(ready=False):
        staged.begun("loading")
        kill(staged)
        serves_again(staged)


@pytest.mark.parametrize("start_method", START_METHODS)
def test_killed_in_a_segment_with_workers_that_cannot_listen(start_method: str) -> None:
    """One worker holds the interpreter's lock for ever, the other one is stopped."""
    with Staged(start_method) as staged, staged.wire() as peer:
        staged.workers(2)
        peer.send(protocol.Submit("a"), b"Stuck.")
        stuck = staged.begun("stuck")
        (other,) = [w["pid"] for w in staged.workers(2) if w["pid"] != stuck]
        staged.pause(other)
        kill(staged)
        serves_again(staged)


@pytest.mark.parametrize("start_method", START_METHODS)
def test_killed_while_it_sends(start_method: str) -> None:
    """A client has some of its audio, a worker waits with more, both ends hang."""
    with Staged(start_method) as staged, staged.wire() as peer:
        peer.send(protocol.Submit("a", credit=1), b"Long. Hold.")
        staged.begun("long")
        staged.begun("holding")
        staged.go()
        while not isinstance(peer.receive()[0], protocol.Chunk):
            pass
        staged.halt()
        peer.send(protocol.Submit("b"), b"Hold. Hold.")
        staged.begun("holding")
        kill(staged)
        serves_again(staged)
