"""Settings changed over HTTP, in a supervisor that runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.gateway.own import BEARER, Own, own_gateway
from tests.e2e.gateway.serving import Answer, Serving
from tests.supervised import eventually

BEFORE = {
    "segments": {"max_chars": 300},
    "performance": {"dynamic_cpu_allocation": {"min_cores": 1}},
}
SECTION = "performance.dynamic_cpu_allocation"


@pytest.fixture(scope="module")
def own() -> Iterator[Own]:
    """A supervisor whose override.json holds something already."""
    with own_gateway(json.dumps(BEFORE)) as own:
        yield own
        assert own.supervised.stop() == 0, own.supervised.output
        assert "Traceback" not in own.supervised.output


def change(own: Own, **settings: object) -> Answer:
    """Change settings of the allocation, with the key."""
    return own.ask("/settings/override", tree(**settings), headers=BEARER)


def tree(**settings: object) -> dict[str, Any]:
    """Part of an override.json."""
    return {"performance": {"dynamic_cpu_allocation": settings}}


def test_the_running_supervisor_applies_the_change(own: Own) -> None:
    """Answered with what is in force then, seen in the status, the rest of the file kept."""
    answer = change(own, cpu_target=61, max_cores=1)
    assert (answer.status, answer.document) == (
        200,
        {"settings": {f"{SECTION}.cpu_target": 61.0, f"{SECTION}.max_cores": 1}, "held_back": {}},
    )

    def applied() -> bool:
        policy = own.supervised.status()["allocation"]["policy"]
        return (policy["cpu_target"], policy["max_cores"]) == (61.0, 1)

    eventually(applied, "the supervisor applies it")
    assert json.loads(own.override.read_text()) == {
        **BEFORE,
        **tree(min_cores=1, cpu_target=61, max_cores=1),
    }
    assert own.supervised.status()["supervisor"]["configuration_error"] is None


@pytest.mark.parametrize(
    ("body", "status", "code", "param"),
    [
        (tree(cpu_target=0), 400, "bad_value", f"{SECTION}.cpu_target"),
        (tree(cpu_target="60"), 400, "bad_value", f"{SECTION}.cpu_target"),
        (tree(cpu_targett=60), 400, "bad_value", f"{SECTION}.cpu_targett"),
        (tree(min_cores=3, max_cores=2), 400, "bad_value", f"{SECTION}.min_cores"),
        (tree(utilization_source="system"), 403, "not_changeable", f"{SECTION}.utilization_source"),
        (tree(max_threshold=50), 403, "not_changeable", f"{SECTION}.max_threshold"),
        ({"http": {"api_keys": []}}, 403, "not_changeable", "http.api_keys"),
        ({"performance": {}}, 403, "not_changeable", "performance"),
        ({}, 400, "bad_value", None),
        ([], 400, "bad_value", None),
        (b"{", 400, "bad_json", None),
        (b"\xff", 400, "bad_json", None),
        (b"[" * 100_000, 400, "bad_json", None),
        (b'{"performance": {}, "performance": {}}', 400, "bad_json", None),
    ],
)
def test_what_is_wrong_is_one_error_and_changes_nothing(
    own: Own, body: object, status: int, code: str, param: str | None
) -> None:
    """The key at fault is named; only what the page moves can be changed."""
    before = own.override.read_bytes()
    answer = own.ask("/settings/override", body, headers=BEARER)
    assert (answer.status, answer.error["code"], answer.error["param"]) == (status, code, param)
    assert own.override.read_bytes() == before


def test_an_override_that_is_broken_is_left_to_its_operator(own: Own) -> None:
    """409, until it is mended."""
    before = own.override.read_bytes()
    own.override.write_text("{")
    try:
        answer = change(own, cpu_target=62)
        assert (answer.status, answer.error["code"]) == (409, "override_unusable")
    finally:
        own.override.write_bytes(before)


def test_without_a_key_nothing_changes(own: Own, gateway: Serving) -> None:
    """Where keys are configured one has to be given; elsewhere there is nothing to give."""
    assert own.ask("/settings/override", tree(cpu_target=62)).status == 401
    answer = gateway.ask("/settings/override", tree(cpu_target=62))
    assert (answer.status, answer.error["code"]) == (403, "not_changeable")


def test_a_gateway_apart_from_its_supervisor_changes_nothing(own: Own) -> None:
    """It does not know where the supervisor has its settings from."""
    keys = {"api_keys": own.supervised.settings["http.api_keys"]}
    with Serving(own.supervised.environ, keys) as apart:
        answer = apart.ask("/settings/override", tree(cpu_target=62), headers=BEARER)
        assert (answer.status, answer.error["code"]) == (403, "not_changeable")
