"""The diagnostics of a supervisor at work: the example's document, and the truth beside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from supervisor.wire import client as protocol
from tests.fixtures.diagnostics import EXAMPLE, misfits
from tests.fixtures.tuned import QUICK, SECTION, Tuned
from tests.supervised import eventually

CPUS = sorted(os.sched_getaffinity(0))


@pytest.fixture(scope="module")
def tuned() -> Iterator[Tuned]:
    """A supervisor with its gateway on a free port."""
    settings = {**QUICK, f"{SECTION}.max_cores": 2, f"{SECTION}.cpu_target": 20}
    with Tuned(settings, {"http.enabled": True, "http.port": 0}) as supervised:
        yield supervised
        assert supervised.stop() == 0, supervised.output


def known(document: dict[str, Any]) -> bool:
    """Whether there has been a reading since the last change, so that nothing is unknown."""
    stats = document["allocation_stats"]
    return (
        stats["average_utilization"] is not None
        and stats["current_allocation"]["utilization_percent"] is not None
    )


def measured(tuned: Tuned) -> dict[str, Any]:
    """The document, once nothing in it is unknown."""

    def ask() -> dict[str, Any]:
        document = tuned.allocation()
        return document if known(document) else {}

    return eventually(ask, "a measurement")


def test_it_has_every_field_of_the_example_with_its_type(tuned: Tuned) -> None:
    """At rest, under load with more cores, and where allocation is switched off."""
    assert misfits(EXAMPLE, measured(tuned)) == []
    with tuned.wire() as peer:
        peer.send(protocol.Submit("long", credit=1 << 40), b"The quick brown fox. " * 4000)
        grown = eventually(
            lambda: (
                document
                if known(document := tuned.allocation())
                and document["allocation_stats"]["current_allocation"]["allocated_cores"] == 2
                else {}
            ),
            "two cores",
        )
        assert misfits(EXAMPLE, grown) == []
        assert grown["allocation_stats"]["average_utilization"] > 0
        peer.send(protocol.Bye())
    static = {**QUICK, f"{SECTION}.enabled": False, f"{SECTION}.max_cores": 1}
    tuned.tune(static)
    tuned.workers(1)
    disabled = measured(tuned)
    assert misfits(EXAMPLE, disabled) == []
    assert disabled["status"] == "disabled"


def test_it_comes_over_http_and_from_the_command_line(tuned: Tuned) -> None:
    """The same document, from the gateway and from `supervisor status --json`."""
    tuned.workers(1)
    measured(tuned)
    (line,) = tuned.logged("gateway")[:1]
    port = int(line.rstrip("/ ").rpartition(":")[2].split("/")[0])
    with urllib.request.urlopen(
        f"http://127.0.0.1:{port}/diagnostics/cpu-allocation", timeout=10
    ) as answer:
        served = json.load(answer)
    assert misfits(EXAMPLE, served) == []
    shown = subprocess.run(
        [sys.executable, "-m", "supervisor", "status", "--json"],
        env=tuned.environ,
        capture_output=True,
        check=True,
        timeout=20,
    )
    assert misfits(EXAMPLE, json.loads(shown.stdout)["allocation"]) == []


def in_force(tuned: Tuned, workers: int, threads: int) -> dict[str, Any]:
    """The document, once the pool has this shape: sessions are built while the old ones serve."""

    def ask() -> dict[str, Any]:
        document = measured(tuned)
        used = document["recommended_settings"]
        found = (used["workers"], used["onnx_intra_op_threads"], used["allocated_cores"])
        return document if found == (workers, threads, 2) else {}

    return eventually(ask, f"{workers} workers of {threads} threads")


@pytest.mark.skipif(len(CPUS) < 2, reason="two CPUs are needed for two workers")
def test_it_tells_what_the_pool_really_uses(tuned: Tuned) -> None:
    """Recommended settings, leases and affinities are those of the processes that there are."""
    two = {**QUICK, f"{SECTION}.min_cores": 2, f"{SECTION}.max_cores": 2}
    for threads, count in ((2, 1), (1, 2)):
        tuned.tune({**two, "pool.threads_per_worker": threads})
        document = in_force(tuned, count, threads)
        workers = tuned.workers(count)
        assert document["recommended_settings"] == {
            "workers": count,
            "onnx_inter_op_threads": 1,
            "onnx_intra_op_threads": threads,
            "batch_size": 1,
            "concurrent_requests": count,
            "allocated_cores": 2,
        }
        assert document["leases"]["cores"] == {
            str(cpu): worker["slot"] for worker in workers for cpu in worker["cpus"]
        }
        for worker, lease in zip(workers, document["leases"]["workers"], strict=True):
            assert lease["requested_affinity"] == worker["cpus"]
            assert set(map(tuple, lease["observed_affinity"])) == {tuple(worker["cpus"])}
            assert lease["session_generation"] == worker["session_generation"]
        effective = document["system_info"]["effective_cpus"]
        assert effective["usable"] == CPUS
        assert effective["won"] in {"online", "affinity", "cpuset", "quota"}
        assert document["system_info"]["current_pid"] == tuned.pid
        last = document["allocation_stats"]["decisions"][-1]
        assert {"now", "before", "after", "reason", "inputs"} <= last.keys()
        assert len(document["allocation_stats"]["decisions"]) <= 50
