"""SIGKILL for a client, at each phase of its job: its work stops, others notice nothing.

That it stops within a second stands in `tests/unit/pool/test_kill_ladder.py`, as far as it is the
supervisor's own waiting, and is measured by `benchmarks/cancel_latency.py`.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.fixtures import processes
from tests.fixtures.scene import Scene
from tests.fixtures.staged import Staged
from tests.supervised import eventually

CLIENT = """
import sys
from supervisor.wire import client as protocol
from tests.supervised import Wire
peer = Wire(sys.argv[1])
peer.send(protocol.Submit("a", credit=int(sys.argv[3])), sys.argv[2].encode())
while True:
    print(type(peer.receive(100)[0]).__name__, flush=True)
"""


@pytest.fixture(scope="module", params=["forkserver", "spawn"])
def staged(request: pytest.FixtureRequest) -> Iterator[Staged]:
    """Two workers, for each way of starting them."""
    with Staged(request.param) as supervised:
        yield supervised
        assert supervised.stop() == 0, supervised.output


class Victim:
    """A client process with one job. `until` waits until it has received such a message."""

    def __init__(self, staged: Staged, text: str, credit: int = 1 << 30) -> None:
        command = [sys.executable, "-c", CLIENT, staged.endpoint, text, str(credit)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def until(self, message: str) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.strip() == message:
                return
        raise AssertionError("it ended")

    def kill(self) -> None:
        """Kill it."""
        self.process.kill()
        self.process.communicate()


def jobs(staged: Staged, state: str) -> int:
    """How many jobs are in this state, or ended so."""
    return int(staged.status()["jobs"][state])


def idle(staged: Staged) -> bool:
    """Whether no worker has anything to do."""
    return all(worker["state"] == "idle" for worker in staged.status()["workers"])


def test_killed_in_a_segment_the_worker_is_free_again(staged: Staged) -> None:
    """The segment is interrupted, the worker stays, and the job is counted as cancelled."""
    with Scene(staged) as scene:
        cancelled = jobs(staged, "cancelled")
        victim = Victim(staged, "Hold.")
        worker = staged.begun("holding")
        other = scene.submit("Somebody else. Is served meanwhile.")
        victim.kill()
        eventually(lambda: idle(staged), "idle workers")
        assert other.done()
        assert processes.alive(worker)
        assert jobs(staged, "cancelled") == cancelled + 1
        scene.expect(1)


def test_killed_in_a_segment_that_cannot_be_stopped_the_worker_is_replaced(staged: Staged) -> None:
    """An engine that does not listen costs its worker: the core is somebody else's again."""
    with Scene(staged) as scene:
        victim = Victim(staged, "Stuck.")
        worker = staged.begun("stuck")
        victim.kill()
        eventually(lambda: not processes.alive(worker), "the end of the worker")
        scene.expect(1)


def test_killed_while_it_does_not_read_its_audio_is_forgotten(staged: Staged) -> None:
    """Half of its audio was sent, the rest waited for credit that never comes."""
    with Scene(staged) as scene:
        staged.go()
        victim = Victim(staged, "Long. Long. Long.", credit=1)
        victim.until("Chunk")
        assert jobs(staged, "running") == 1
        victim.kill()
        eventually(lambda: jobs(staged, "running") == 0, "no running job")
        for mark in ("long", "spoken"):
            staged.begun(mark)
        scene.expect(1)


def test_killed_while_it_waits_in_the_queue_it_is_never_spoken(staged: Staged) -> None:
    """Both workers are busy; what leaves the queue with its client reaches none of them."""
    with Scene(staged) as scene:
        busy = scene.submit("Hold. Hold.")
        staged.begun("holding")
        eventually(lambda: not idle(staged), "busy workers")
        victim = Victim(staged, "Die.")
        victim.until("Accepted")
        victim.kill()
        eventually(lambda: jobs(staged, "queued") == 0, "an empty queue")
        staged.go()
        assert busy.done()
        assert not (staged.stage / "dying").exists()
        scene.expect(1)
