"""The records of the status document: what is read, what is filled in, what is said of the rest."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from supervisor.core.allocation.memory_states import STATES
from supervisor.core.jobs.job import OUTCOMES
from supervisor.wire.status import (
    JOB_OUTCOMES,
    MEMORY_STATES,
    TAKES_WORK,
    WORKER_STATES,
    UnreadableStatusError,
    read,
)
from tests.fixtures.statuses import EXAMPLE, example, with_workers


def test_records_make_the_document_that_they_were_read_from() -> None:
    """Key for key and in that order, nulls included; each worker says more than it did."""
    document = msgspec.to_builtins(read(EXAMPLE))
    assert [worker.pop("takes_work") for worker in document["workers"]] == [True, True]
    assert json.dumps(document) == json.dumps(EXAMPLE)


def test_an_older_supervisor_does_not_say_who_takes_work() -> None:
    """Then it follows from the state of each worker."""
    workers = with_workers(*WORKER_STATES).workers
    assert {worker.state for worker in workers if worker.takes_work} == TAKES_WORK
    assert all(worker.takes_work is not None for worker in workers)


def test_a_state_of_memory_that_only_a_later_supervisor_knows_is_read() -> None:
    """The rest of its status is as readable as ever; those known are the core's."""
    later = example()
    later["allocation"]["memory"]["state"] = "of_later"
    assert read(later).allocation.memory.state == "of_later"
    assert MEMORY_STATES == STATES


def test_of_an_older_supervisor_a_reason_is_a_kind_of_its_own() -> None:
    """It sends both in one."""
    older = example()
    decisions = older["allocation"]["allocation_stats"]["decisions"]
    for decision in decisions:
        del decision["kind"], decision["figures"]
    found = read(older).allocation.allocation_stats.decisions
    assert [(each.kind, each.figures) for each in found] == [(d["reason"], ()) for d in decisions]


def test_a_later_supervisor_says_more() -> None:
    """Fields that are not known, in whatever part of the document, change nothing."""
    later = _with_more(example())
    for mapping in (later["allocation"]["policy"], later["allocation"]["policy"]["profiles"]):
        mapping.pop("more")
    later["tracing"].pop("more")
    stats = later["allocation"]["allocation_stats"]
    for mapping in (stats["decision_counts"], *_open_mappings(later)):
        mapping.pop("more")
    assert read(later) == read(EXAMPLE)


def _with_more(document: Any) -> Any:
    """The same with a field more in every mapping."""
    match document:
        case dict():
            return {**{key: _with_more(value) for key, value in document.items()}, "more": {"a": 1}}
        case list():
            return [_with_more(value) for value in document]
        case _:
            return document


def _open_mappings(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Mappings whose keys are data: cores, environments, bounds of histograms."""
    system, leases = document["allocation"]["system_info"], document["allocation"]["leases"]
    return [
        system["core_busy_percent"],
        system["core_foreign_percent"],
        leases["cores"],
        document["allocation"]["memory"]["predicted_worker_bytes"],
        *(worker["environment"] for worker in leases["workers"]),
        *(timing["buckets"] for name, timing in document["timings"].items() if name != "more"),
        *(
            document["classes"][name]["first_audio_s"]["buckets"]
            for name in ("interactive", "stream", "batch")
        ),
    ]


@pytest.mark.parametrize(
    ("part", "value", "place"),
    [
        ("jobs", [], "$.jobs"),
        ("workers", [{"slot": "first"}], "$.workers[0].slot"),
        ("queue", {}, "missing required field `jobs` - at `$.queue`"),
    ],
)
def test_what_cannot_be_read_is_one_line_that_says_where(
    part: str, value: object, place: str
) -> None:
    """And what may be the reason."""
    with pytest.raises(UnreadableStatusError) as caught:
        read({**EXAMPLE, part: value})
    assert place in str(caught.value)
    assert "another version" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_outcomes_are_those_of_the_job_machine() -> None:
    """Each is counted, and each under its own name."""
    assert set(JOB_OUTCOMES) == OUTCOMES
    jobs = example()["jobs"]
    assert read(EXAMPLE).jobs.ended == {outcome: jobs[outcome] for outcome in OUTCOMES}
