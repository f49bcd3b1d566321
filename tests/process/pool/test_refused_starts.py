"""A machine that has no room for another process: said, survived, and over when that is over."""

from __future__ import annotations

import os
import resource
import signal

import pytest

from tests.fixtures.staged import Staged
from tests.supervised import eventually

REFUSED = "none can be started for slot"


def kill_both(staged: Staged, mark: str) -> None:
    """End every worker that there is, with this file on the stage."""
    workers = staged.workers(2)
    (staged.stage / mark).touch()
    for worker in workers:
        os.kill(worker["pid"], signal.SIGKILL)


def test_forks_that_fail_are_told_and_no_slot_is_parked_for_them() -> None:
    """A limit on processes is reached for longer than crashes in a row would be forgiven: each
    failure is a try, not a death, the log has one line of it, and status has the reason; when
    there is room, both slots are back at once.
    """
    with Staged(settings={"pool.restart_intensity": 2}) as staged:
        deaths = staged.status()["pool"]["restarts"]
        kill_both(staged, "no-forks")

        def refused() -> bool:
            workers = staged.status()["workers"]
            return all("Resource temporarily" in str(worker["last_exit"]) for worker in workers)

        eventually(refused, "both slots without a worker")
        launched = max(worker["epoch"] for worker in staged.status()["workers"])
        eventually(
            lambda: max(w["epoch"] for w in staged.status()["workers"]) >= launched + 8,
            "some more tries",
        )
        status = staged.status()
        assert status["pool"]["fatal_slots"] == []
        assert status["pool"]["restarts"] == deaths + 2, "only those that were killed"
        assert staged.output.count(REFUSED) == 1, staged.output
        assert "fork failed: Resource temporarily unavailable" in staged.output
        (staged.stage / "no-forks").unlink()
        staged.workers(2)
        assert "workers: they can be started again" in staged.output
        assert staged.stop() == 0


@pytest.mark.parametrize("start_method", ["forkserver", "spawn"])
def test_a_worker_without_room_for_its_thread_is_no_death_either(start_method: str) -> None:
    """A limit on processes counts threads: one that lets the process in may refuse its second."""
    with Staged(start_method, {"pool.restart_intensity": 2}) as staged:
        deaths = staged.status()["pool"]["restarts"]
        kill_both(staged, "no-new-threads")
        eventually(lambda: REFUSED in staged.output, "the line of the log")
        launched = max(worker["epoch"] for worker in staged.status()["workers"])
        eventually(
            lambda: max(w["epoch"] for w in staged.status()["workers"]) >= launched + 6,
            "some more tries",
        )
        assert "can't start new thread" in staged.output
        assert staged.status()["pool"]["fatal_slots"] == []
        (staged.stage / "no-new-threads").unlink()
        staged.workers(2)
        assert staged.status()["pool"]["restarts"] == deaths + 2
        assert staged.stop() == 0


@pytest.mark.parametrize("start_method", ["forkserver", "spawn"])
def test_without_descriptors_it_is_the_same(start_method: str) -> None:
    """The supervisor itself has no room for the channels to a worker."""
    with Staged(start_method) as staged:
        before = resource.prlimit(staged.pid, resource.RLIMIT_NOFILE)
        workers = staged.workers(2)
        with staged.wire() as peer:
            peer.status()
            # Below the numbers of all that it will close: nothing comes free by that.
            resource.prlimit(staged.pid, resource.RLIMIT_NOFILE, (8, before[1]))
            for worker in workers:
                os.kill(worker["pid"], signal.SIGKILL)
            eventually(lambda: REFUSED in staged.output, "the line of the log")
            assert peer.status()["pool"]["fatal_slots"] == []
            resource.prlimit(staged.pid, resource.RLIMIT_NOFILE, before)
        staged.workers(2)
        assert "Too many open files" in staged.output
        assert staged.stop() == 0


def test_a_parked_slot_is_a_line_of_the_log() -> None:
    """Which one, why, and when it is tried again."""
    with Staged(settings={"pool.restart_intensity": 1}) as staged:
        victim = staged.workers(2)[0]
        os.kill(victim["pid"], signal.SIGKILL)
        eventually(lambda: "is parked" in staged.output, "the line of the log")
        (line,) = [line for line in staged.output.splitlines() if "is parked" in line]
        assert f"slot {victim['slot']} is parked" in line
        assert "tried again in 60 s" in line
        assert "SIGKILL" in line
