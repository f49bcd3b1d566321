"""The lines that an operator of the seed greps for, and their JSON form."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from supervisor.logs import JsonFormatter, get_logger
from tests.unit.service.conftest import MakeLoop


@pytest.fixture
def records() -> Iterator[list[logging.LogRecord]]:
    """Everything that the supervisor logs, as it comes."""
    kept: list[logging.LogRecord] = []

    class Keeper(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            kept.append(record)

    logger, level = get_logger(), get_logger().level
    keeper = Keeper(logging.INFO)
    logger.addHandler(keeper)
    logger.setLevel(logging.INFO)
    yield kept
    logger.setLevel(level)
    logger.removeHandler(keeper)


def test_the_start_is_told_in_the_words_of_the_seed(
    make_loop: MakeLoop, records: list[logging.LogRecord]
) -> None:
    """Cores of the machine, the range of the pool, and that monitoring has begun."""
    make_loop()
    assert [record.getMessage() for record in records] == [
        "CPU Monitor initialized: 20 cores available",
        "Dynamic CPU Allocator initialized: cores=1-19, aggressive=False",
        "CPU utilization monitoring started",
        "Dynamic CPU allocation monitoring initialized",
    ]


def test_a_static_pool_does_not_claim_to_be_dynamic(
    make_loop: MakeLoop, records: list[logging.LogRecord]
) -> None:
    """Switched off, it names the size that it keeps."""
    make_loop(enabled=False, max_cores=6)
    lines = [record.getMessage() for record in records]
    assert "Dynamic CPU Allocator disabled: cores=6" in lines
    assert not any("Dynamic CPU allocation" in line for line in lines)


def test_a_change_is_told_as_a_line_and_as_fields(
    make_loop: MakeLoop, records: list[logging.LogRecord]
) -> None:
    """One core under full load: the line of the seed, and the same in JSON."""
    loop = make_loop(settings={"pool.threads_per_worker": 1})
    loop.demand = 1
    loop.run(10)
    (record,) = [r for r in records if r.getMessage().startswith("CPU allocation changed")]
    line = "CPU allocation changed: 1 → 2 cores (utilization: 100.0%, reason: "
    assert record.getMessage() == f"{line}high_utilization_100.0%)"
    fields = json.loads(JsonFormatter().format(record))
    assert {
        name: fields[name] for name in ("event", "before", "after", "utilization", "reason")
    } == {
        "event": "allocation_changed",
        "before": 1,
        "after": 2,
        "utilization": 100.0,
        "reason": "high_utilization_100.0%",
    }
