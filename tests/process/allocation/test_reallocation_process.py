"""Each kind of reallocation on real workers, checked in /proc: fork, drain, rebuild, re-pin."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fixtures import processes
from tests.fixtures.scene import Spoken
from tests.fixtures.staged import Staged
from tests.fixtures.tuned import (
    SECTION,
    Tuned,
    parent,
    text_of,
    thread_count,
    thread_masks,
)
from tests.supervised import Wire, eventually

CPUS = sorted(os.sched_getaffinity(0))
TEXT = "The quick brown fox jumps over the lazy dog."

pytestmark = pytest.mark.skipif(len(CPUS) < 2, reason="two CPUs are needed to move between")


def pool(cores: int, threads: int | str = 1) -> dict[str, Any]:
    """A pool of just this many cores, which looks at them ten times a second."""
    return {
        f"{SECTION}.min_cores": cores,
        f"{SECTION}.max_cores": cores,
        f"{SECTION}.monitoring_interval": 0.1,
        f"{SECTION}.allocation_cooldown": 0.3,
        "pool.threads_per_worker": threads,
    }


@pytest.fixture(scope="module")
def tuned() -> Iterator[Tuned]:
    """A supervisor with hibari, whose pool each test sets."""
    supervised = Tuned(pool(1))
    with supervised:
        yield supervised
        assert supervised.stop() == 0, supervised.output


def speak(peer: Wire, name: str, text: str = TEXT) -> bytes:
    """The audio of a text."""
    return Spoken(peer, text, seed=7, credit=1 << 30).done()


def only(tuned: Tuned, generation: int) -> dict[str, Any]:
    """The one worker, once its sessions were replaced so often."""

    def there() -> dict[str, Any]:
        (worker,) = tuned.workers(1)
        return worker if worker["session_generation"] == generation else {}

    return eventually(there, f"one worker of session generation {generation}")


def test_growing_forks_a_worker_on_cores_of_its_own(tuned: Tuned) -> None:
    """A second process of the supervisor's appears, pinned with all threads to another core."""
    tuned.tune(pool(1))
    (first,) = tuned.workers(1)
    tuned.tune(pool(2))
    workers = tuned.workers(2)
    assert first["pid"] in {worker["pid"] for worker in workers}
    masks = [thread_masks(worker["pid"]) for worker in workers]
    assert sorted(masks, key=str) == sorted([{frozenset({cpu})} for cpu in CPUS[:2]], key=str)
    for worker in workers:
        assert parent(worker["pid"]) == tuned.pid
        assert thread_masks(worker["pid"]) == {frozenset(worker["cpus"])}
        assert worker["observed_cpus"] == worker["cpus"]
    leases = tuned.allocation()["leases"]["cores"]
    assert leases == {str(w["cpus"][0]): w["slot"] for w in workers}


def test_another_thread_count_rebuilds_the_session(tuned: Tuned) -> None:
    """One thread more in /proc after it, one less when it is taken back; the audio stays."""
    tuned.tune(pool(1))
    (worker,) = tuned.workers(1)
    pid, before, threads = worker["pid"], worker["session_generation"], thread_count(worker["pid"])
    with tuned.wire() as peer:
        spoken = speak(peer, "before")
        tuned.tune(pool(2, threads=2))
        wide = only(tuned, before + 1)
        assert wide["pid"] == pid
        assert wide["intra_op_threads"] == 2
        assert thread_masks(pid) == {frozenset(CPUS[:2])}
        assert len(speak(peer, "wide")) == len(spoken)
        eventually(lambda: thread_count(pid) == threads + 1, "the threads of the new session only")
        tuned.tune(pool(1))
        narrow = only(tuned, before + 2)
        assert narrow["intra_op_threads"] == 1
        assert speak(peer, "after") == spoken
        eventually(lambda: thread_count(pid) == threads, "the threads of before")
    assert thread_masks(pid) == {frozenset(narrow["cpus"])}
    rebuilt = tuned.allocation()["leases"]["workers"][0]
    assert rebuilt["session_generation"] == before + 2
    assert rebuilt["intra_op_threads"] == 1


def test_other_cores_re_pin_every_thread_and_keep_the_session(tuned: Tuned) -> None:
    """The worker's core is taken away while it has a job: it moves, and nothing is lost."""
    tuned.tune(pool(1))
    (worker,) = tuned.workers(1)
    pid, generation = worker["pid"], worker["session_generation"]
    others = set(CPUS) - set(worker["cpus"])
    with tuned.wire() as peer:
        expected = speak(peer, "still", TEXT * 12)
        job = Spoken(peer, TEXT * 12, seed=7, credit=1 << 30)
        try:
            os.sched_setaffinity(tuned.pid, others)
            eventually(
                lambda: all(mask <= others for mask in thread_masks(pid)), "every thread elsewhere"
            )
            assert job.done() == expected
        finally:
            os.sched_setaffinity(tuned.pid, CPUS)
    (moved,) = tuned.workers(1)
    assert moved["pid"] == pid
    assert moved["session_generation"] == generation
    assert set(moved["cpus"]) <= others


def test_fewer_usable_cores_take_workers_away_within_two_intervals(tuned: Tuned) -> None:
    """Half of the supervisor's affinity goes: so does one of two workers, and comes back."""
    tuned.tune({**pool(2), f"{SECTION}.monitoring_interval": 1.0})
    tuned.workers(2)
    before = tuned.allocation()["allocation_stats"]["decisions"][-1]["now"]
    try:
        os.sched_setaffinity(tuned.pid, {CPUS[0]})
        (left,) = tuned.workers(1)
        decisions = tuned.allocation()["allocation_stats"]["decisions"]
        change = next(d for d in decisions if d["now"] > before and d["before"] != d["after"])
        assert change["reason"] == "bound_usable_1"
        assert change["now"] - before < 2.5
        assert thread_masks(left["pid"]) == {frozenset({CPUS[0]})}
        effective = tuned.allocation()["system_info"]["effective_cpus"]
        assert (effective["won"], effective["usable"]) == ("affinity", [CPUS[0]])
    finally:
        os.sched_setaffinity(tuned.pid, CPUS)
    tuned.workers(2)


def test_shrinking_drains_the_worker_that_has_to_go() -> None:
    """Both workers are in a segment: the one that leaves ends it first, and then is gone."""
    staged = Staged()
    override = staged.directory / "override.json"
    for key in ("enabled", "min_cores", "max_cores"):
        del staged.settings[f"{SECTION}.{key}"]
    override.write_text(text_of(pool(2)))
    with staged, staged.wire() as one, staged.wire() as two:
        pids = {worker["pid"] for worker in staged.workers(2)}
        jobs = []
        for peer in (one, two):
            jobs.append(Spoken(peer, "Hold.", seed=1, credit=1 << 20))
            staged.begun("holding")
        override.write_text(text_of(pool(1)))
        retiring = eventually(
            lambda: [w["pid"] for w in staged.status()["workers"] if w["state"] == "retiring"],
            "a worker that retires",
        )
        assert all(processes.alive(pid) for pid in pids)
        staged.go()
        assert len({job.done() for job in jobs}) == 1
        (kept,) = staged.workers(1)
        assert {kept["pid"]} == pids - set(retiring)
        assert staged.status()["jobs"]["retried"] == 0
        assert "ended" not in staged.output
        assert staged.stop() == 0
