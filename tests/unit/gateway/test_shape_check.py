"""The check of shapes that guards the diagnostics document can fail."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.fixtures.diagnostics import EXAMPLE, misfits


def test_the_example_has_its_own_shape() -> None:
    """Nothing is wrong with what is measured against itself, or has more fields."""
    document = copy.deepcopy(EXAMPLE)
    assert misfits(EXAMPLE, document) == []
    document["more"] = 1
    document["allocation_stats"]["more"] = {}
    assert misfits(EXAMPLE, document) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("status",), None),
        (("allocation_stats", "current_allocation", "allocated_cores"), "1"),
        (("allocation_stats", "current_allocation", "allocated_cores"), True),
        (("allocation_stats", "thresholds", "cpu_target"), None),
        (("allocation_stats", "utilization_history"), [1.0, "two"]),
        (("recommended_settings",), []),
        (("dynamic_allocation_enabled",), 1),
    ],
)
def test_another_type_is_found(path: tuple[str, ...], value: object) -> None:
    """At any depth, in lists, and for truth values that pass for numbers."""
    document: Any = copy.deepcopy(EXAMPLE)
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    (misfit,) = misfits(EXAMPLE, document)
    assert misfit.startswith(".".join(path))


def test_a_missing_field_is_found() -> None:
    """By its whole path."""
    document = copy.deepcopy(EXAMPLE)
    del document["allocation_stats"]["thresholds"]["hysteresis_factor"]
    assert misfits(EXAMPLE, document) == [
        "allocation_stats.thresholds.hysteresis_factor is missing"
    ]
