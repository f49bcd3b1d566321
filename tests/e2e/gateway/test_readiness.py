"""`/readyz` is 200 as long as work is taken, whatever becomes of the workers meanwhile."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, Self

import pytest

from tests.e2e.gateway.serving import Serving
from tests.fixtures.reshapable import Reshapable
from tests.fixtures.scene import Scene, Spoken
from tests.fixtures.staged import Staged
from tests.supervised import Supervised, eventually

pytestmark = pytest.mark.skipif(
    len(os.sched_getaffinity(0)) < 2, reason="two threads need two CPUs"
)

TEXT = "One sentence. Another one. And a third."


class Probes:
    """Asks /readyz without a pause, in a thread of its own; `wrong`: what was not 200."""

    def __init__(self, gateway: Serving) -> None:
        self.count = 0
        self.wrong: list[Any] = []
        self._gateway = gateway
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._ended.is_set():
            answer = self._gateway.ask("/readyz")
            self.count += 1
            if answer.status != 200:
                self.wrong.append(answer.document)

    def more(self, count: int = 5) -> None:
        """Wait for so many answers more."""
        until = self.count + count
        eventually(lambda: self.count >= until, f"{count} probes")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()


class Load:
    """Hands in one job after the other, each spoken whole, until the end; `done` counts them."""

    def __init__(self, supervised: Supervised) -> None:
        self.done = 0
        self._supervised = supervised
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        with self._supervised.wire() as peer:
            while not self._ended.is_set():
                assert Spoken(peer, TEXT, seed=1, credit=1 << 30).done()
                self.done += 1

    def more(self) -> None:
        """Wait for a job that was handed in from now on."""
        until = self.done + 2
        eventually(lambda: self.done >= until, "another job is done")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()


def seen(gateway: Serving, state: str) -> bool:
    """Whether the gateway knows of a worker in this state."""
    workers = gateway.ask("/page/status").document["workers"]
    return any(worker["state"] == state for worker in workers)


@pytest.fixture
def changing() -> Iterator[tuple[Reshapable, Serving]]:
    """Two cores, held by two workers or by one of two threads; and a gateway that is ready."""
    with ExitStack() as stack:
        staged = stack.enter_context(Reshapable(1))
        gateway = stack.enter_context(Serving(staged.environ))
        staged.workers(2)
        eventually(lambda: gateway.ask("/readyz").status == 200, "ready")
        yield staged, gateway
        assert staged.stop() == 0, staged.output


def test_no_probe_is_wrong_while_the_threads_of_workers_change(
    changing: tuple[Reshapable, Serving],
) -> None:
    """Two workers become one of two threads and two again, over and over, while jobs are spoken
    and probes asked without a pause. Each build of the wide session is held up until jobs were
    done and probes answered in the middle of it.
    """
    staged, gateway = changing
    with Load(staged) as load, Probes(gateway) as probes:
        for _ in range(5):
            gate = staged.block("build-waits")
            staged.split(2)
            staged.begun("building")
            eventually(lambda: seen(gateway, "reshaping"), "the gateway knows of it")
            load.more()
            probes.more()
            gate.unlink()
            staged.only(2)
            load.more()
            probes.more()
            staged.split(1)
            staged.workers(2)
            load.more()
            probes.more()
    assert probes.wrong == []
    jobs = staged.status()["jobs"]
    assert (jobs["failed"], jobs["retried"]) == (0, 0)


def test_no_probe_is_wrong_while_a_worker_is_replaced() -> None:
    """The only worker speaks its last segment, the next one stands by: what is handed in now is
    spoken by that one, so the pool is ready. And while neither has anything to do.
    """
    settings: dict[str, Any] = {"pool.max_segments_per_worker": 1}
    with (
        Staged(settings=settings, workers=1) as staged,
        Serving(staged.environ) as gateway,
        Scene(staged, 1) as scene,
    ):
        eventually(lambda: gateway.ask("/readyz").status == 200, "ready")
        with Probes(gateway) as probes:
            first = scene.worker(0)
            held = scene.submit("One. Hold.")
            assert staged.begun("holding") == first
            eventually(lambda: seen(gateway, "retiring"), "the old one retires")
            eventually(lambda: seen(gateway, "standby"), "the new one stands by")
            taken = scene.submit("And another.")
            probes.more()
            staged.go()
            assert held.done()
            assert taken.done()
            staged.workers(1)
            probes.more()
        assert probes.wrong == []


def test_a_pool_without_a_worker_that_could_take_work_is_not_ready() -> None:
    """The probe does not say yes to everything: the only worker is gone, and its successor is not
    there yet.
    """
    with Staged(workers=1) as staged, Serving(staged.environ) as gateway:
        eventually(lambda: gateway.ask("/readyz").status == 200, "ready")
        (staged.stage / "no-forks").touch()
        (worker,) = staged.workers(1)
        os.kill(worker["pid"], 9)
        unready = eventually(
            lambda: (a := gateway.ask("/readyz")).status == 503 and a, "unready without a worker"
        )
        assert unready is not False
        assert unready.document["reason"] == "no worker is ready"
        (staged.stage / "no-forks").unlink()
        eventually(lambda: gateway.ask("/readyz").status == 200, "ready again")
