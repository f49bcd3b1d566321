"""A real pool under real load: it grows, it shrinks, and says so; and what workers are told."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from supervisor.wire import client as protocol
from tests.fixtures.tuned import QUICK, SECTION, Tuned, thread_count, thread_masks
from tests.supervised import Wire, eventually

CPUS = sorted(os.sched_getaffinity(0))
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
EAGER: dict[str, Any] = {
    **QUICK,
    f"{SECTION}.cpu_target": 20.0,
    f"{SECTION}.max_cores": 2,
    "pool.threads_per_worker": 1,
}
"""A target that load reaches even while others use the same cores."""

LONG = "The quick brown fox jumps over the lazy dog. " * 2000

pytestmark = pytest.mark.skipif(len(CPUS) < 2, reason="two CPUs are needed to grow")


@pytest.fixture(scope="module")
def eager() -> Iterator[Tuned]:
    """A supervisor with one hibari worker that may become two."""
    with Tuned(EAGER) as supervised:
        yield supervised
        assert supervised.stop() == 0, supervised.output


class Load:
    """Long texts under way, as a context; their audio is not taken."""

    def __init__(self, tuned: Tuned, jobs: int = 2) -> None:
        self._peer = tuned.wire()
        self._jobs = jobs
        self.accepted: list[str] = []

    def __enter__(self) -> Wire:
        for number in range(self._jobs):
            self._peer.send(protocol.Submit(str(number), credit=1 << 40), LONG.encode())
            while True:
                message, _body = self._peer.receive()
                if isinstance(message, protocol.Accepted):
                    self.accepted.append(message.job)
                    break
        return self._peer

    def __exit__(self, *_: object) -> None:
        for job in self.accepted:
            self._peer.send(protocol.Cancel(job))
        for _job in self.accepted:
            message, _audio = self._peer.outcome()
            assert isinstance(message, protocol.Error), message
            assert message.code == "cancelled"
        self._peer.close()


def test_load_grows_the_pool_and_its_end_shrinks_it(eager: Tuned) -> None:
    """One core at rest, two under load, one again; each change is one line in the log."""
    (first,) = eager.workers(1)
    with Load(eager):
        workers = eager.workers(2)
        masks = [thread_masks(worker["pid"]) for worker in workers]
        assert masks == [{frozenset(worker["cpus"])} for worker in workers]
        assert len({cpu for worker in workers for cpu in worker["cpus"]}) == 2
    (last,) = eager.workers(1)
    assert thread_masks(last["pid"]) == {frozenset(last["cpus"])}
    assert first["pid"] in {worker["pid"] for worker in workers}
    up, down = [line for line in eager.output.splitlines() if "allocation changed" in line][:2]
    assert re.fullmatch(
        r"\S+ INFO \| CPU allocation changed: 1 → 2 cores "
        r"\(utilization: (\d+\.\d%), "
        r"reason: (high_utilization_\1|backlog_\d+\.\ds|starved_by_others_\d+%)\)",
        up,
    ), up
    assert re.fullmatch(
        r"\S+ INFO \| CPU allocation changed: 2 → 1 cores "
        r"\(utilization: (\d+\.\d%), reason: low_utilization_\1\)",
        down,
    ), down


def test_the_same_load_grows_nothing_where_allocation_is_disabled(eager: Tuned) -> None:
    """`enabled` false with min_cores alone: a static pool, and the diagnostics say so."""
    static = {**EAGER, f"{SECTION}.enabled": False, f"{SECTION}.min_cores": 1}
    del static[f"{SECTION}.max_cores"]
    eager.tune(static)
    with Load(eager):
        seen = eventually(lambda: busy_samples(eager), "samples of a busy pool")
        assert {decision["reason"] for decision in seen} == {"disabled"}
        assert len(eager.workers(1)) == 1
        document = eager.allocation()
    assert (document["status"], document["dynamic_allocation_enabled"]) == ("disabled", False)
    eager.tune(EAGER)
    eventually(lambda: eager.allocation()["status"] == "success", "a dynamic pool again")


def busy_samples(tuned: Tuned) -> list[dict[str, Any]]:
    """The last decisions, if the pool was far over its target at each; else nothing."""
    decisions: list[dict[str, Any]] = tuned.allocation()["allocation_stats"]["decisions"][-5:]
    return decisions if all((d["utilization"] or 0.0) > 20.0 for d in decisions) else []


def test_without_onnx_integration_threads_stay_while_cores_change(eager: Tuned) -> None:
    """The number of cores changes four times under `auto`: one thread each, and no rebuild."""
    off = {f"{SECTION}.onnx_integration": False, "pool.threads_per_worker": "auto"}
    for cores in (2, 1, 2, 1):
        bounds = {f"{SECTION}.min_cores": cores, f"{SECTION}.max_cores": cores}
        eager.tune({**EAGER, **bounds, **off})
        for worker in eager.workers(cores):
            assert worker["intra_op_threads"] == 1
            assert worker["session_generation"] == 0


def test_with_onnx_integration_one_segment_at_a_time_gets_all_cores() -> None:
    """The same two cores under `auto`, at rest: one worker with a session of two threads."""
    bounds: dict[str, Any] = {f"{SECTION}.min_cores": 2, f"{SECTION}.max_cores": 2}
    bounds |= {"engines.default": "noop", "engines.preload": ["noop"]}
    with Tuned({**QUICK, **bounds}) as tuned:
        (worker,) = tuned.workers(1)
        assert worker["intra_op_threads"] == 2
        assert thread_masks(worker["pid"]) == {frozenset(CPUS[:2])}
        tuned.tune({**QUICK, **bounds, "pool.threads_per_worker": 1})
        pids = [worker["pid"] for worker in tuned.workers(2)]
        assert thread_count(pids[0]) == thread_count(pids[1])


@pytest.mark.parametrize("start_method", ["forkserver", "spawn"])
def test_update_environment(start_method: str) -> None:
    """The thread variables of every new worker follow its share, and with false they do not."""
    noop = {"engines.default": "noop", "engines.preload": ["noop"]}
    two = {f"{SECTION}.min_cores": 2, f"{SECTION}.max_cores": 2, "pool.threads_per_worker": 2}
    off = {f"{SECTION}.update_environment": False}
    with Tuned({**noop, **two, **off}, {"pool.start_method": start_method}) as tuned:
        (before,) = tuned.workers(1)
        assert environment(tuned) == dict.fromkeys(THREAD_VARIABLES, "1")
        tuned.tune({**noop, **two})
        eventually(lambda: tuned.workers(1)[0]["pid"] != before["pid"], "a worker in its place")
        assert environment(tuned) == dict.fromkeys(THREAD_VARIABLES, "2")
        assert tuned.logged("update_environment")[0].endswith("(applied, workers are replaced)")


def environment(tuned: Tuned) -> dict[str, str]:
    """What the worker reports; for a spawned one, what the kernel gave it."""
    (worker,) = tuned.workers(1)
    (reported,) = tuned.allocation()["leases"]["workers"]
    seen: dict[str, str] = reported["environment"]
    if tuned.settings["pool.start_method"] == "spawn":
        block = Path(f"/proc/{worker['pid']}/environ").read_bytes().decode().split("\0")
        given = dict(line.split("=", 1) for line in block if line)
        assert {name: given[name] for name in THREAD_VARIABLES} == seen
    return seen


def test_an_engine_that_gains_nothing_by_threads_gets_narrow_workers_from_the_start() -> None:
    """hibari says so itself, before the first worker is made: none is built anew."""
    with Tuned({f"{SECTION}.min_cores": 2, f"{SECTION}.max_cores": 2}) as supervised:
        workers = supervised.workers(2)
        assert [worker["intra_op_threads"] for worker in workers] == [1, 1]
        assert [worker["session_generation"] for worker in workers] == [0, 0]
        assert supervised.stop() == 0, supervised.output
