"""The file of what a forecaster has learned: whole, small, and refused where it is not its own."""

from __future__ import annotations

import json

import pytest

from supervisor.core.allocation.learned import MAX_BYTES, LearnedError, encode, restore
from tests.fixtures.days import Days, alarms, filled


def test_a_restart_in_the_middle_changes_nothing() -> None:
    """What is asked for afterwards is what would have been."""
    one, other = Days(), Days()
    one.watch(alarms, 2.3)
    other.watch(alarms, 2.3)
    forecaster = other.fresh()
    restore(forecaster, encode(other.forecaster))
    other.forecaster = forecaster
    for days in (one, other):
        days.watch(alarms, 0.3)
    assert other.floors == one.floors != []
    assert other.forecaster.standing == one.forecaster.standing == "trusted"


def test_it_is_never_larger_than_it_may_be() -> None:
    """With the longest numbers in every minute of the week."""
    forecaster = filled()
    data = encode(forecaster)
    assert 60_000 < len(data) <= MAX_BYTES
    restore(Days().forecaster, data)


def test_what_is_torn_anywhere_is_refused() -> None:
    """And leaves the forecaster as it was."""
    data = encode(filled())
    for cut in (0, 1, 10, len(data) // 2, len(data) - 1):
        forecaster = Days().forecaster
        with pytest.raises(LearnedError, match="torn or no forecast"):
            restore(forecaster, data[:cut])
        assert forecaster.minutes == 0


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("schema", 2),
        ("day", []),
        ("week", [1.0] * 10_081),
        ("day", [-1.0] * 1440),
        ("day", [1e300] * 1440),
        ("day", ["1"] * 1440),
        ("minutes", -1),
        ("minutes", 1 << 70),
        ("last_minute", "now"),
        ("load", 1e9),
        ("hours", [[1, 2.0]]),
        ("hours", [[1, 2.0, 3.0]] * 25),
        ("error", None),
    ],
)
def test_what_is_hostile_or_of_another_version_is_refused(key: str, value: object) -> None:
    """In one line."""
    document = json.loads(encode(Days().forecaster)) | {key: value}
    with pytest.raises(LearnedError) as refused:
        restore(Days().forecaster, json.dumps(document).encode())
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("data", [b"[" * 90_000, b"\xff" * 50, b"{}", b"null", b" " * 100_001])
def test_what_is_no_document_is_refused(data: bytes) -> None:
    """Nested without end, no text, nothing in it, or endless."""
    with pytest.raises(LearnedError):
        restore(Days().forecaster, data)
