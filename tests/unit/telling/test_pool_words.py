"""What goes on in the pool, in words: the states that a person can meet, and what is told first."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from supervisor.telling.pool import doing, state, trouble, why
from supervisor.wire.status import Status, WorkerState, read
from tests.fixtures.statuses import example, with_workers


def pool(
    *,
    kind: str = "optimal_range",
    held: int = 1,
    upper: int = 2,
    others: int = 0,
    memory: str = "free",
    **jobs: int,
) -> Status:
    """A pool of three usable cores that holds so many, with these jobs, and its last decision."""
    document = example()
    document["jobs"] |= {"segments_waiting": 0, "segments_running": 0, **jobs}
    allocation: dict[str, Any] = document["allocation"]
    allocation["allocation_stats"]["current_allocation"]["allocated_cores"] = held
    allocation["allocation_stats"]["decisions"][-1]["kind"] = kind
    allocation["allocation_stats"]["starved_by_others_percent"] = 40.0
    allocation["system_info"]["bounds"]["upper"] = upper
    allocation["leases"]["leased_by_others"] = list(range(others))
    allocation["memory"] |= {"state": memory, "available_bytes": 20_000_000}
    return read(document)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (pool(), "Resting: nothing to say. 1 core stays ready."),
        (pool(held=2), "Resting: nothing to say. 2 cores stay ready for a while."),
        (pool(segments_running=1), "1 of 3 cores speaks, and nothing has to wait."),
        (
            pool(segments_waiting=1),
            "1 of 3 cores speaks; 1 sentence waits, so more cores join in.",
        ),
        (
            pool(segments_waiting=1200, held=2),
            "2 of 3 cores speak, as many as the settings allow, because 1,200 sentences wait.",
        ),
        (
            pool(segments_waiting=2, held=3, upper=3),
            "3 of 3 cores speak because 2 sentences wait.",
        ),
        (
            pool(segments_waiting=2, others=1),
            "1 of 3 cores speaks while 2 sentences wait: another supervisor has 1 core.",
        ),
        (
            pool(segments_waiting=2, kind="bound_memory"),
            "1 of 3 cores speaks: there is no memory for more, and 2 sentences wait.",
        ),
        (
            pool(segments_waiting=2, memory="short"),
            "Short of memory, 20 MB are left: 1 core is kept.",
        ),
        (
            pool(memory="critical"),
            "Short of memory, 20 MB are left: 1 core is kept, and only short texts are taken.",
        ),
        (
            pool(segments_waiting=2, kind="thermal_cap"),
            "Going slow because the machine is hot: 1 of 3 cores speaks while 2 sentences wait.",
        ),
        (
            pool(kind="starved_by_others"),
            "Waiting for cores that others use: other programs take 40 % of the time on ours.",
        ),
        (with_workers("starting"), "Getting ready: the first worker is on its way."),
        (
            with_workers("busy", state="draining"),
            "Stopping: 6 sentences will still be spoken, and nothing new is taken.",
        ),
    ],
)
def test_why_is_one_sentence(status: Status, words: str) -> None:
    """The strongest reason is the one that is told."""
    assert why(status) == words


@pytest.mark.parametrize(
    ("status", "age_s", "told"),
    [
        (pool(), 0.0, ("running", "ready")),
        (pool(segments_running=1), 3.0, ("busy", "speaking")),
        (pool(), 200.0, ("late", "last heard of 3 min ago")),
        (with_workers("starting"), 0.0, ("starting", "getting ready")),
        (with_workers("idle", state="draining"), 0.0, ("draining", "stopping")),
        (with_workers("idle", state="stopped"), 0.0, ("stopped", "stopped")),
    ],
)
def test_the_state_of_the_whole(status: Status, age_s: float, told: tuple[str, str]) -> None:
    """One that is old is told as such, whatever it says."""
    assert state(status, age_s) == told


def test_what_needs_attention_is_told() -> None:
    """Settings that are not in force before all, then what stands still, then workers."""
    document = example()
    assert trouble(read(document)) is None
    document["pool"]["fatal_slots"] = [4]
    assert trouble(read(document)) == "Worker 4 keeps failing; the log says why."
    document["pool"]["fatal_slots"] = [1, 4]
    assert trouble(read(document)) == "Workers 1, 4 keep failing; the log says why."
    document["allocation"]["leases"]["error"] = "no room for leases"
    assert trouble(read(document)) == "no room for leases"
    document["supervisor"]["configuration_error"] = "override.json: line 3"
    assert "not in force: override.json: line 3." in (trouble(read(document)) or "")


def test_each_state_of_a_worker_has_words() -> None:
    """One of a later supervisor is told as it is; one that waits, with its time."""
    states = (*get_args(WorkerState), "of_later")
    told = [doing(worker) for worker in with_workers(*states).workers]
    assert told[-1] == "of_later"
    assert not {word for word in told if "_" in word} - {"of_later"}
    document = example()
    document["workers"][0] |= {"state": "backoff", "retry_in_s": 41.0}
    assert doing(read(document).workers[0]) == "failed, waits, again in 41 s"
