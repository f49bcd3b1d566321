"""SIGKILL for a worker, at each phase of its life: clients notice nothing, nothing is left."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from supervisor.wire import client as protocol
from tests.fixtures import processes
from tests.fixtures.scene import Scene
from tests.fixtures.staged import Staged
from tests.supervised import eventually


@pytest.fixture(scope="module", params=["forkserver", "spawn"])
def staged(request: pytest.FixtureRequest) -> Iterator[Staged]:
    """Two workers, for each way of starting them; no slot is parked for what is done to it here."""
    with Staged(request.param, {"pool.restart_intensity": 100}) as supervised:
        yield supervised
        assert supervised.stop() == 0, supervised.output


def kill(pid: int) -> None:
    """End a process as the kernel would when memory runs out."""
    os.kill(pid, signal.SIGKILL)


def test_killed_while_idle_its_slot_is_filled_again(staged: Staged) -> None:
    """And the other worker goes on meanwhile."""
    with Scene(staged) as scene:
        kill(scene.worker(0))
        assert scene.submit("Hello there. Who is it?").done()


def test_killed_while_it_starts_it_is_started_again(staged: Staged) -> None:
    """The replacement of a killed worker is killed as soon as it exists."""
    with Scene(staged) as scene:
        first = scene.worker(0)
        known = staged.family
        kill(first)
        replacement = eventually(lambda: staged.family - known, "a replacement").pop()
        kill(replacement)
        eventually(lambda: scene.worker(0) not in {first, replacement}, "a third one")


@pytest.mark.parametrize("durable", [False, True], ids=["plain", "durable"])
def test_killed_in_a_segment_the_segment_is_spoken_elsewhere(staged: Staged, durable: bool) -> None:
    """The audio is what an undisturbed run gives, to the byte, and each part came once."""
    text = "Before it. Hold. After it. And more after that."
    with Scene(staged) as scene:
        staged.go()
        expected = scene.submit(text).done()
        staged.begun("holding")
        staged.halt()
        disturbed = scene.submit(text, durable=durable)
        kill(staged.begun("holding"))
        staged.begun("holding")
        staged.go()
        assert disturbed.done() == expected
        end = disturbed.outcome()
        assert isinstance(end, protocol.End)
        assert end.retried == 1


def test_killed_while_it_sends_the_half_of_its_audio_is_forgotten(staged: Staged) -> None:
    """The supervisor is stopped, so that the worker stands in the middle of its packets."""
    with Scene(staged) as scene:
        staged.go()
        expected = scene.submit("Long.").done()
        staged.begun("long")
        staged.begun("spoken")
        staged.halt()
        disturbed = scene.submit("Long.")
        sender = staged.begun("long")
        staged.pause(staged.pid)
        staged.go()
        assert staged.begun("spoken") == sender
        eventually(lambda: processes.is_asleep(sender), "the sender waits for its reader")
        kill(sender)
        os.kill(staged.pid, signal.SIGCONT)
        assert disturbed.done() == expected
        assert staged.begun("spoken") != sender
