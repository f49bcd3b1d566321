"""SIGKILL for the template, at each phase of its life: workers live on, another one is started."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from tests.fixtures import processes
from tests.fixtures.scene import Scene
from tests.fixtures.staged import Staged
from tests.supervised import eventually


@pytest.fixture(scope="module")
def staged() -> Iterator[Staged]:
    """Two forked workers."""
    with Staged() as supervised:
        yield supervised
        assert supervised.stop() == 0, supervised.output


def template(staged: Staged, other_than: int | None = None) -> int:
    """The pid of the template, once there is one (that is not `other_than`)."""

    def look() -> int | None:
        pid: int | None = staged.status()["supervisor"]["template_pid"]
        return pid if pid != other_than else None

    return eventually(look, "a template") or 0


def workers(staged: Staged) -> list[int]:
    """The pids of both workers."""
    return [worker["pid"] for worker in staged.workers(2)]


def states(staged: Staged) -> list[str]:
    """The state of each worker."""
    return [worker["state"] for worker in staged.status()["workers"]]


def test_killed_while_idle_the_workers_live_and_a_new_one_is_started(staged: Staged) -> None:
    """Segments are spoken all the while, by the same processes."""
    with Scene(staged) as scene:
        before, first = workers(staged), template(staged)
        os.kill(first, signal.SIGKILL)
        assert scene.submit("Hello there. Who is it?").done()
        assert template(staged, first)
        assert workers(staged) == before


def test_killed_while_it_loads_a_third_one_is_started(staged: Staged) -> None:
    """Also when a template dies before it can say what it has."""
    with Scene(staged) as scene:
        before = workers(staged)
        (staged.stage / "load-waits").touch()
        os.kill(template(staged), signal.SIGKILL)
        second = staged.begun("loading")
        os.kill(second, signal.SIGKILL)
        third = staged.begun("loading")
        assert third != second
        (staged.stage / "load-waits").unlink()
        staged.go()
        assert scene.submit("Hello there.").done()
        assert workers(staged) == before
        os.kill(before[0], signal.SIGKILL)
        eventually(lambda: before[0] not in workers(staged), "a fork of the third one")


def test_killed_with_an_order_in_its_hands_the_worker_comes_from_the_next(staged: Staged) -> None:
    """A stopped template has been asked for a worker that it never starts."""
    with Scene(staged) as scene:
        before, first = workers(staged), template(staged)
        staged.pause(first)
        os.kill(before[1], signal.SIGKILL)
        eventually(lambda: "starting" in states(staged), "an order for a worker")
        os.kill(first, signal.SIGKILL)
        assert scene.submit("Hello there.").done()
        eventually(lambda: before[1] not in workers(staged), "a fork of the next one")
        assert template(staged, first)


@pytest.mark.parametrize("durable", [False, True], ids=["plain", "durable"])
def test_killed_in_a_segment_the_segment_goes_on(staged: Staged, durable: bool) -> None:
    """What a worker is doing does not depend on where it came from."""
    with Scene(staged) as scene:
        job = scene.submit("Hold.", durable=durable)
        worker = staged.begun("holding")
        first = template(staged)
        os.kill(first, signal.SIGKILL)
        assert template(staged, first)
        staged.go()
        assert job.done()
        assert worker in workers(staged)


def test_killed_while_a_worker_sends_the_audio_arrives(staged: Staged) -> None:
    """Half of a segment lies in a socket that the template has never seen."""
    with Scene(staged) as scene:
        job = scene.submit("Long.")
        sender = staged.begun("long")
        first = template(staged)
        staged.pause(staged.pid)
        staged.go()
        staged.begun("spoken")
        eventually(lambda: processes.is_asleep(sender), "the sender waits for its reader")
        os.kill(first, signal.SIGKILL)
        os.kill(staged.pid, signal.SIGCONT)
        assert job.done()
        assert template(staged, first)
