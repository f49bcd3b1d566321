"""A session that is being built, or cannot be: the old one speaks on, and everybody is told."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fixtures.reshapable import Reshapable
from tests.fixtures.scene import Spoken
from tests.fixtures.tuned import thread_masks
from tests.supervised import eventually

CPUS = sorted(os.sched_getaffinity(0))
TEXT = "One sentence. Another one. And a third, which is longer than both of them."

pytestmark = pytest.mark.skipif(len(CPUS) < 2, reason="two threads need two CPUs")


@pytest.fixture
def narrow() -> Iterator[Reshapable]:
    """One worker with one thread on one core."""
    supervised = Reshapable(1)
    supervised.split(1, cores=1)
    with supervised:
        yield supervised
        assert supervised.stop() == 0, supervised.output


def test_jobs_are_spoken_while_a_session_is_built(narrow: Reshapable) -> None:
    """One job runs when the build begins, one comes and ends during it, one comes after it:
    all in the same voice, none run twice, and the worker is the same process.
    """
    before = narrow.only(1)
    with narrow.wire() as one, narrow.wire() as two:
        expected = Spoken(two, TEXT, seed=3, credit=1 << 20).done()
        held = Spoken(one, "Hold.", seed=3, credit=1 << 20)
        narrow.begun("holding")
        gate = narrow.block("build-waits")
        narrow.split(2)
        assert narrow.begun("building") == before["pid"]
        narrow.go()
        alone = held.done()
        assert Spoken(two, TEXT, seed=3, credit=1 << 20).done() == expected
        (during,) = narrow.status()["workers"]
        assert during["state"] == "reshaping"
        assert during["session_generation"] == before["session_generation"]
        gate.unlink()
        after = narrow.only(2)
        assert Spoken(two, TEXT, seed=3, credit=1 << 20).done() == expected
        assert Spoken(one, "Hold.", seed=3, credit=1 << 20).done() == alone
    assert after["pid"] == before["pid"]
    assert after["session_generation"] == before["session_generation"] + 1
    jobs = narrow.status()["jobs"]
    assert (jobs["done"], jobs["retried"], jobs["failed"]) == (5, 0, 0)


def test_a_build_that_fails_keeps_the_session_and_is_reported(narrow: Reshapable) -> None:
    """Two threads cannot be had: one goes on speaking, and log, status and diagnostics say so."""
    before = narrow.only(1)
    narrow.block("no-threads")
    narrow.split(2)

    def refused() -> dict[str, Any]:
        (worker,) = narrow.workers(1)
        return worker if worker["reshape_error"] else {}

    worker = eventually(refused, "a reshape that failed")
    assert worker["reshape_error"].startswith("MemoryError in stunts.py:")
    assert worker["intra_op_threads"] == 1
    assert (worker["pid"], worker["session_generation"]) == (
        before["pid"],
        before["session_generation"],
    )
    assert "keeps its sessions of 1 threads on cores" in narrow.output
    allocation = narrow.status()["allocation"]
    assert allocation["recommended_settings"]["onnx_intra_op_threads"] == 1
    assert allocation["allocation_stats"]["current_allocation"]["intra_op_threads"] == 1
    assert allocation["leases"]["workers"][0]["reshape_error"] == worker["reshape_error"]
    with narrow.wire() as peer:
        assert Spoken(peer, TEXT, seed=3, credit=1 << 20).done()


def test_a_worker_whose_first_build_fails_speaks_with_what_it_has(narrow: Reshapable) -> None:
    """Started for two threads, it comes up with the template's session instead of not at all."""
    narrow.block("no-threads")
    narrow.split(2)
    eventually(lambda: narrow.workers(1)[0]["reshape_error"], "a reshape that failed")
    (worker,) = narrow.workers(1)
    os.kill(worker["pid"], 9)

    def another() -> dict[str, Any]:
        (fresh,) = narrow.workers(1)
        return fresh if fresh["pid"] not in {None, worker["pid"]} else {}

    fresh = eventually(another, "a worker in its place")
    assert fresh["reshape_error"].startswith("MemoryError in stunts.py:")
    assert fresh["intra_op_threads"] == 1
    with narrow.wire() as peer:
        assert Spoken(peer, TEXT, seed=3, credit=1 << 20).done()


def test_masks_follow_the_cores_that_are_held(narrow: Reshapable) -> None:
    """A worker that kept one thread still moved to the cores that it was given."""
    narrow.block("no-threads")
    narrow.split(2)
    eventually(lambda: narrow.workers(1)[0]["reshape_error"], "a reshape that failed")
    (worker,) = narrow.workers(1)
    assert thread_masks(worker["pid"]) == {frozenset(worker["cpus"])}
