"""Workers that hang are noticed and ended, and their segments are spoken elsewhere."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import pytest

from supervisor.wire import client as protocol
from tests.fixtures import processes
from tests.fixtures.scene import Scene
from tests.fixtures.staged import Staged
from tests.supervised import eventually

SETTINGS = {"pool.hang_timeout_s": 1.0, "pool.overdue_min_s": 1.5, "pool.restart_intensity": 100}


@pytest.fixture(scope="module")
def staged() -> Iterator[Staged]:
    """Two workers that are given up after a second."""
    with Staged(settings=SETTINGS) as supervised:
        yield supervised
        assert supervised.stop() == 0, supervised.output


def last_exit(staged: Staged, words: str) -> str:
    """The failure record of the slot whose worker ended like this."""

    def found() -> str:
        exits = [str(worker["last_exit"]) for worker in staged.status()["workers"]]
        return next((text for text in exits if words in text), "")

    return eventually(found, f"a failure record with {words!r}")


@pytest.mark.parametrize(
    ("start_method", "durable"), [("forkserver", False), ("spawn", False), ("forkserver", True)]
)
def test_a_stopped_worker_in_a_segment_is_replaced_and_the_segment_spoken(
    start_method: str, durable: bool
) -> None:
    """SIGSTOP is seen by what the worker no longer does; the client notices nothing but time."""
    with Staged(start_method, SETTINGS) as staged, Scene(staged) as scene:
        staged.go()
        expected = scene.submit("Hold.").done()
        staged.begun("holding")
        staged.halt()
        job = scene.submit("Hold.", durable=durable)
        victim = staged.begun("holding")
        staged.pause(victim)
        other = staged.begun("holding")
        assert other != victim
        staged.go()
        assert job.done() == expected
        end = job.outcome()
        assert isinstance(end, protocol.End)
        assert end.retried == 1
        eventually(lambda: not processes.alive(victim), "the stopped worker is ended")
        assert "no progress and no CPU time" in last_exit(staged, "SIGKILL")


def test_a_stopped_idle_worker_is_replaced_before_it_costs_a_job(staged: Staged) -> None:
    """A heartbeat that is not answered tells, without any segment."""
    with Scene(staged) as scene:
        victim = scene.worker(0)
        staged.pause(victim)
        eventually(lambda: not processes.alive(victim), "the stopped worker is ended")
        assert "no answer and no CPU time" in last_exit(staged, "no answer")


@pytest.mark.parametrize("durable", [False, True], ids=["plain", "durable"])
def test_a_worker_that_sleeps_for_ever_leaves_a_traceback(staged: Staged, durable: bool) -> None:
    """No progress, no CPU time: the log says where it hung, and so does the failure record."""
    with Scene(staged) as scene:
        job = scene.submit("Sleep.", durable=durable)
        sleepers = {staged.begun("sleeping") for _ in range(3)}
        assert len(sleepers) == 3, "each attempt on another worker"
        error = job.outcome(20.0)
        assert isinstance(error, protocol.Error)
        assert error.code == "poison"
        record = last_exit(staged, "no progress and no CPU time")
        assert "signal SIGTERM" in record
        assert "stunts.py" in record
        assert "_sleep" in record
        logs = "".join(path.read_text() for path in (staged.run_dir / "workers").iterdir())
        assert "most recent call first" in logs


def test_a_worker_that_computes_for_ever_is_ended_when_it_is_overdue(staged: Staged) -> None:
    """A regex keeps the lock and the core busy; only the time of such a segment tells."""
    with Scene(staged) as scene:
        job = scene.submit("Stuck.")
        error = job.outcome(30.0)
        assert isinstance(error, protocol.Error)
        assert error.code == "poison"
        assert "not spoken within" in error.message
        assert "_stuck" in last_exit(staged, "not spoken within")
        (staged.stage / "stuck").unlink()


def test_a_segment_that_can_be_stopped_runs_elsewhere_though_its_worker_listens(
    staged: Staged,
) -> None:
    """The flag alone stops an overdue segment; the client does not see that, and gets its audio."""
    with Scene(staged) as scene:
        staged.go()
        expected = scene.submit("Hold.").done()
        staged.begun("holding")
        staged.halt()
        job = scene.submit("Hold.")
        first = staged.begun("holding")
        assert staged.begun("holding") != first, "overdue, it was begun again"
        staged.go()
        assert job.done() == expected


def test_the_pool_goes_on_while_a_worker_hangs(staged: Staged) -> None:
    """Other jobs are served by the other worker, all the time."""
    with Scene(staged) as scene:
        culprit = scene.submit("Sleep.")
        staged.begun("sleeping")
        for _ in range(20):
            assert scene.submit("And this is spoken.").done()
        assert isinstance(culprit.outcome(20.0), protocol.Error)
        (staged.stage / "sleeping").unlink(missing_ok=True)


def test_a_cancelled_segment_that_does_not_listen_frees_its_core_within_a_second() -> None:
    """Half a second for the flag, then the ladder; with the default timeouts, which are long."""
    with Staged() as staged, Scene(staged) as scene:
        job = scene.submit("Deaf.")
        victim = staged.begun("deaf")
        job.cancel()
        eventually(lambda: not processes.alive(victim), "the deaf worker is ended")
        assert "after it was interrupted" in last_exit(staged, "interrupted")


def test_a_supervisor_that_was_stopped_blames_nobody(staged: Staged) -> None:
    """It wakes up after longer than the timeout, and its workers are the same ones.

    That it has looked at them since is seen by a worker that really hangs: it alone is ended.
    """
    with Scene(staged) as scene:
        before = [scene.worker(0), scene.worker(1)]
        staged.pause(staged.pid)
        time.sleep(2.5 * float(SETTINGS["pool.hang_timeout_s"]))  # What it must not count.
        os.kill(staged.pid, signal.SIGCONT)
        assert scene.submit("Hello.").done()
        assert [scene.worker(0), scene.worker(1)] == before
        staged.pause(before[0])
        eventually(lambda: not processes.alive(before[0]), "the stopped worker is ended")
        assert scene.worker(1) == before[1]
